//! The system page, and the check of the store.

use std::time::{Duration, Instant};

use photos::db::checks::SILENCE;
use photos::domain::time::before;
use rstest::rstest;

use super::kit::{Browser, now, operator, upload};
use crate::support::{Backend, TestApp};

/// Waits until the newest check has ended, on any replica, and gives the page.
async fn report(browser: &mut Browser<'_>) -> String {
    let begun = Instant::now();
    loop {
        let page = browser.page("/admin/system").await;
        if !page.contains("it goes on") {
            return page;
        }
        assert!(begun.elapsed() < Duration::from_secs(120), "{page}");
        tokio::task::yield_now().await;
    }
}

#[rstest]
#[case::sqlite(Backend::SqliteDisk, "SQLite 3.")]
#[case::postgres(Backend::PostgresS3, "PostgreSQL 1")]
#[tokio::test]
async fn health_versions_and_the_sweeper_are_shown(#[case] backend: Backend, #[case] version: &str) {
    let Some(app) = TestApp::on(backend).await else {
        return;
    };
    let ann = app.user("ann").await;
    let photo = upload(&app, &ann, "Pier", "", false).await;
    app.bare(
        reqwest::Method::DELETE,
        Some(&ann),
        &format!("/photos/{}", photo.id),
    )
    .await;
    let mut admin = Browser::of(&app, "admin").await;
    let page = admin.page("/admin/system").await;
    for says in [
        version,
        "photos 0.",
        "Up to date",
        "thumb, small, large",
        "Not used",
        "Pending objects",
        "Photos in the trash",
    ] {
        assert!(page.contains(says), "{says}: {page}");
    }
    assert!(!page.contains(app.env.jwt_secret.expose()));
    let trash = page
        .split("Photos in the trash</td><td class=\"number\">")
        .nth(1)
        .unwrap();
    assert!(trash.starts_with("1<"), "{page}");
}

#[rstest]
#[case::sqlite(Backend::SqliteDisk)]
#[case::postgres(Backend::PostgresS3)]
#[tokio::test]
async fn a_check_tells_every_replica_what_it_found(#[case] backend: Backend) {
    let Some(app) = TestApp::on(backend).await else {
        return;
    };
    let replica = app.replica().await;
    let ann = app.user("ann").await;
    upload(&app, &ann, "Pier", "", false).await;
    let mut admin = Browser::of(&app, "admin").await;
    admin.page("/admin/system").await;
    admin
        .send("/admin/system/check", &[("kind", "full")])
        .await
        .location();
    let mut there = admin.at(&replica);
    let page = report(&mut there).await;
    assert!(page.contains("the database and the store agree."), "{page}");
    assert!(page.contains("Full check, started by admin"), "{page}");

    app.place
        .store
        .put_foreign("photos/stray<b>.jpg", b"whose is this")
        .await;
    admin
        .send("/admin/system/check", &[("kind", "quick")])
        .await
        .location();
    let page = report(&mut there).await;
    assert!(
        page.contains("there are faults.") && page.contains("Objects without rows: 1"),
        "{page}"
    );
    assert!(page.contains("stray&#60;b&#62;.jpg"), "{page}");
    let history = admin.page("/admin/history?action=fsck").await;
    assert_eq!(
        history.matches("check of the store started").count(),
        2,
        "{history}"
    );
}

#[rstest]
#[case::sqlite(Backend::SqliteDisk)]
#[case::postgres(Backend::PostgresS3)]
#[tokio::test]
async fn one_check_goes_on_at_a_time_and_a_dead_one_is_over(#[case] backend: Backend) {
    let Some(app) = TestApp::on(backend).await else {
        return;
    };
    let db = &app.app().db;
    let mut admin = Browser::of(&app, "admin").await;
    admin.page("/admin/system").await;
    // Another replica does one.
    let id = db.begin_check(&operator(), true, now()).await.unwrap().unwrap();
    let page = admin.send_on("/admin/system/check", &[("kind", "quick")]).await;
    assert!(
        page.contains("A check goes on already") && page.contains("it goes on"),
        "{page}"
    );
    // It dies.
    db.beat_check(&id, 7, before(now(), SILENCE)).await.unwrap();
    let page = admin.page("/admin/system").await;
    assert!(
        page.contains("no sign of life any more") && page.contains("after 7 objects"),
        "{page}"
    );
    admin
        .send("/admin/system/check", &[("kind", "quick")])
        .await
        .location();
    assert!(
        report(&mut admin)
            .await
            .contains("the database and the store agree.")
    );
}

#[tokio::test]
async fn what_does_not_answer_is_said() {
    let app = TestApp::build(Backend::SqliteDisk)
        .set("PS_REDIS_URL", "redis://127.0.0.1:1")
        .start()
        .await
        .unwrap();
    let mut admin = Browser::of(&app, "admin").await;
    let page = admin.page("/admin/system").await;
    let redis = page.split("<b>Redis</b>").nth(1).unwrap();
    assert!(redis.contains("Does not answer"), "{page}");
}
