//! Many at once: the page that asks first, stale versions, all that match, undo.

use photos::db::audit::AuditOf;
use photos::domain::PhotoRow;
use reqwest::StatusCode;
use rstest::rstest;
use serde_json::json;

use super::kit::{Browser, boxes, now, row, user};
use crate::support::{Backend, TestApp};

async fn photo(app: &TestApp, id: &PhotoRow) -> PhotoRow {
    app.app().db.get_photo_even_deleted(id.id).await.unwrap().unwrap()
}

/// What the boxes of these photos say.
fn chosen(photos: &[&PhotoRow]) -> Vec<String> {
    photos
        .iter()
        .map(|photo| format!("{}:{}", photo.id, photo.version))
        .collect()
}

/// A form with an action and photos.
fn fields<'a>(action: &'a str, photos: &'a [String]) -> Vec<(&'a str, &'a str)> {
    let photos = photos.iter().map(|photo| ("photo", photo.as_str()));
    [("action", action), ("list", "sort=name")]
        .into_iter()
        .chain(photos)
        .collect()
}

const BULK: &str = "/admin/photos/bulk";

#[rstest]
#[case::sqlite(Backend::SqliteDisk)]
#[case::postgres(Backend::PostgresS3)]
#[tokio::test]
async fn a_page_asks_before_anything_is_done(#[case] backend: Backend) {
    let Some(app) = TestApp::on(backend).await else {
        return;
    };
    let ann = user(&app, "ann", false, false).await;
    let one = row(&app, ann, "One", "", true, now()).await;
    let two = row(&app, ann, "Two", "", true, now()).await;
    let open = row(&app, ann, "Open", "", false, now()).await;
    let mut admin = Browser::of(&app, "admin").await;
    let picked = chosen(&[&one, &two, &open]);
    let page = admin
        .send(BULK, &fields("publish", &picked))
        .await
        .expect(StatusCode::OK)
        .text();
    assert!(page.contains("2 photos will be published"), "{page}");
    assert!(page.contains(">One<") && page.contains(">Two<"), "{page}");
    assert!(page.contains("1 photo is published already"), "{page}");
    assert!(photo(&app, &one).await.draft, "nothing is done yet");

    let confirmed = boxes(&page);
    assert_eq!(confirmed.len(), 2);
    let mut sent = fields("publish", &confirmed);
    sent.extend([("confirm", "yes"), ("back", "/admin/photos?sort=name")]);
    let page = admin.send_on(BULK, &sent).await;
    assert!(page.contains("2 photos published."), "{page}");
    assert!(!photo(&app, &one).await.draft && !photo(&app, &two).await.draft);
    let told = app
        .app()
        .db
        .list_audit(AuditOf::Photo(one.id), None, 1)
        .await
        .unwrap();
    assert_eq!(
        (
            told[0].action.as_str(),
            told[0].actor.as_str(),
            told[0].via.as_str()
        ),
        ("publish", "admin", "admin")
    );

    // The other deeds, and back again.
    for (action, says) in [
        ("unpublish", "2 photos unpublished."),
        ("delete", "2 photos deleted."),
    ] {
        let picked = chosen(&[&photo(&app, &one).await, &photo(&app, &two).await]);
        let page = admin
            .send(BULK, &fields(action, &picked))
            .await
            .expect(StatusCode::OK)
            .text();
        let confirmed = boxes(&page);
        let mut sent = fields(action, &confirmed);
        sent.push(("confirm", "yes"));
        let page = admin.send_on(BULK, &sent).await;
        assert!(page.contains(says), "{page}");
    }
    assert!(photo(&app, &one).await.deleted_at.is_some());
    let trash = admin.page("/admin/photos?state=trash").await;
    let page = admin
        .send(BULK, &fields("restore", &boxes(&trash)))
        .await
        .expect(StatusCode::OK)
        .text();
    let confirmed = boxes(&page);
    let mut sent = fields("restore", &confirmed);
    sent.push(("confirm", "yes"));
    assert!(admin.send_on(BULK, &sent).await.contains("2 photos restored."));
    assert!(photo(&app, &one).await.deleted_at.is_none());
}

#[rstest]
#[case::sqlite(Backend::SqliteDisk)]
#[case::postgres(Backend::PostgresS3)]
#[tokio::test]
async fn what_was_changed_meanwhile_is_left_alone_and_told(#[case] backend: Backend) {
    let Some(app) = TestApp::on(backend).await else {
        return;
    };
    app.user("ann").await;
    let ann = app.login("ann").await;
    let owner = app.app().db.user_by_username("ann").await.unwrap().unwrap().id;
    let stale = row(&app, owner, "Stale", "", true, now()).await;
    let fresh = row(&app, owner, "Fresh", "", true, now()).await;
    let mut admin = Browser::of(&app, "admin").await;
    let picked = chosen(&[&stale, &fresh]);
    let page = admin
        .send(BULK, &fields("publish", &picked))
        .await
        .expect(StatusCode::OK)
        .text();
    let confirmed = boxes(&page);
    app.call(
        reqwest::Method::PATCH,
        Some(&ann),
        &format!("/photos/{}", stale.id),
        &json!({"caption": "not ready"}),
    )
    .await
    .expect(StatusCode::OK);
    let mut sent = fields("publish", &confirmed);
    sent.push(("confirm", "yes"));
    let page = admin.send_on(BULK, &sent).await;
    assert!(
        page.contains("1 photo published. Left alone: “Stale” was changed meanwhile."),
        "{page}"
    );
    assert!(photo(&app, &stale).await.draft);
    assert!(!photo(&app, &fresh).await.draft);
    // Sent twice, as by a page that is reloaded: nothing happens anew.
    let again = admin.send_on(BULK, &sent).await;
    assert!(again.contains("Left alone:"), "{again}");
    assert_eq!(photo(&app, &fresh).await.version, fresh.version + 1);
}

#[rstest]
#[case::sqlite(Backend::SqliteDisk)]
#[case::postgres(Backend::PostgresS3)]
#[tokio::test]
async fn all_that_match_are_meant_on_every_page(#[case] backend: Backend) {
    let Some(app) = TestApp::on(backend).await else {
        return;
    };
    let (ann, bob) = (
        user(&app, "ann", false, false).await,
        user(&app, "bob", false, false).await,
    );
    for n in 0..120 {
        row(&app, ann, &format!("Photo {n}"), "#all", false, now()).await;
    }
    let other = row(&app, bob, "Other", "#all", false, now()).await;
    let mut admin = Browser::of(&app, "admin").await;
    let page = admin.page("/admin/photos?owner=ann&tag=all").await;
    assert!(page.contains("all 120 that match, on every page"), "{page}");
    let sent = [
        ("action", "unpublish"),
        ("all", "1"),
        ("list", "owner=ann&tag=all"),
    ];
    let page = admin.send(BULK, &sent).await.expect(StatusCode::OK).text();
    assert!(page.contains("120 photos will be unpublished"), "{page}");
    let confirmed = boxes(&page);
    let mut sent = fields("unpublish", &confirmed);
    sent.push(("confirm", "yes"));
    assert!(
        admin
            .send_on(BULK, &sent)
            .await
            .contains("120 photos unpublished.")
    );
    assert!(!photo(&app, &other).await.draft, "it did not match");
}

#[tokio::test]
async fn a_deletion_can_be_undone_from_its_message() {
    let app = TestApp::start().await;
    let ann = user(&app, "ann", false, false).await;
    let one = row(&app, ann, "One", "", false, now()).await;
    let mut admin = Browser::of(&app, "admin").await;
    let picked = chosen(&[&one]);
    let mut sent = fields("delete", &picked);
    sent.push(("confirm", "yes"));
    let page = admin.send_on(BULK, &sent).await;
    assert!(
        page.contains("1 photo deleted.") && page.contains(">Undo<"),
        "{page}"
    );
    let page = admin
        .send_on(
            BULK,
            &[
                ("action", "restore"),
                ("confirm", "yes"),
                ("photo", &one.id.to_string()),
            ],
        )
        .await;
    assert!(page.contains("1 photo restored."), "{page}");
    assert!(photo(&app, &one).await.deleted_at.is_none());
}

#[tokio::test]
async fn nonsense_does_nothing() {
    let app = TestApp::start().await;
    let mut admin = Browser::of(&app, "admin").await;
    let page = admin.send_on(BULK, &[("action", "delete")]).await;
    assert!(page.contains("select at least one photo first"), "{page}");
    for fields in [
        &[("action", "destroy"), ("photo", "x")][..],
        &[("photo", "0199a3c4-5b6d-7e8f-9012-3456789abcde")],
        &[("action", "delete"), ("photo", "x")],
        &[
            ("action", "delete"),
            ("photo", "0199a3c4-5b6d-7e8f-9012-3456789abcde:x"),
        ],
    ] {
        admin.send(BULK, fields).await.expect(StatusCode::BAD_REQUEST);
    }
    let many: Vec<String> = (0..1001)
        .map(|_| photos_api::PhotoId::now().to_string())
        .collect();
    admin
        .send(BULK, &fields("delete", &many))
        .await
        .expect(StatusCode::PAYLOAD_TOO_LARGE);
    let unknown = [photos_api::PhotoId::now().to_string()];
    let page = admin.send_on(BULK, &fields("delete", &unknown)).await;
    assert!(page.contains("no photo matches any more"), "{page}");
    let mut sent = fields("delete", &unknown);
    sent.push(("confirm", "yes"));
    assert!(
        admin
            .send_on(BULK, &sent)
            .await
            .contains("is gone or cannot be restored")
    );
}
