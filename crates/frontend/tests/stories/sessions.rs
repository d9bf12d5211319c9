//! Sessions: several requests at once, several replicas.

use futures_util::future::join_all;

use crate::support::pictures::jpeg;
use crate::support::proxy::Proxy;
use crate::support::visitor::ids;
use crate::support::{PASSWORD, World};

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

#[tokio::test]
async fn a_session_that_ended_elsewhere_leaves_a_guest() {
    for photos in [&[][..], SHORT] {
        let world = World::with(photos, &[]).await;
        let mut desk = world.member("ann").await;
        desk.page("/upload").await;
        let files = || vec![("a.jpg", jpeg(64, 48, 1))];
        desk.upload("at #dawn", "published", files()).await.expect(200);
        let photo = format!("/photos/{}", ids(&desk.page("/@ann").await)[0]);
        desk.upload("", "draft", files()).await.expect(200);
        let draft = format!("/photos/{}", ids(&desk.page("/drafts").await)[0]);
        let mut phone = world.visitor();
        phone.get("/login").await;
        let fields = [("username", "ann"), ("password", PASSWORD)];
        phone.send("/login", &fields).await.expect(303);
        desk.page("/settings").await;
        desk.send("/settings/sessions/end", &[]).await.expect(303);

        let edit = format!("{photo}/edit");
        for (path, status) in [
            ("/", 200),
            (&photo, 200),
            ("/tags/dawn", 200),
            ("/search?q=dawn&x", 200),
            ("/search", 200),
            ("/@ann", 200),
            (&draft, 404),
        ] {
            let mut phone = phone.clone();
            let page = phone.get(path).await.expect(status).text();
            let login = match path {
                "/" => "/login".to_owned(),
                path => format!("/login?next={}", crate::support::encoded(path)),
            };
            assert!(page.contains(&format!("href=\"{login}\"")), "{login}: {page}");
            assert_eq!(
                page.matches("Your session has ended.").count(),
                1,
                "{path}: {page}"
            );
            assert!(page.contains("href=\"/register\""), "{path}");
            assert!(!page.contains("name=\"id\""), "{path}: nothing can be changed");
            assert!(!phone.cookies.contains_key("session"), "{path}");
            let page = phone.get(path).await.expect(status).text();
            assert!(!page.contains("has ended"), "{path}: it is said once");
        }
        for path in ["/drafts", "/upload", "/settings", &edit] {
            let mut phone = phone.clone();
            let login = match path {
                "/" => "/login".to_owned(),
                path => format!("/login?next={}", crate::support::encoded(path)),
            };
            assert_eq!(phone.get(path).await.location(), login);
            assert!(phone.page(&login).await.contains("Your session has ended"));
        }
        // The forms of the page are a guest's.
        phone.page("/").await;
        phone.send("/theme", &[("theme", "dark")]).await.expect(303);
    }
}

#[tokio::test]
async fn a_logout_claims_no_more_than_it_does() {
    let world = World::start().await;
    let ann = world.member("ann").await;
    let proxy = Proxy::start(&world.photos_url);
    let (replica, url) = world.replica_through(&proxy.url);
    let mut ann = ann.at(&url);
    ann.page("/drafts").await;
    let mut copy = ann.clone();
    proxy.allow(0);
    assert_eq!(ann.send("/logout", &[]).await.location(), "/");
    assert!(
        !ann.cookies.contains_key("session"),
        "whoever comes next is nobody"
    );
    let page = ann.get("/").await.expect(503).text();
    assert!(page.contains("in this browser, and nowhere else"), "{page}");
    proxy.allow(usize::MAX);
    copy.get("/settings").await.expect(200);
    ann.get("/login").await;
    let fields = [("username", "ann"), ("password", PASSWORD)];
    ann.send("/login", &fields).await.expect(303);
    ann.page("/settings").await;
    ann.send("/logout", &[]).await.expect(303);
    assert!(ann.page("/").await.contains("You are logged out.<"));
    replica.stop().await;
}
