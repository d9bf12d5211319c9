//! Sessions: several requests at once, several replicas.

use futures_util::future::join_all;

use crate::support::World;

/// Every access token is about to expire, so that every request renews.
const SHORT: &[(&str, &str)] = &[("PS_ACCESS_TTL", "2s")];

#[tokio::test]
async fn requests_at_once_renew_once() {
    let world = World::with(SHORT, &[]).await;
    let mut ann = world.member("ann").await;
    for _ in 0..3 {
        // As a browser that opens ten tabs: all have the same cookie.
        let tabs = (0..10).map(|_| {
            let mut tab = ann.clone();
            async move {
                tab.get("/drafts").await.expect(200);
                tab
            }
        });
        let tabs = join_all(tabs).await;
        // Whichever answer comes last, its cookie is good.
        ann = tabs.into_iter().next_back().unwrap();
    }
    ann.get("/settings").await.expect(200);
}

#[tokio::test]
async fn a_late_request_with_the_cookie_of_before_is_served() {
    let world = World::with(SHORT, &[]).await;
    let mut ann = world.member("ann").await;
    let mut late = ann.clone();
    for _ in 0..3 {
        ann.get("/drafts").await.expect(200);
    }
    late.get("/drafts").await.expect(200);
    ann.get("/drafts").await.expect(200);
}

#[tokio::test]
async fn another_replica_knows_the_session() {
    let world = World::start().await;
    let ann = world.member("ann").await;
    let (replica, url) = world.replica();
    let mut there = ann.at(&url);
    there.get("/drafts").await.expect(200);
    // And its forms: nothing of them is kept in a process.
    let mut here = there.at(&world.url);
    assert_eq!(here.send("/logout", &[]).await.location(), "/");
    // Also where the page itself needs nothing of the service.
    for (page, login) in [
        ("/upload", "/login?next=%2Fupload"),
        ("/drafts", "/login?next=%2Fdrafts"),
    ] {
        let mut late = there.clone();
        assert_eq!(late.get(page).await.location(), login);
        assert!(!late.cookies.contains_key("session"));
    }
    replica.stop().await;
}

#[tokio::test]
async fn a_cookie_that_is_not_ours_is_forgotten() {
    let world = World::start().await;
    let mut ann = world.member("ann").await;
    let session = ann.cookies["session"].clone();
    for wrong in ["", "x", &session[..session.len() - 4], &format!("{session}A")] {
        ann.cookies.insert("session".to_owned(), wrong.to_owned());
        assert_eq!(
            ann.get("/drafts").await.location(),
            "/login?next=%2Fdrafts",
            "{wrong}"
        );
        assert!(!ann.cookies.contains_key("session"), "{wrong}");
    }
}
