//! Logging in and out, and what ends a session at once.

use reqwest::{Method, StatusCode};
use rstest::rstest;

use super::kit::{Browser, user};
use crate::support::app::PASSWORD;
use crate::support::{Backend, TestApp};

#[rstest]
#[case::sqlite(Backend::SqliteDisk)]
#[case::postgres(Backend::PostgresS3)]
#[tokio::test]
async fn only_staff_come_in(#[case] backend: Backend) {
    let Some(app) = TestApp::on(backend).await else {
        return;
    };
    let mut guest = Browser::new(&app);
    let to = guest.get("/admin/photos?state=drafts").await.location();
    assert_eq!(to, "/admin/login?next=%2Fadmin%2Fphotos%3Fstate%3Ddrafts");
    user(&app, "ann", false, false).await;
    let refused = guest.log_in("ann", PASSWORD).await.expect(StatusCode::FORBIDDEN);
    assert!(
        refused.text().contains("ann is not a member of staff"),
        "{}",
        refused.text()
    );
    assert!(!guest.cookies.contains_key("admin-session"));
    let wrong = guest
        .log_in("admin", "wrong password")
        .await
        .expect(StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text().contains("role=\"alert\""));
    // A browser may come back to it without sending it again.
    assert_eq!(wrong.header("cache-control"), "private, no-cache");
    guest.get("/admin").await.location();

    let mut admin = Browser::of(&app, "admin").await;
    assert!(admin.page("/admin").await.contains("Overview"));
    // The login is a session like all others, and stands in the history.
    let history = admin.page("/admin/history?action=login").await;
    assert!(history.contains("logged in to the admin"), "{history}");
}

#[tokio::test]
async fn the_cookie_is_for_the_admin_alone() {
    let app = TestApp::start().await;
    let mut browser = Browser::new(&app);
    let answer = browser.log_in("admin", PASSWORD).await;
    let cookie = answer
        .cookies()
        .into_iter()
        .find(|cookie| cookie.starts_with("admin-session="))
        .unwrap();
    assert!(
        cookie.ends_with("; HttpOnly; SameSite=Lax; Path=/admin"),
        "{cookie}"
    );
    // What is in it opens no session of the API, and a token of the API none here.
    let body = serde_json::json!({"refresh_token": browser.cookies["admin-session"]});
    app.post(None, "/auth/refresh", &body)
        .await
        .expect_problem("invalid-token");
    let login = app.admin().await;
    for token in [login.refresh, login.access] {
        let mut other = Browser::new(&app);
        other.cookies.insert("admin-session".into(), token);
        other.get("/admin").await.location();
    }
    let secure = TestApp::build(Backend::SqliteDisk)
        .set("PS_PUBLIC_URL", "https://photos.example")
        .start()
        .await
        .unwrap();
    let mut browser = Browser::new(&secure);
    let answer = browser.log_in("admin", PASSWORD).await;
    let cookie = answer.cookies().join("\n");
    assert!(cookie.contains("__Secure-admin-session="), "{cookie}");
    assert!(cookie.contains("; Secure; Path=/admin"), "{cookie}");
}

#[rstest]
#[case::sqlite(Backend::SqliteDisk)]
#[case::postgres(Backend::PostgresS3)]
#[tokio::test]
async fn a_session_ends_at_once_on_every_replica(#[case] backend: Backend) {
    let Some(app) = TestApp::on(backend).await else {
        return;
    };
    let replica = app.replica().await;
    let bea = user(&app, "bea", true, false).await;
    let mut admin = Browser::of(&app, "admin").await;
    let path = format!("/admin/users/{bea}");

    // Logged out here is logged out there.
    let mut one = Browser::of(&app, "bea").await;
    let mut other = one.at(&replica);
    other.page("/admin/photos").await;
    one.send("/admin/logout", &[]).await.location();
    other.get("/admin/photos").await.location();

    // Ended by somebody else.
    let mut browser = Browser::of(&replica, "bea").await;
    admin.page(&path).await;
    let page = admin.send_on(&format!("{path}/sessions"), &[]).await;
    assert!(page.contains("1 session ended."), "{page}");
    let to = browser.get("/admin").await.location();
    assert!(browser.page(&to).await.contains("Your session has ended."));

    // Demoted: the session is over, and does not come back with the flag.
    let mut browser = Browser::of(&replica, "bea").await;
    admin.page(&path).await;
    admin
        .send_on(
            &format!("{path}/flags"),
            &[("active", "yes"), ("was_active", "yes"), ("was_staff", "yes")],
        )
        .await;
    let kept = browser.clone();
    let to = browser.get("/admin/photos").await.location();
    assert!(browser.page(&to).await.contains("bea is not staff any more"));
    admin
        .send_on(
            &format!("{path}/flags"),
            &[("active", "yes"), ("was_active", "yes"), ("staff", "yes")],
        )
        .await;
    kept.clone().get("/admin/photos").await.location();

    // Deactivated.
    let mut browser = Browser::of(&replica, "bea").await;
    admin
        .send_on(
            &format!("{path}/flags"),
            &[("was_active", "yes"), ("staff", "yes"), ("was_staff", "yes")],
        )
        .await;
    browser.get("/admin/photos").await.location();
    let refused = browser.log_in("bea", PASSWORD).await;
    refused.expect(StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn failed_logins_are_throttled_with_those_of_the_api() {
    let app = TestApp::start().await;
    let mut browser = Browser::new(&app);
    for _ in 0..10 {
        browser
            .log_in("admin", "wrong password")
            .await
            .expect(StatusCode::UNPROCESSABLE_ENTITY);
    }
    let refused = browser
        .log_in("admin", PASSWORD)
        .await
        .expect(StatusCode::TOO_MANY_REQUESTS);
    assert!(
        refused.text().contains("Too many failed logins: try again in"),
        "{}",
        refused.text()
    );
    let body = serde_json::json!({"username": "admin", "password": PASSWORD});
    app.post(None, "/auth/token", &body)
        .await
        .expect_problem("rate-limited");
}

#[tokio::test]
async fn no_form_is_read_that_is_not_of_this_browser_and_login() {
    let app = TestApp::start().await;
    let mut admin = Browser::of(&app, "admin").await;
    let token = admin.csrf.clone();
    let forms = [
        "/admin/logout",
        "/admin/theme",
        "/admin/password",
        "/admin/system/check",
        "/admin/photos/bulk",
        "/admin/users/new",
        "/admin/photos/0199a3c4-5b6d-7e8f-9012-3456789abcde",
        "/admin/users/0199a3c4-5b6d-7e8f-9012-3456789abcde/flags",
        "/admin/users/0199a3c4-5b6d-7e8f-9012-3456789abcde/password",
        "/admin/users/0199a3c4-5b6d-7e8f-9012-3456789abcde/sessions",
    ];
    let mut stranger = Browser::of(&app, "admin").await;
    for path in forms {
        for wrong in ["", "AAAA", &stranger.csrf.clone()] {
            admin.csrf = wrong.to_owned();
            let refused = admin.send(path, &[]).await.expect(StatusCode::FORBIDDEN);
            assert!(
                refused.text().contains("That form has expired"),
                "{path}: {}",
                refused.text()
            );
        }
        let bare = admin.request(Method::POST, path);
        admin.answer(bare).await.expect(StatusCode::FORBIDDEN);
        // Another site's page, whatever it knows.
        admin.csrf.clone_from(&token);
        for (header, value) in [
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://evil.example"),
        ] {
            let request = admin
                .request(Method::POST, path)
                .header(header, value)
                .form(&[("csrf", &token)]);
            admin.answer(request).await.expect(StatusCode::FORBIDDEN);
        }
    }
    // A login has a token of its own, before and after.
    let mut guest = Browser::new(&app);
    guest.page("/admin/login").await;
    let before = guest.csrf.clone();
    guest.csrf = stranger.csrf.clone();
    guest
        .send("/admin/login", &[("username", "admin"), ("password", PASSWORD)])
        .await
        .expect(StatusCode::FORBIDDEN);
    stranger.csrf = before;
    stranger
        .send("/admin/logout", &[])
        .await
        .expect(StatusCode::FORBIDDEN);
    // And who is logged out is told to log in, not of forged forms.
    let to = guest.send("/admin/photos/bulk", &[]).await.location();
    assert_eq!(to, "/admin/login");
}

#[tokio::test]
async fn redirects_stay_in_the_admin() {
    let app = TestApp::start().await;
    for (next, to) in [
        ("/admin/users?q=a", "/admin/users?q=a"),
        ("//evil.example/admin", "/admin"),
        ("https://evil.example/", "/admin"),
        ("/docs", "/admin"),
        ("/admin/../docs", "/admin"),
        ("/admin\\..\\..//evil.example", "/admin"),
        ("", "/admin"),
    ] {
        let mut browser = Browser::new(&app);
        browser.page("/admin/login").await;
        let fields = [("username", "admin"), ("password", PASSWORD), ("next", next)];
        assert_eq!(
            browser.send("/admin/login", &fields).await.location(),
            to,
            "{next}"
        );
        let theme = [("theme", "dark"), ("back", next)];
        browser.page("/admin").await;
        assert_eq!(
            browser.send("/admin/theme", &theme).await.location(),
            to,
            "{next}"
        );
        assert!(browser.page("/admin").await.contains("data-theme=\"dark\""));
    }
}

#[tokio::test]
async fn ones_own_password_needs_the_current_one() {
    let app = TestApp::start().await;
    let mut admin = Browser::of(&app, "admin").await;
    let mut other = Browser::of(&app, "admin").await;
    let change = |current: &'static str, new: &'static str, again: &'static str| {
        [
            ("current_password", current),
            ("new_password", new),
            ("again", again),
        ]
    };
    admin.page("/admin/password").await;
    for (fields, says) in [
        (
            change("wrong password", "battery staple", "battery staple"),
            "Is not the current password.",
        ),
        (change(PASSWORD, "short", "short"), "Must have 10–128 characters."),
        (
            change(PASSWORD, "battery staple", "battery stable"),
            "Is not the same as the password above.",
        ),
    ] {
        let refused = admin
            .send("/admin/password", &fields)
            .await
            .expect(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.text().contains(says), "{}", refused.text());
    }
    let fields = change(PASSWORD, "battery staple", "battery staple");
    let page = admin.send_on("/admin/password", &fields).await;
    assert!(page.contains("Your password is changed"), "{page}");
    other.get("/admin").await.location();
    Browser::new(&app)
        .log_in("admin", "battery staple")
        .await
        .location();
}
