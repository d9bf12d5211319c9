//! Pictures: caching, negotiation, variants on demand, and the original that no way leads to.

use reqwest::{Method, StatusCode};
use rstest::rstest;
use serde_json::json;

use crate::kit::{self, at, created, draft, path, picture, published, upload};
use crate::pictures;
use crate::support::app::authorise;
use crate::support::{Backend, TestApp};

#[tokio::test]
async fn caching_follows_the_url() {
    let (app, ann) = kit::with_ann(Backend::SqliteDisk).await.unwrap();
    let photo = published(&app, &ann).await;
    let link = &photo.images["thumb"].url;
    let versioned = picture(&app, None, link, "*/*").await.expect(StatusCode::OK);
    assert_eq!(
        versioned.header("cache-control"),
        "public, max-age=31536000, immutable"
    );
    assert_eq!(versioned.header("vary"), "Accept");
    assert_eq!(versioned.header("x-content-type-options"), "nosniff");
    assert_eq!(
        versioned.header("content-length"),
        versioned.body.len().to_string()
    );
    let bare = link.split_once('?').unwrap().0;
    assert_eq!(
        picture(&app, None, bare, "*/*")
            .await
            .expect(StatusCode::OK)
            .header("cache-control"),
        "no-cache"
    );
    picture(&app, None, &format!("{bare}?v=0123456789abcdef"), "*/*")
        .await
        .expect_problem("not-found");
    picture(&app, None, &format!("{bare}?w=1"), "*/*")
        .await
        .expect_faults(&["w"]);

    let tag = versioned.header("etag").to_owned();
    assert!(tag.starts_with('"'), "{tag} must be strong");
    for known in [tag.clone(), format!("\"x\", W/{tag}"), "*".to_owned()] {
        let request = app
            .request(Method::GET, &path(&app, link))
            .header("if-none-match", known);
        let answer = app.send(request).await.expect(StatusCode::NOT_MODIFIED);
        assert_eq!((answer.header("etag"), answer.body.len()), (tag.as_str(), 0));
        assert_eq!(
            answer.header("cache-control"),
            "public, max-age=31536000, immutable"
        );
    }
    let other = app
        .request(Method::GET, &path(&app, link))
        .header("if-none-match", "\"x\"");
    app.send(other).await.expect(StatusCode::OK);

    let head = app
        .bare(Method::HEAD, None, &path(&app, link))
        .await
        .expect(StatusCode::OK);
    assert_eq!(
        (head.header("content-length"), head.body.len()),
        (versioned.header("content-length"), 0)
    );
}

#[rstest]
#[case(Backend::SqliteDisk)]
#[case(Backend::PostgresS3)]
#[tokio::test]
async fn nobody_keeps_a_draft(#[case] backend: Backend) {
    let Some((app, ann)) = kit::with_ann(backend).await else {
        return;
    };
    let draft = draft(&app, &ann).await;
    let link = &draft.images["thumb"].url;
    let seen = picture(&app, Some(&ann), link, "*/*")
        .await
        .expect(StatusCode::OK);
    assert_eq!(seen.header("cache-control"), "private, no-store");
    let again = authorise(app.request(Method::GET, &path(&app, link)), Some(&ann));
    let again = app
        .send(again.header("if-none-match", seen.header("etag")))
        .await
        .expect(StatusCode::NOT_MODIFIED);
    assert_eq!(again.header("cache-control"), "private, no-store");
    // Who knows the tag of a draft learns nothing by it.
    let stranger = app
        .request(Method::GET, &path(&app, link))
        .header("if-none-match", seen.header("etag"));
    app.send(stranger).await.expect_problem("not-found");
    assert_eq!(
        app.get(Some(&ann), &at(&draft)).await.header("cache-control"),
        "no-store"
    );

    let mine = app.by(&ann).photos();
    mine.publish(draft.id).await.unwrap();
    assert!(
        picture(&app, None, link, "*/*")
            .await
            .expect(StatusCode::OK)
            .header("cache-control")
            .contains("public")
    );
    mine.unpublish(draft.id).await.unwrap();
    picture(&app, None, link, "*/*").await.expect_problem("not-found");
}

#[tokio::test]
async fn extensions_decide_over_accept() {
    let (app, ann) = kit::with_ann(Backend::SqliteDisk).await.unwrap();
    let photo = published(&app, &ann).await;
    let bare = photo.images["small"].url.split_once('?').unwrap().0.to_owned();
    for (suffix, accept, kind) in [
        ("", "image/webp,*/*", "image/webp"),
        ("", "*/*", "image/jpeg"),
        (".jpg", "image/webp", "image/jpeg"),
        (".webp", "image/jpeg", "image/webp"),
    ] {
        let answer = picture(&app, None, &format!("{bare}{suffix}"), accept)
            .await
            .expect(StatusCode::OK);
        assert_eq!(answer.header("content-type"), kind, "{suffix} {accept}");
        assert_eq!(answer.header("vary").is_empty(), !suffix.is_empty());
        let format = if kind == "image/webp" {
            image::ImageFormat::WebP
        } else {
            image::ImageFormat::Jpeg
        };
        assert_eq!(image::guess_format(&answer.body).unwrap(), format);
    }
    for wrong in [".png", ".jpeg", ".", ".jpg.webp"] {
        picture(&app, None, &format!("{bare}{wrong}"), "*/*")
            .await
            .expect_problem("not-found");
    }
}

#[rstest]
#[case(Backend::SqliteDisk)]
#[case(Backend::PostgresS3)]
#[tokio::test]
async fn no_way_leads_to_the_original(#[case] backend: Backend) {
    let Some((app, ann)) = kit::with_ann(backend).await else {
        return;
    };
    let original = pictures::jpeg_with_exif(400, 300, 1);
    let photo = created(&app, &ann, original.clone()).await;
    let sha256 = app.app().db.get_photo(photo.id).await.unwrap().unwrap().sha256;
    let at = at(&photo);
    for way in [
        format!("{at}/image"),
        format!("{at}/original"),
        format!("{at}/images"),
        format!("{at}/images/original"),
        format!("{at}/images/original-{sha256}"),
        format!("{at}/images/thumb/../original"),
        format!("{at}/images/..%2Foriginal-{sha256}"),
        format!("{at}/images/%2e%2e%2f%2e%2e%2foriginal-{sha256}"),
        format!("{at}/original-{sha256}"),
        format!("/objects{at}/original-{sha256}"),
        format!("{at}/images/thumb.gif"),
        format!("{at}/images/thumb%00.jpg"),
    ] {
        let answer = app.get(Some(&ann), &way).await;
        assert!(answer.status >= 400, "{way}: {}", answer.status);
        assert_ne!(answer.body, original);
    }
    let link = path(&app, &photo.images["large"].url);
    let whole = app.get(None, &link).await.expect(StatusCode::OK);
    for (header, value) in [
        ("range", "bytes=0-"),
        ("range", "bytes=0-99"),
        ("range", "bytes=100000-"),
        ("accept", "application/octet-stream"),
        ("accept", "image/jpeg;original=true"),
        ("accept", "image/tiff"),
    ] {
        let answer = app
            .send(app.request(Method::GET, &link).header(header, value))
            .await
            .expect(StatusCode::OK);
        assert_eq!(answer.body, whole.body, "{header}: {value}");
        assert!(!answer.body.windows(4).any(|window| window == b"Exif"));
    }
}

/// Forgets the variants of all photos, as after a change of the pipeline.
async fn lose_variants(app: &TestApp) {
    let state = app.app();
    let rows = state.db.page_objects(None, 1000).await.unwrap();
    let keys: Vec<_> = rows
        .into_iter()
        .filter(|row| row.kind != "original")
        .map(|row| row.key)
        .collect();
    state
        .db
        .condemn_objects(keys.clone(), photos::domain::now_micros())
        .await
        .unwrap();
    for key in &keys {
        state
            .store
            .delete(&photos::store::Key::parse(key).unwrap())
            .await
            .unwrap();
    }
    state.db.forget_objects(keys).await.unwrap();
}

#[rstest]
#[case(Backend::SqliteDisk)]
#[case(Backend::PostgresS3)]
#[tokio::test]
async fn missing_variants_are_made_once_for_all_replicas(#[case] backend: Backend) {
    let Some((app, ann)) = kit::with_ann(backend).await else {
        return;
    };
    let replica = app.replica().await;
    let photo = published(&app, &ann).await;
    let link = path(&app, &photo.images["small"].url);
    let before = app.get(None, &link).await.expect(StatusCode::OK);
    lose_variants(&app).await;
    assert_eq!(kit::remains(&app).await.objects, 1);
    let asked = (0..8)
        .flat_map(|_| [&app, &replica])
        .map(|service| service.get(None, &link));
    for answer in futures_util::future::join_all(asked).await {
        assert_eq!(answer.expect(StatusCode::OK).body, before.body);
    }
    let left = kit::remains(&app).await;
    assert_eq!(
        (left.ledger, left.objects, left.spooled),
        (2, 2, 0),
        "one variant was made"
    );
    let made = |service: &TestApp| service.app().media.made_later().get();
    let made = made(&app) + made(&replica);
    assert_eq!(made, 1, "once, for all who asked on both");
}

#[rstest]
#[case(Backend::SqliteDisk)]
#[case(Backend::PostgresS3)]
#[tokio::test]
async fn a_failed_thumbnail_is_a_problem_and_never_the_original(#[case] backend: Backend) {
    let Some((app, ann)) = kit::with_ann(backend).await else {
        return;
    };
    let photo = published(&app, &ann).await;
    lose_variants(&app).await;
    // The original is damaged in the store.
    let state = app.app();
    let row = state.db.get_photo(photo.id).await.unwrap().unwrap();
    let key = photos::store::Key::original(photo.id, row.sha256.parse().unwrap());
    state
        .store
        .put_bytes(&key, pictures::jpeg(64, 48)[..300].to_vec().into())
        .await
        .unwrap();
    let link = path(&app, &photo.images["thumb"].url);
    for _ in 0..2 {
        let answer = app.get(None, &link).await.expect_problem("internal");
        assert_eq!((answer.status, answer.header("cache-control")), (500, "no-store"));
    }
    let left = kit::remains(&app).await;
    assert_eq!(
        (left.photos, left.ledger, left.objects, left.spooled),
        (1, 1, 1, 0)
    );
    assert_eq!(app.get(None, &at(&photo)).await.json()["name"], json!("Pier"));
}

/// The folder of the disk store of a test.
fn objects(app: &TestApp) -> std::path::PathBuf {
    match &app.env.store_url {
        config::StoreUrl::File(folder) => folder.clone(),
        other @ config::StoreUrl::S3 { .. } => panic!("{other:?} is no folder"),
    }
}

/// All files below a folder.
fn files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .collect()
}

#[rstest]
#[case::whole(|path| std::fs::remove_file(path).unwrap())]
#[case::in_part(|path| std::fs::write(path, "ten bytes!").unwrap())]
#[tokio::test]
async fn a_picture_that_the_store_has_lost_is_made_anew(#[case] lose: fn(std::path::PathBuf)) {
    let (app, ann) = kit::with_ann(Backend::SqliteDisk).await.unwrap();
    // Large enough that its small pictures are made from larger ones.
    let photo = created(&app, &ann, pictures::jpeg(1600, 1200)).await;
    let link = &photo.images["thumb"].url;
    let before = picture(&app, None, link, "*/*").await.expect(StatusCode::OK);
    let thumbs = files(&objects(&app))
        .into_iter()
        .filter(|path| path.to_string_lossy().contains("thumb"));
    let lost = thumbs.map(lose).count();
    assert!(lost > 0);
    let after = picture(&app, None, link, "*/*").await.expect(StatusCode::OK);
    // The link is kept by everybody for ever, so it may not lead to anything else.
    assert_eq!(after.header("content-type"), "image/jpeg");
    assert_eq!(after.header("etag"), before.header("etag"));
    assert!(after.body == before.body, "the picture made anew is another");
}

#[tokio::test]
async fn a_store_that_is_not_mounted_is_unavailable_and_takes_nothing() {
    let (app, ann) = kit::with_ann(Backend::SqliteDisk).await.unwrap();
    let photo = published(&app, &ann).await;
    let link = &photo.images["thumb"].url;
    let (here, away) = (objects(&app), objects(&app).with_extension("away"));
    std::fs::rename(&here, &away).unwrap();
    let answer = picture(&app, None, link, "*/*")
        .await
        .expect_problem("store-unavailable");
    assert!(!answer.header("retry-after").is_empty());
    upload(&app, &ann, pictures::jpeg(64, 48))
        .await
        .expect_problem("store-unavailable");
    assert!(!here.exists(), "nothing may be written where the store was");
    std::fs::rename(&away, &here).unwrap();
    picture(&app, None, link, "*/*").await.expect(StatusCode::OK);
}
