//! Users: the list, new ones, flags, passwords, and who may change whom.

use photos::db::users::UserFlags;
use reqwest::StatusCode;
use rstest::rstest;

use super::kit::{Browser, between, find, link, now, operator, row, user};
use crate::support::app::PASSWORD;
use crate::support::{Backend, TestApp};

async fn names(browser: &mut Browser<'_>, query: &str) -> Vec<String> {
    let page = browser.page(&format!("/admin/users?{query}")).await;
    let rows = page.split("<td class=\"name\">").skip(1);
    rows.map(|rest| between(rest, "\">", "</a>").unwrap()).collect()
}

/// The flags form with what its sender saw and what is to be.
fn flags(was: [bool; 3], is: [bool; 3]) -> Vec<(&'static str, &'static str)> {
    let mut fields = Vec::new();
    for (on, name) in was.into_iter().zip(["was_active", "was_staff", "was_superuser"]) {
        fields.extend(on.then_some((name, "yes")));
    }
    for (on, name) in is.into_iter().zip(["active", "staff", "superuser"]) {
        fields.extend(on.then_some((name, "yes")));
    }
    fields
}

#[rstest]
#[case::sqlite(Backend::SqliteDisk)]
#[case::postgres(Backend::PostgresS3)]
#[tokio::test]
async fn users_are_found(#[case] backend: Backend) {
    let Some(app) = TestApp::on(backend).await else {
        return;
    };
    for name in ["ann", "anna", "bob", "zoe"] {
        user(&app, name, name == "anna", false).await;
    }
    let bob = app.app().db.user_by_username("bob").await.unwrap().unwrap();
    let off = UserFlags {
        active: Some(false),
        ..UserFlags::default()
    };
    app.app()
        .db
        .set_user_flags(&operator(), bob.id, off, now())
        .await
        .unwrap();
    let mut admin = Browser::of(&app, "admin").await;
    for (query, expected) in [
        ("", &["admin", "ann", "anna", "bob", "zoe"][..]),
        ("sort=-username", &["zoe", "bob", "anna", "ann", "admin"]),
        ("sort=joined", &["admin", "ann", "anna", "bob", "zoe"]),
        ("sort=-joined", &["zoe", "bob", "anna", "ann", "admin"]),
        ("q=NN", &["ann", "anna"]),
        ("staff=yes", &["admin", "anna"]),
        ("staff=superusers", &["admin"]),
        ("staff=yes&sort=-joined", &["anna", "admin"]),
        ("staff=no&active=yes", &["ann", "zoe"]),
        ("active=no", &["bob"]),
        ("q=%22%3E%3Cscript%3E", &[]),
    ] {
        assert_eq!(names(&mut admin, query).await, expected, "{query}");
    }
    let suggested = admin
        .get("/admin/suggest/users?q=an")
        .await
        .expect(StatusCode::OK);
    assert_eq!(suggested.0.json(), serde_json::json!(["ann", "anna"]));
    let none = admin
        .get("/admin/suggest/users?q=%25")
        .await
        .expect(StatusCode::OK);
    assert_eq!(none.0.json(), serde_json::json!([]));
}

#[tokio::test]
async fn users_have_pages_in_either_order() {
    let app = TestApp::start().await;
    app.app().db.seed_synthetic(0, "nobody".into()).await.unwrap();
    let mut admin = Browser::of(&app, "admin").await;
    for sort in [
        "",
        "sort=-username",
        "sort=joined",
        "sort=-joined",
        "q=user&sort=joined",
        "active=yes&sort=-joined",
    ] {
        let (mut path, mut seen) = (format!("/admin/users?{sort}"), Vec::new());
        loop {
            let page = admin.page(&path).await;
            let rows = page.split("<td class=\"name\">").skip(1);
            seen.extend(rows.map(|rest| between(rest, "\">", "</a>").unwrap()));
            match link(&page, "next") {
                Some(next) => path = next,
                None => break,
            }
        }
        let count = seen.len();
        assert!(count >= 1000, "{sort}: {count}");
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), count, "{sort}");
        let last = admin.page(&path).await;
        let back = admin.page(&link(&last, "prev").unwrap()).await;
        assert_eq!(back.matches("<td class=\"name\">").count(), 100, "{sort}");
    }
}

#[rstest]
#[case::sqlite(Backend::SqliteDisk)]
#[case::postgres(Backend::PostgresS3)]
#[tokio::test]
async fn accounts_are_made_and_their_passwords_set(#[case] backend: Backend) {
    let Some(app) = TestApp::on(backend).await else {
        return;
    };
    let mut admin = Browser::of(&app, "admin").await;
    admin.page("/admin/users/new").await;
    let form = |username: &'static str, password: &'static str, again: &'static str| {
        vec![
            ("username", username),
            ("new_password", password),
            ("again", again),
        ]
    };
    for (fields, says) in [
        (
            form("A", PASSWORD, PASSWORD),
            "id=\"username-fault\">Must be 3–32",
        ),
        (
            form("admin", PASSWORD, PASSWORD),
            "id=\"username-fault\">Is taken.",
        ),
        (form("ann", "short", "short"), "id=\"new-fault\">Must have 10–128"),
        (
            form("ann", PASSWORD, "other horses"),
            "id=\"again-fault\">Is not the same",
        ),
    ] {
        let refused = admin
            .send("/admin/users/new", &fields)
            .await
            .expect(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.text().contains(says), "{}", refused.text());
    }
    let mut fields = form("ann", PASSWORD, PASSWORD);
    fields.push(("staff", "yes"));
    let to = admin.send("/admin/users/new", &fields).await.location();
    let page = admin.page(&to).await;
    assert!(
        page.contains("The account of ann is made.") && page.contains("account made"),
        "{page}"
    );
    let mut ann = Browser::of(&app, "ann").await;

    let fields = [("new_password", "battery staple"), ("again", "battery staple")];
    let page = admin.send_on(&format!("{to}/password"), &fields).await;
    assert!(page.contains("ann has a new password"), "{page}");
    ann.get("/admin").await.location();
    ann.log_in("ann", PASSWORD)
        .await
        .expect(StatusCode::UNPROCESSABLE_ENTITY);
    ann.log_in("ann", "battery staple").await.location();
}

#[rstest]
#[case::sqlite(Backend::SqliteDisk)]
#[case::postgres(Backend::PostgresS3)]
#[tokio::test]
async fn superusers_are_for_superusers(#[case] backend: Backend) {
    let Some(app) = TestApp::on(backend).await else {
        return;
    };
    user(&app, "bea", true, false).await;
    let ann = user(&app, "ann", false, false).await;
    let root = app.app().db.user_by_username("admin").await.unwrap().unwrap().id;
    let mut bea = Browser::of(&app, "bea").await;
    let page = bea.page(&format!("/admin/users/{root}")).await;
    assert!(
        page.contains("Only a superuser may change this account."),
        "{page}"
    );
    let page = bea.page(&format!("/admin/users/{ann}")).await;
    assert!(!page.contains("name=\"superuser\""), "the box is not offered");
    let passwords = [("new_password", "battery staple"), ("again", "battery staple")];
    let (on, off) = ([true, true, true], [false, false, false]);
    let refused = [
        // Whatever the forms of her browser say.
        (
            format!("/admin/users/{ann}/flags"),
            flags([true, false, false], [true, false, true]),
        ),
        (
            format!("/admin/users/{root}/flags"),
            flags(on, [true, false, true]),
        ),
        (
            format!("/admin/users/{root}/flags"),
            flags(on, [false, true, true]),
        ),
        (format!("/admin/users/{root}/flags"), flags(on, off)),
        (format!("/admin/users/{root}/password"), passwords.to_vec()),
        (format!("/admin/users/{root}/sessions"), Vec::new()),
        (
            "/admin/users/new".to_owned(),
            vec![
                ("username", "eve"),
                ("new_password", PASSWORD),
                ("again", PASSWORD),
                ("superuser", "yes"),
            ],
        ),
    ];
    for (path, fields) in refused {
        let answer = bea.send(&path, &fields).await.expect(StatusCode::FORBIDDEN);
        assert!(
            answer.text().contains("Superusers are for superusers"),
            "{path}: {}",
            answer.text()
        );
    }
    let admin = find(&app, root).await;
    assert!(admin.active && admin.is_staff && admin.is_superuser);
    assert!(!find(&app, ann).await.is_superuser);
    Browser::of(&app, "admin").await;
    // What staff may: other accounts, their staff flag too.
    bea.page(&format!("/admin/users/{ann}")).await;
    bea.send_on(
        &format!("/admin/users/{ann}/flags"),
        &flags([true, false, false], [true, true, false]),
    )
    .await;
    assert!(find(&app, ann).await.is_staff);
}

#[rstest]
#[case::sqlite(Backend::SqliteDisk)]
#[case::postgres(Backend::PostgresS3)]
#[tokio::test]
async fn the_last_superuser_stays(#[case] backend: Backend) {
    let Some(app) = TestApp::on(backend).await else {
        return;
    };
    let root = app.app().db.user_by_username("admin").await.unwrap().unwrap().id;
    let mut admin = Browser::of(&app, "admin").await;
    let path = format!("/admin/users/{root}/flags");
    for is in [[true, true, false], [false, true, true]] {
        let refused = admin
            .send(&path, &flags([true; 3], is))
            .await
            .expect(StatusCode::CONFLICT);
        let page = refused.text();
        assert!(
            page.contains("This is the last active superuser; make another one first.")
                && page.contains("Save flags"),
            "{page}"
        );
    }
    assert!(find(&app, root).await.is_superuser);
    let other = user(&app, "bea", true, false).await;
    admin.page(&format!("/admin/users/{other}")).await;
    admin
        .send_on(
            &format!("/admin/users/{other}/flags"),
            &flags([true, true, false], [true, true, true]),
        )
        .await;
    assert!(find(&app, other).await.is_superuser);
    // With another one there, oneself can be deactivated; the session ends with that.
    admin
        .send(&path, &flags([true; 3], [false, true, true]))
        .await
        .location();
    admin.get("/admin").await.location();
}

#[tokio::test]
async fn flags_that_were_not_touched_stay_as_they_are_by_now() {
    let app = TestApp::start().await;
    let ann = user(&app, "ann", false, false).await;
    let mut admin = Browser::of(&app, "admin").await;
    admin.page(&format!("/admin/users/{ann}")).await;
    let staff = UserFlags {
        is_staff: Some(true),
        ..UserFlags::default()
    };
    app.app()
        .db
        .set_user_flags(&operator(), ann, staff, now())
        .await
        .unwrap();
    // The form still has ann as no staff, and only deactivates.
    admin
        .send_on(
            &format!("/admin/users/{ann}/flags"),
            &flags([true, false, false], [false, false, false]),
        )
        .await;
    let now = find(&app, ann).await;
    assert!(now.is_staff && !now.active);
}

#[tokio::test]
async fn a_user_has_photos_sessions_and_a_history() {
    let app = TestApp::start().await;
    app.user("ann").await;
    app.login("ann").await;
    let ann = app.app().db.user_by_username("ann").await.unwrap().unwrap().id;
    row(&app, ann, "Pier", "", false, now()).await;
    let mut admin = Browser::of(&app, "admin").await;
    let path = format!("/admin/users/{ann}");
    let page = admin.page(&path).await;
    assert!(
        page.contains("href=\"/admin/photos?owner=ann\"")
            && page.contains("href=\"/admin/history?actor=ann\"")
    );
    let session = between(&page, "name=\"session\" value=\"", "\"").unwrap();
    let page = admin
        .send_on(&format!("{path}/sessions"), &[("session", &session)])
        .await;
    assert!(
        page.contains("1 session ended.") && page.contains("sessions ended"),
        "{page}"
    );
    let page = admin
        .send_on(&format!("{path}/sessions"), &[("session", &session)])
        .await;
    assert!(page.contains("No session was ended"), "{page}");
    let page = admin.send_on(&format!("{path}/sessions"), &[]).await;
    assert!(
        page.contains("1 session ended.") && page.contains("None goes on."),
        "{page}"
    );
    // One's own other sessions end, and not the one that one is in.
    let mut other = Browser::of(&app, "admin").await;
    let root = app.app().db.user_by_username("admin").await.unwrap().unwrap().id;
    admin.page(&format!("/admin/users/{root}")).await;
    admin.send_on(&format!("/admin/users/{root}/sessions"), &[]).await;
    other.get("/admin").await.location();
    admin.page("/admin").await;
}

#[tokio::test]
async fn pages_lead_to_the_gallery_where_it_is_known() {
    let app = TestApp::build(Backend::SqliteDisk)
        .set("PS_GALLERY_URL", "https://hmlet.example/")
        .start()
        .await
        .unwrap();
    let ann = user(&app, "ann", false, false).await;
    let open = row(&app, ann, "Open", "", false, now()).await;
    let draft = row(&app, ann, "Draft", "", true, now()).await;
    let mut admin = Browser::of(&app, "admin").await;
    let home = admin.page("/admin").await;
    assert!(home.contains("href=\"https://hmlet.example/\""), "{home}");
    let page = admin.page(&format!("/admin/photos/{}", open.id)).await;
    let there = format!("href=\"https://hmlet.example/photos/{}\"", open.id);
    assert!(page.contains(&there), "{page}");
    let page = admin.page(&format!("/admin/photos/{}", draft.id)).await;
    assert!(
        !page.contains("hmlet.example/photos/"),
        "nobody sees a draft there: {page}"
    );
    let page = admin.page(&format!("/admin/users/{ann}")).await;
    assert!(page.contains("href=\"https://hmlet.example/@ann\""), "{page}");
}
