//! Signing up, logging in and out, settings.

use crate::support::{PASSWORD, World};

#[tokio::test]
async fn signs_up_logs_out_and_in_again() {
    let world = World::start().await;
    let mut ann = world.visitor();
    ann.get("/register").await.expect(200);
    let answer = ann
        .send("/register", &[("username", "ann"), ("password", PASSWORD)])
        .await;
    assert_eq!(answer.location(), "/upload");
    assert!(ann.page("/upload").await.contains("Welcome, @ann."));

    let before = ann.clone();
    assert_eq!(ann.send("/logout", &[]).await.location(), "/");
    assert!(ann.page("/").await.contains("Log in"));
    // The cookie of before is good for nothing.
    let mut thief = before;
    assert_eq!(thief.get("/drafts").await.location(), "/login?next=%2Fdrafts");

    ann.get("/login?next=/drafts").await.expect(200);
    let fields = [("username", " Ann "), ("password", PASSWORD), ("next", "/drafts")];
    assert_eq!(ann.send("/login", &fields).await.location(), "/drafts");
    assert!(ann.page("/drafts").await.contains("No drafts"));
}

#[tokio::test]
async fn says_what_is_wrong_beside_the_field() {
    let world = World::start().await;
    world.member("ann").await;
    let mut bob = world.visitor();
    bob.get("/register").await;
    let answer = bob
        .send("/register", &[("username", "ann"), ("password", PASSWORD)])
        .await;
    let page = answer.expect(422).text();
    assert!(page.contains("Somebody has this name already"));
    assert!(page.contains("aria-describedby=\"username-hint username-fault\""));
    let answer = bob
        .send("/register", &[("username", "bob"), ("password", "short")])
        .await;
    assert!(answer.expect(422).text().contains("id=\"password-fault\""));

    bob.get("/login").await;
    let answer = bob
        .send("/login", &[("username", "ann"), ("password", "wrong password")])
        .await;
    let page = answer.expect(422).text();
    assert!(page.contains("role=\"alert\""));
    assert!(page.contains("value=\"ann\""), "the name is kept");
    assert!(!page.contains("wrong password"), "the password is not");
}

#[tokio::test]
async fn closed_registration_says_so() {
    let world = World::with(&[("PS_REGISTRATION", "closed")], &[]).await;
    let mut bob = world.visitor();
    bob.get("/register").await;
    let answer = bob
        .send("/register", &[("username", "bob"), ("password", PASSWORD)])
        .await;
    assert!(answer.expect(422).text().contains("registration is closed"));
}

#[tokio::test]
async fn cookies_are_for_this_site_alone() {
    let world = World::start().await;
    let mut ann = world.visitor();
    ann.get("/register").await;
    let answer = ann
        .send(
            "/register",
            &[("username", "ann.of.the.sea"), ("password", PASSWORD)],
        )
        .await;
    assert!(
        answer
            .cookies()
            .iter()
            .any(|cookie| cookie.starts_with("session="))
    );
    for cookie in answer.cookies() {
        for flag in ["HttpOnly", "SameSite=Lax", "Path=/"] {
            assert!(cookie.contains(flag), "{cookie}");
        }
        assert!(!cookie.contains("Secure"), "over http: {cookie}");
    }
    let session = &ann.cookies["session"];
    // Neither a name nor the beginning of a token, in words that do not come by chance.
    for told in ["ann.of", "eyJ0eXAi", "eyJhbGci"] {
        assert!(!session.contains(told), "{session}");
    }

    let world = World::with(&[], &[("FE_PUBLIC_URL", "https://hmlet.example")]).await;
    let answer = world.visitor().get("/login").await;
    assert!(!answer.cookies().is_empty());
    for cookie in answer.cookies() {
        assert!(
            cookie.starts_with("__Host-") && cookie.contains("Secure"),
            "{cookie}"
        );
    }
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    let world = World::start().await;
    let mut desk = world.member("ann").await;
    let mut phone = world.visitor();
    phone.get("/login").await;
    phone
        .send("/login", &[("username", "ann"), ("password", PASSWORD)])
        .await
        .expect(303);
    let page = desk.page("/settings").await;
    assert_eq!(page.matches("This browser").count(), 1);
    assert_eq!(page.matches("aria-label=\"End the session").count(), 1);

    let wrong = [
        ("current_password", "not this one"),
        ("new_password", "another password"),
    ];
    let page = desk.send("/settings/password", &wrong).await.expect(422).text();
    assert!(page.contains("id=\"current-fault\""), "{page}");
    phone.get("/settings").await.expect(200);

    let right = [
        ("current_password", PASSWORD),
        ("new_password", "another password"),
    ];
    assert_eq!(
        desk.send("/settings/password", &right).await.location(),
        "/settings"
    );
    assert!(desk.page("/settings").await.contains("Your password is changed."));
    assert_eq!(phone.get("/settings").await.location(), "/login?next=%2Fsettings");
    assert!(phone.page("/login").await.contains("Your session has ended"));
}

#[tokio::test]
async fn a_session_can_be_ended_from_another() {
    let world = World::start().await;
    let mut desk = world.member("ann").await;
    let mut phone = world.visitor();
    phone.get("/login").await;
    phone
        .send("/login", &[("username", "ann"), ("password", PASSWORD)])
        .await;
    let page = desk.page("/settings").await;
    let path = crate::support::visitor::between(&page, "<form action=\"/settings/sessions/", "\"").unwrap();
    assert_eq!(
        desk.send(&format!("/settings/sessions/{path}"), &[])
            .await
            .location(),
        "/settings"
    );
    assert_eq!(phone.get("/drafts").await.location(), "/login?next=%2Fdrafts");
    desk.get("/drafts").await.expect(200);
}

#[tokio::test]
async fn logging_out_everywhere_ends_all() {
    let world = World::start().await;
    let mut desk = world.member("ann").await;
    let mut phone = world.visitor();
    phone.get("/login").await;
    phone
        .send("/login", &[("username", "ann"), ("password", PASSWORD)])
        .await;
    desk.page("/settings").await;
    assert_eq!(desk.send("/settings/sessions/end", &[]).await.location(), "/");
    for visitor in [&mut desk, &mut phone] {
        assert_eq!(visitor.get("/drafts").await.location(), "/login?next=%2Fdrafts");
    }
}
