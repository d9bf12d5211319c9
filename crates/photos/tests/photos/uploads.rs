//! Uploads that are accepted.

use std::collections::BTreeSet;

use photos_api::{Photo, PhotoId};
use photos_client::NewPhoto;
use reqwest::StatusCode;
use rstest::rstest;

use crate::kit::{self, created, file, form, picture, post, published, remains};
use crate::pictures;
use crate::support::Backend;

#[rstest]
#[case(Backend::SqliteDisk)]
#[case(Backend::PostgresS3)]
#[tokio::test]
async fn an_upload_is_a_photo_with_pictures(#[case] backend: Backend) {
    let Some((app, ann)) = kit::with_ann(backend).await else {
        return;
    };
    let bytes = pictures::jpeg(1600, 900);
    let length = bytes.len() as u64;
    let form = form(bytes, "  Pier ").text("caption", "at #Dawn, #dawn");
    let answer = post(&app, &ann, form).await.expect(StatusCode::CREATED);
    let photo: Photo = answer
        .json()
        .as_object()
        .map(|_| answer.json())
        .map(serde_json::from_value)
        .unwrap()
        .unwrap();
    assert_eq!(answer.header("etag"), "\"1\"");
    assert_eq!(
        answer.header("location"),
        app.url(&format!("/api/v1/photos/{}", photo.id))
    );
    assert_eq!(
        (photo.name.as_str(), photo.caption.as_str(), photo.draft),
        ("Pier", "at #Dawn, #dawn", false)
    );
    assert_eq!(
        (photo.bytes, photo.width, photo.height, photo.version),
        (length, 1600, 900, 1)
    );
    assert_eq!(photo.tags, ["dawn"]);
    assert_eq!(photo.owner.username, "ann");
    assert_eq!(photo.published_at, Some(photo.created_at));
    for (preset, width, height) in [("thumb", 200, 200), ("small", 640, 360), ("large", 1440, 810)] {
        let link = &photo.images[preset];
        assert_eq!((link.width, link.height), (width, height), "{preset}");
        let picture = picture(&app, None, &link.url, "image/jpeg")
            .await
            .expect(StatusCode::OK);
        assert_eq!(picture.header("content-type"), "image/jpeg");
        assert_eq!(
            pictures::decode(&picture.body).dimensions(),
            (width, height),
            "{preset}"
        );
    }
    // The original, and three presets in two encodings.
    let left = remains(&app).await;
    assert_eq!(
        (left.photos, left.ledger, left.objects, left.spooled),
        (1, 7, 7, 0)
    );
}

#[rstest]
#[case::progressive(pictures::progressive(300, 200), "jpeg")]
#[case::gray(pictures::gray_jpeg(300, 200), "jpeg")]
#[case::cmyk(pictures::cmyk_jpeg(300, 200), "jpeg")]
#[case::sixteen_bits(pictures::png_16(300, 200), "png")]
#[case::animation(pictures::animated_gif(300, 200), "gif")]
#[case::webp(pictures::webp(300, 200), "webp")]
#[tokio::test]
async fn every_kind_of_picture_is_served_as_jpeg_and_webp(#[case] bytes: Vec<u8>, #[case] format: &str) {
    let (app, ann) = kit::with_ann(Backend::SqliteDisk).await.unwrap();
    let photo = created(&app, &ann, bytes).await;
    assert_eq!(serde_json::json!(photo.format), format);
    let link = &photo.images["small"].url;
    for kind in ["image/jpeg", "image/webp"] {
        let picture = picture(&app, None, link, kind).await.expect(StatusCode::OK);
        assert_eq!(picture.header("content-type"), kind);
        let decoded = pictures::decode(&picture.body);
        assert_eq!(decoded.dimensions(), (300, 200));
        if format == "gif" {
            assert!(
                decoded.get_pixel(10, 10).0[0] > 150,
                "the first frame is red there, not green"
            );
        }
    }
}

#[rstest]
#[case(1)]
#[case(2)]
#[case(3)]
#[case(4)]
#[case(5)]
#[case(6)]
#[case(7)]
#[case(8)]
#[tokio::test]
async fn orientation_is_baked_in_and_nothing_else_is_told(#[case] orientation: u16) {
    let (app, ann) = kit::with_ann(Backend::SqliteDisk).await.unwrap();
    let bytes = pictures::jpeg_with_exif(400, 200, orientation);
    let photo = created(&app, &ann, bytes).await;
    let (width, height) = if orientation >= 5 { (200, 400) } else { (400, 200) };
    assert_eq!((photo.width, photo.height), (width, height));
    // Where the stored top left corner, which is red and dark, is in the upright picture.
    let (right, bottom) = match orientation {
        1 | 5 => (false, false),
        2 | 6 => (true, false),
        3 | 7 => (true, true),
        _ => (false, true),
    };
    let corner = (
        if right { width - 10 } else { 10 },
        if bottom { height - 10 } else { 10 },
    );
    for kind in ["image/jpeg", "image/webp"] {
        let picture = picture(&app, None, &photo.images["small"].url, kind)
            .await
            .expect(StatusCode::OK);
        for secret in [&b"Exif"[..], b"SecretMaker", b"IMG_0001"] {
            assert!(!picture.body.windows(secret.len()).any(|window| window == secret));
        }
        let decoded = pictures::decode(&picture.body);
        assert_eq!(decoded.dimensions(), (width, height));
        let [red, green, blue] = decoded.get_pixel(corner.0, corner.1).0;
        assert!(
            red > 200 && green < 40 && blue < 40,
            "orientation {orientation}: {red} {green} {blue}"
        );
    }
}

#[rstest]
#[case(Backend::SqliteDisk)]
#[case(Backend::PostgresS3)]
#[tokio::test]
async fn equal_uploads_at_the_same_moment_share_nothing(#[case] backend: Backend) {
    let Some((app, ann)) = kit::with_ann(backend).await else {
        return;
    };
    let bytes = pictures::jpeg(64, 48);
    let uploads = (0..8).map(|_| created(&app, &ann, bytes.clone()));
    let photos = futures_util::future::join_all(uploads).await;
    let ids: BTreeSet<_> = photos.iter().map(|photo| photo.id).collect();
    assert_eq!(ids.len(), 8);
    assert_eq!(remains(&app).await.objects, 8 * 7);

    app.by(&ann).photos().delete(photos[0].id).await.unwrap();
    for photo in &photos[1..] {
        app.guest().photos().image(photo.id, "thumb").await.unwrap();
    }
}

/// The names of objects begin with the photo's id.
#[test]
fn photos_of_one_microsecond_have_ids_of_their_own() {
    let ids: Vec<PhotoId> = (0..100_000).map(|_| PhotoId::now()).collect();
    let instants: BTreeSet<_> = ids.iter().map(|id| id.to_string()[..13].to_owned()).collect();
    assert!(instants.len() < ids.len(), "no two of one moment");
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
}

#[tokio::test]
async fn the_form_may_have_its_parts_in_any_order() {
    let (app, ann) = kit::with_ann(Backend::SqliteDisk).await.unwrap();
    let form = reqwest::multipart::Form::new()
        .text("draft", "true")
        .part("image", file(pictures::jpeg(64, 48)))
        .text("name", "Last");
    let photo: Photo = post(&app, &ann, form).await.expect(StatusCode::CREATED).into();
    assert_eq!(
        (photo.draft, photo.published_at, photo.name.as_str()),
        (true, None, "Last")
    );
}

#[tokio::test]
async fn a_tiny_picture_is_not_enlarged() {
    let (app, ann) = kit::with_ann(Backend::SqliteDisk).await.unwrap();
    let photo = created(&app, &ann, pictures::jpeg(60, 40)).await;
    assert_eq!(
        (photo.images["thumb"].width, photo.images["thumb"].height),
        (40, 40)
    );
    assert_eq!(
        (photo.images["large"].width, photo.images["large"].height),
        (60, 40)
    );
    assert!(published(&app, &ann).await.id > photo.id);
}

#[tokio::test]
async fn real_photos_are_accepted() {
    let Ok(folder) = std::env::var("PLASMA_PHOTOS") else {
        eprintln!("skipped: PLASMA_PHOTOS names no folder with photos of real cameras");
        return;
    };
    let (app, ann) = kit::with_ann(Backend::SqliteDisk).await.unwrap();
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "jpg") {
            let photos = app.by(&ann).photos();
            let photo = photos.create(NewPhoto::from_path(&path)).await.unwrap();
            let thumb = photos.image(photo.id, "thumb.webp").await.unwrap();
            assert_eq!(thumb.content_type, "image/webp", "{}", path.display());
            seen += 1;
        }
    }
    assert!(seen > 0, "the folder has no .jpg");
}
