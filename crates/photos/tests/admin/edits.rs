//! One photo: what can be changed, conflicts, history, pictures.

use photos::db::photos::{Action, Change, Mode};
use reqwest::{Method, StatusCode};
use rstest::rstest;
use serde_json::json;

use super::kit::{Browser, between, now, operator, upload, user};
use crate::support::{Backend, TestApp};

/// The form of a photo's page.
fn form<'a>(
    name: &'a str,
    caption: &'a str,
    owner: &'a str,
    state: &'a str,
    version: &'a str,
) -> [(&'a str, &'a str); 6] {
    [
        ("name", name),
        ("caption", caption),
        ("owner", owner),
        ("visibility", state),
        ("version", version),
        ("list", "state=drafts&sort=name"),
    ]
}

#[rstest]
#[case::sqlite(Backend::SqliteDisk)]
#[case::postgres(Backend::PostgresS3)]
#[tokio::test]
async fn a_photo_is_changed_and_every_change_is_told(#[case] backend: Backend) {
    let Some(app) = TestApp::on(backend).await else {
        return;
    };
    let ann = app.user("ann").await;
    user(&app, "bob", false, false).await;
    let photo = upload(&app, &ann, "Pier", "at #dawn", true).await;
    let mut admin = Browser::of(&app, "admin").await;
    let path = format!("/admin/photos/{}", photo.id);
    let page = admin.page(&format!("{path}?list=state%3Ddrafts")).await;
    assert!(
        page.contains("value=\"Pier\"") && page.contains("at #dawn"),
        "{page}"
    );

    let saved = admin
        .send(
            &path,
            &form("Long pier", "line one\r\nline two #sea", "bob", "published", "1"),
        )
        .await;
    assert_eq!(
        saved.location(),
        "/admin/photos?state=drafts&sort=name",
        "back to the list it came from"
    );
    let page = admin.page("/admin/photos?state=drafts&sort=name").await;
    assert!(page.contains("Saved. Long pier"), "{page}");

    // The API sees it at once, and changes go on there: one by one, in a batch, by the command line.
    let bob = app.login("bob").await;
    let seen = app.get(None, &format!("/photos/{}", photo.id)).await.json();
    assert_eq!(seen["name"], "Long pier");
    assert_eq!(seen["caption"], "line one\nline two #sea");
    assert_eq!(seen["owner"]["username"], "bob");
    app.call(
        Method::PATCH,
        Some(&bob),
        &format!("/photos/{}", photo.id),
        &json!({"name": "Short pier"}),
    )
    .await
    .expect(StatusCode::OK);
    let batch = json!({"ids": [photo.id]});
    app.post(Some(&bob), "/photos/batch/unpublish", &batch)
        .await
        .expect(StatusCode::OK);
    let change = Change {
        id: photo.id,
        if_match: None,
        action: Action::Publish,
    };
    app.app()
        .db
        .change_photos(&operator(), vec![change], Mode::Atomic, app.env.trash_ttl, now())
        .await
        .unwrap();

    let page = admin.page(&path).await;
    let rows: Vec<(String, String)> = page
        .split("<td class=\"when\"><time")
        .skip(1)
        .filter_map(|row| {
            let via = between(row, "class=\"via\"", "</span>")?
                .split('>')
                .next_back()?
                .to_owned();
            let actor = between(row, "actor=", "\"")?;
            Some((actor, via))
        })
        .collect();
    let expected = [
        ("command+line", "Command line"),
        ("bob", "Batch"),
        ("bob", "API"),
        ("admin", "Admin"),
        ("ann", "API"),
    ];
    let expected = expected.map(|(actor, via)| (actor.to_owned(), via.to_owned()));
    assert_eq!(rows, expected);
    assert!(
        page.contains("<del><bdi>Long pier</bdi></del> <ins><bdi>Short pier</bdi></ins>"),
        "{page}"
    );
    let all = admin.page("/admin/history?actor=bob&via=batch").await;
    assert_eq!(all.matches("<td class=\"when\">").count(), 1, "{all}");
    let none = admin.page("/admin/history?actor=bob&via=cli").await;
    assert!(none.contains("Nothing was done"));
}

#[rstest]
#[case::sqlite(Backend::SqliteDisk)]
#[case::postgres(Backend::PostgresS3)]
#[tokio::test]
async fn a_conflict_is_told_and_nothing_is_lost(#[case] backend: Backend) {
    let Some(app) = TestApp::on(backend).await else {
        return;
    };
    let ann = app.user("ann").await;
    let photo = upload(&app, &ann, "Pier", "", false).await;
    let mut admin = Browser::of(&app, "admin").await;
    let path = format!("/admin/photos/{}", photo.id);
    admin.page(&path).await;
    app.call(
        Method::PATCH,
        Some(&ann),
        &format!("/photos/{}", photo.id),
        &json!({"name": "Ann's pier"}),
    )
    .await
    .expect(StatusCode::OK);
    let conflict = admin
        .send(&path, &form("My pier", "mine", "ann", "published", "1"))
        .await
        .expect(StatusCode::CONFLICT);
    let page = conflict.text();
    assert!(
        page.contains("Somebody else changed this photo while you did."),
        "{page}"
    );
    assert!(
        page.contains("ann (API,") && page.contains("Ann&#39;s pier"),
        "{page}"
    );
    assert!(
        page.contains("value=\"My pier\"") && page.contains("name=\"version\" value=\"2\""),
        "{page}"
    );
    let seen = app.get(None, &format!("/photos/{}", photo.id)).await.json();
    assert_eq!(seen["name"], "Ann's pier", "nothing was overwritten");
    // Saving the same again is a decision.
    admin
        .send(&path, &form("My pier", "mine", "ann", "published", "2"))
        .await
        .location();
    let seen = app.get(None, &format!("/photos/{}", photo.id)).await.json();
    assert_eq!(seen["name"], "My pier");
}

#[tokio::test]
async fn wrong_values_are_told_beside_their_fields() {
    let app = TestApp::start().await;
    let ann = app.user("ann").await;
    let gone = user(&app, "gone", false, false).await;
    let flags = photos::db::users::UserFlags {
        active: Some(false),
        ..Default::default()
    };
    app.app()
        .db
        .set_user_flags(&operator(), gone, flags, now())
        .await
        .unwrap();
    let photo = upload(&app, &ann, "Pier", "", false).await;
    let mut admin = Browser::of(&app, "admin").await;
    let path = format!("/admin/photos/{}", photo.id);
    let (long_name, long_caption) = ("x".repeat(101), "x".repeat(2201));
    for (fields, says) in [
        (
            form("  ", "", "ann", "published", "1"),
            "id=\"name-fault\">Is blank.",
        ),
        (
            form(&long_name, "", "ann", "published", "1"),
            "id=\"name-fault\">Is too long",
        ),
        (
            form("Pier", &long_caption, "ann", "published", "1"),
            "id=\"caption-fault\">Is too long",
        ),
        (
            form("Pier", "", "nobody", "published", "1"),
            "id=\"owner-fault\">There is no such active user.",
        ),
        (
            form("Pier", "", "gone", "published", "1"),
            "id=\"owner-fault\">There is no such active user.",
        ),
    ] {
        admin.page(&path).await;
        let refused = admin
            .send(&path, &fields)
            .await
            .expect(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.text().contains(says), "{says}: {}", refused.text());
    }
    // A zero byte is no text anywhere.
    admin.page(&path).await;
    admin
        .send(&path, &form("a\0b", "", "ann", "published", "1"))
        .await
        .expect(StatusCode::BAD_REQUEST);
    admin.page("/admin/photos?q=%00&owner=%00&tag=%00&at=n%7E0199a3c4-5b6d-7e8f-9012-3456789abcde%7E%00&sort=name").await;
    admin.page("/admin/history?actor=%00&before=%00").await;
    admin.page("/admin/users?q=%00&at=n%7E%00").await;
    for nowhere in [
        "/admin/photos/0199a3c4-5b6d-7e8f-9012-3456789abcde",
        "/admin/photos/x",
        "/admin/nothing",
        "/admin/users/x",
    ] {
        admin.get(nowhere).await.expect(StatusCode::NOT_FOUND);
    }
}

#[rstest]
#[case::sqlite(Backend::SqliteDisk)]
#[case::postgres(Backend::PostgresS3)]
#[tokio::test]
async fn pictures_of_drafts_and_of_the_trash_are_kept_by_nobody(#[case] backend: Backend) {
    let Some(app) = TestApp::on(backend).await else {
        return;
    };
    let ann = app.user("ann").await;
    let photo = upload(&app, &ann, "Pier", "", true).await;
    let mut admin = Browser::of(&app, "admin").await;
    let thumb = format!("/admin/photos/{}/images/thumb", photo.id);
    let picture = admin.get(&thumb).await.expect(StatusCode::OK);
    assert_eq!(picture.header("content-type"), "image/jpeg");
    assert_eq!(picture.header("cache-control"), "private, no-store");
    assert_eq!(picture.header("x-content-type-options"), "nosniff");
    app.post(Some(&ann), &format!("/photos/{}/publish", photo.id), &json!({}))
        .await;
    let picture = admin.get(&thumb).await.expect(StatusCode::OK);
    assert!(
        picture.header("cache-control").starts_with("private, max-age="),
        "{}",
        picture.header("cache-control")
    );
    app.bare(Method::DELETE, Some(&ann), &format!("/photos/{}", photo.id))
        .await
        .expect(StatusCode::NO_CONTENT);
    let picture = admin.get(&thumb).await.expect(StatusCode::OK);
    assert_eq!(picture.header("cache-control"), "private, no-store");
    for name in ["original", "original.jpg", "thumb.png", "..", "%2e%2e%2foriginal"] {
        let answer = admin
            .get(&format!("/admin/photos/{}/images/{name}", photo.id))
            .await;
        assert_eq!(answer.0.status, 404, "{name}");
    }
    // Nobody else gets one.
    Browser::new(&app).get(&thumb).await.location();
}
