//! Uploads that are refused: a clear problem each, and nothing left in the database, the store or the spool.

use reqwest::multipart::{Form, Part};
use reqwest::{Method, StatusCode};
use rstest::rstest;

use crate::kit::{self, NOTHING, creation, file, form, post, remains, upload};
use crate::pictures;
use crate::support::app::authorise;
use crate::support::{Backend, TestApp};

#[rstest]
#[case::empty_file(Vec::new(), "image-missing")]
#[case::text(b"This is no picture, whatever its name says.".to_vec(), "unsupported-image")]
#[case::truncated(pictures::jpeg(400, 300)[..4000].to_vec(), "image-corrupt")]
#[case::only_a_header(pictures::jpeg(400, 300)[..20].to_vec(), "image-corrupt")]
#[case::too_wide(pictures::jpeg(12_001, 2), "image-dimensions")]
#[case::too_high(pictures::jpeg(2, 12_001), "image-dimensions")]
#[case::huge_header(
    pictures::png_that_says(pictures::png_16(8, 8), 50_000, 50_000),
    "image-dimensions"
)]
#[case::too_many_pixels(
    pictures::png_that_says(pictures::png_16(8, 8), 10_000, 5_001),
    "image-dimensions"
)]
#[case::header_lies(pictures::png_that_says(pictures::png_16(8, 8), 800, 800), "image-corrupt")]
#[tokio::test]
async fn bad_pictures(#[case] bytes: Vec<u8>, #[case] code: &str) {
    for backend in [Backend::SqliteDisk, Backend::PostgresS3] {
        let Some((app, ann)) = kit::with_ann(backend).await else {
            continue;
        };
        let answer = upload(&app, &ann, bytes.clone()).await.expect_problem(code);
        assert!(
            code != "image-corrupt" || answer.text().contains("end early or are damaged"),
            "{}",
            answer.text()
        );
        assert_eq!(remains(&app).await, NOTHING);
    }
}

#[tokio::test]
async fn a_deflate_bomb_is_refused_before_it_is_decoded() {
    let (app, ann) = kit::with_ann(Backend::SqliteDisk).await.unwrap();
    // 49 million pixels of 8 bytes: 392 MB from less than one.
    let bomb = pictures::png_of_nothing(7_000, 7_000);
    assert!(bomb.len() < 2_000_000, "{}", bomb.len());
    let answer = upload(&app, &ann, bomb.clone())
        .await
        .expect_problem("image-dimensions");
    assert!(answer.text().contains("MiB of memory"), "{}", answer.text());
    // The same, hidden behind a small header.
    upload(&app, &ann, pictures::png_that_says(bomb, 16, 16))
        .await
        .expect_problem("image-corrupt");
    assert_eq!(remains(&app).await, NOTHING);
}

#[tokio::test]
async fn a_progressive_photo_of_50_megapixels_counts_its_coefficients() {
    let app = TestApp::build(Backend::SqliteDisk)
        .set("PS_DECODE_BYTES", "268435456")
        .start()
        .await
        .unwrap();
    let ann = app.user("ann").await;
    let progressive = pictures::progressive(8_600, 5_800);
    upload(&app, &ann, progressive)
        .await
        .expect_problem("image-dimensions");
    assert_eq!(remains(&app).await, NOTHING);
}

#[tokio::test]
async fn the_byte_limit_is_inclusive() {
    let bytes = pictures::jpeg(64, 48);
    let app = TestApp::build(Backend::SqliteDisk)
        .with({
            let limit = bytes.len() as u64;
            move |env| env.max_bytes = limit
        })
        .start()
        .await
        .unwrap();
    let ann = app.user("ann").await;
    let mut longer = bytes.clone();
    longer.push(0);
    let refused = upload(&app, &ann, longer).await.expect_problem("body-too-large");
    assert_eq!(refused.status, 413);
    assert_eq!(remains(&app).await, NOTHING);
    kit::created(&app, &ann, bytes).await;
}

fn image() -> Part {
    file(pictures::jpeg(64, 48))
}

#[tokio::test]
async fn bad_forms() {
    let (app, ann) = kit::with_ann(Backend::SqliteDisk).await.unwrap();
    let good = || form(pictures::jpeg(64, 48), "Pier");
    post(&app, &ann, Form::new().text("name", "Pier"))
        .await
        .expect_problem("image-missing");
    post(&app, &ann, Form::new().part("image", image()))
        .await
        .expect_faults(&["name"]);
    post(&app, &ann, good().part("image", image()))
        .await
        .expect_faults(&["image"]);
    post(&app, &ann, good().text("name", "again"))
        .await
        .expect_faults(&["name"]);
    post(&app, &ann, good().text("colour", "red"))
        .await
        .expect_faults(&["colour"]);
    post(&app, &ann, good().text("draft", "yes"))
        .await
        .expect_faults(&["draft"]);
    post(&app, &ann, good().text("caption", "a\0b"))
        .await
        .expect_faults(&["caption"]);
    post(&app, &ann, good().text("caption", "ü".repeat(2201)))
        .await
        .expect_faults(&["caption"]);
    for name in ["", " \n ", &"x".repeat(101), &"x".repeat(9999), "a\u{7}b"] {
        post(&app, &ann, form(pictures::jpeg(64, 48), name))
            .await
            .expect_faults(&["name"]);
    }
    let latin = Part::bytes(b"caf\xe9".to_vec());
    post(&app, &ann, good().part("caption", latin))
        .await
        .expect_problem("malformed-request");
    let unknown = creation(&app, &ann, good()).query(&[("colour", "red")]);
    app.send(unknown).await.expect_faults(&["colour"]);
    assert_eq!(remains(&app).await, NOTHING);

    let longest = form(pictures::jpeg(64, 48), &"ü".repeat(100)).text("caption", "ü".repeat(2200));
    post(&app, &ann, longest).await.expect(StatusCode::CREATED);
}

#[tokio::test]
async fn bad_bodies() {
    let (app, ann) = kit::with_ann(Backend::SqliteDisk).await.unwrap();
    let send = |kind: &str, body: &str| {
        let request = authorise(app.request(Method::POST, "/photos"), Some(&ann));
        app.send(request.header("content-type", kind).body(body.to_owned()))
    };
    let multipart = "multipart/form-data; boundary=x1";
    send(multipart, "").await.expect_problem("malformed-request");
    send(multipart, "nonsense")
        .await
        .expect_problem("malformed-request");
    send(
        multipart,
        "--x1\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nPier",
    )
    .await
    .expect_problem("malformed-request");
    send(multipart, "--x1--\r\n")
        .await
        .expect_problem("image-missing");
    send("multipart/form-data", "--x1--\r\n")
        .await
        .expect_problem("malformed-request");
    send("application/json", "{}")
        .await
        .expect_problem("unsupported-media-type");
    send("multipart/mixed; boundary=x1", "--x1--\r\n")
        .await
        .expect_problem("unsupported-media-type");
    let bare = authorise(app.request(Method::POST, "/photos"), Some(&ann));
    app.send(bare).await.expect_problem("unsupported-media-type");
    let guest = app
        .request(Method::POST, "/photos")
        .multipart(form(pictures::jpeg(64, 48), "Pier"));
    app.send(guest).await.expect_problem("unauthenticated");
    assert_eq!(remains(&app).await, NOTHING);
}
