//! The history: it outlives what it tells of, and is found by its day.

use photos::db::photos::Action;
use photos::domain::{PhotoRow, now_micros};
use reqwest::StatusCode;
use rstest::rstest;

use super::kit::{Browser, change, now, row, user};
use crate::support::{Backend, TestApp};

/// Deletes a photo, and removes it as the sweeper does when its time in the trash is over.
async fn remove_for_good(app: &TestApp, photo: &PhotoRow) {
    change(app, photo.id, Action::Delete).await;
    let db = &app.app().db;
    let gone = db.expire_trash(now_micros(), 10, now_micros()).await.unwrap();
    assert_eq!(gone, [photo.id]);
}

#[rstest]
#[case::sqlite(Backend::SqliteDisk)]
#[case::postgres(Backend::PostgresS3)]
#[tokio::test]
async fn a_photo_that_is_gone_keeps_its_name_and_its_history(#[case] backend: Backend) {
    let Some(app) = TestApp::on(backend).await else {
        return;
    };
    let ann = user(&app, "ann", false, false).await;
    let pier = row(&app, ann, "Pier", "at #dusk", false, now()).await;
    let mut admin = Browser::of(&app, "admin").await;
    let path = format!("/admin/photos/{}", pier.id);
    admin.page(&path).await;
    let renamed = [
        ("name", "Pier 7"),
        ("caption", "at #dusk"),
        ("owner", "ann"),
        ("visibility", "published"),
        ("version", "1"),
    ];
    admin.send_on(&path, &renamed).await;
    remove_for_good(&app, &pier).await;

    let all = admin.page("/admin/history").await;
    let link = format!("<a href=\"{path}\"><bdi>Pier 7 (gone)</bdi></a>");
    assert!(all.contains(&format!("removed for good {link}")), "{all}");
    assert!(all.contains(&format!("uploaded {link}")), "{all}");
    assert!(all.contains("<b>owner</b> <del><bdi>ann</bdi></del>"), "{all}");

    let page = admin.get(&path).await.expect(StatusCode::GONE).text();
    assert!(
        page.contains("Pier 7") && page.contains("removed for good"),
        "{page}"
    );
    assert!(
        page.contains("<del><bdi>Pier</bdi></del> <ins><bdi>Pier 7</bdi></ins>"),
        "{page}"
    );
    let nobody = photos_api::PhotoId::now();
    admin
        .get(&format!("/admin/photos/{nobody}"))
        .await
        .expect(StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_history_is_read_up_to_a_day() {
    let app = TestApp::start().await;
    let mut admin = Browser::of(&app, "admin").await;
    let today = now().to_zoned(jiff::tz::TimeZone::UTC).date();
    for (day, is_shown) in [
        (today.tomorrow().unwrap(), true),
        (today, true),
        (today.yesterday().unwrap(), false),
    ] {
        let page = admin.page(&format!("/admin/history?until={day}")).await;
        assert_eq!(page.contains("logged in to the admin"), is_shown, "{day}: {page}");
        assert!(
            page.contains(&format!("name=\"until\" value=\"{day}\"")),
            "{page}"
        );
    }
}
