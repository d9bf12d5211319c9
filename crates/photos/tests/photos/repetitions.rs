//! `Idempotency-Key`: the repetition of an upload gets the first answer.

use std::time::Duration;

use photos_api::Photo;
use photos_client::{NewPhoto, ProblemCode};
use reqwest::multipart::Form;
use reqwest::{Method, StatusCode};
use rstest::rstest;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::kit::{self, creation, file, form, remains};
use crate::pictures;
use crate::support::app::authorise;
use crate::support::{Answer, Backend, Login, TestApp};

async fn keyed(app: &TestApp, who: &Login, key: &str, form: Form) -> Answer {
    app.send(creation(app, who, form).header("idempotency-key", key))
        .await
}

#[rstest]
#[case(Backend::SqliteDisk)]
#[case(Backend::PostgresS3)]
#[tokio::test]
async fn the_same_again_is_the_same_photo(#[case] backend: Backend) {
    let Some((app, ann)) = kit::with_ann(backend).await else {
        return;
    };
    let replica = app.replica().await;
    let good = || form(pictures::jpeg(64, 48), "Pier");
    let first = keyed(&app, &ann, "k1", good()).await.expect(StatusCode::CREATED);
    assert_eq!(first.header("idempotency-replayed"), "");
    // Every try has a boundary of its own.
    let again = keyed(&replica, &ann, "k1", good())
        .await
        .expect(StatusCode::CREATED);
    assert_eq!(again.header("idempotency-replayed"), "true");
    for header in ["etag", "content-type"] {
        assert_eq!(again.header(header), first.header(header), "{header}");
    }
    assert_eq!(again.json()["id"], first.json()["id"]);
    assert_eq!(remains(&app).await.photos, 1);

    for other in [
        form(pictures::jpeg(64, 48), "Quay"),
        form(pictures::jpeg(65, 48), "Pier"),
        good().text("draft", "false"),
    ] {
        keyed(&app, &ann, "k1", other)
            .await
            .expect_problem("idempotency-mismatch");
    }
    let bob = app.user("bob").await;
    let his = keyed(&app, &bob, "k1", good()).await.expect(StatusCode::CREATED);
    assert_eq!(his.header("idempotency-replayed"), "");
    assert_eq!(remains(&app).await.photos, 2);
}

#[rstest]
#[case(Backend::SqliteDisk)]
#[case(Backend::PostgresS3)]
#[tokio::test]
async fn tries_at_the_same_moment_make_one_photo(#[case] backend: Backend) {
    let Some((app, ann)) = kit::with_ann(backend).await else {
        return;
    };
    let tries = (0..8).map(|_| keyed(&app, &ann, "k1", form(pictures::jpeg(64, 48), "Pier")));
    let answers = futures_util::future::join_all(tries).await;
    let made: Vec<Photo> = answers
        .into_iter()
        .filter_map(|answer| match answer.status {
            201 => Some(answer.into()),
            _ => {
                answer.expect_problem("idempotency-in-progress");
                None
            }
        })
        .collect();
    assert!(made.windows(2).all(|pair| pair[0].id == pair[1].id) && !made.is_empty());
    assert_eq!(remains(&app).await.photos, 1);
}

#[tokio::test]
async fn a_refusal_frees_its_key() {
    let (app, ann) = kit::with_ann(Backend::SqliteDisk).await.unwrap();
    keyed(&app, &ann, "k1", form(b"text".to_vec(), "Pier"))
        .await
        .expect_problem("unsupported-image");
    // The key is released a moment after the answer.
    let answer = loop {
        let answer = keyed(&app, &ann, "k1", form(pictures::jpeg(64, 48), "Pier")).await;
        if answer.status != 409 {
            break answer;
        }
    };
    assert_eq!(
        answer.expect(StatusCode::CREATED).header("idempotency-replayed"),
        ""
    );
    let spaces = creation(&app, &ann, form(pictures::jpeg(64, 48), "Pier")).header("idempotency-key", "a b");
    app.send(spaces).await.expect_faults(&["idempotency-key"]);
}

/// How an upload breaks off right behind its head.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    /// With what is no chunk.
    Broken,
    /// The same, and the client says no more.
    Closed,
    /// By a reset.
    Reset,
}

/// Begins an upload with a key that breaks off right behind its head. Gives the answer.
async fn break_off(app: &TestApp, who: &Login, key: &str, end: End) -> String {
    let reset = end == End::Reset;
    let address = app.url("").trim_start_matches("http://").to_owned();
    let mut socket = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /api/v1/photos HTTP/1.1\r\nHost: photos\r\nAuthorization: Bearer {}\r\nIdempotency-Key: {key}\r\n\
         Content-Type: multipart/form-data; boundary=x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        who.access
    );
    let sent = if reset {
        head.strip_suffix("zz\r\n").unwrap()
    } else {
        &head
    };
    socket.write_all(sent.as_bytes()).await.unwrap();
    if end == End::Closed {
        socket.shutdown().await.unwrap();
    }
    let mut answer = String::new();
    if reset {
        socket.set_zero_linger().unwrap();
    } else {
        socket.read_to_string(&mut answer).await.unwrap();
    }
    answer
}

#[rstest]
#[case(Backend::SqliteDisk)]
#[case(Backend::PostgresS3)]
#[tokio::test]
async fn a_call_that_breaks_off_at_once_is_answered_and_frees_its_key(#[case] backend: Backend) {
    let Some((app, ann)) = kit::with_ann(backend).await else {
        return;
    };
    let photos = app.by(&ann).photos();
    for n in 0..24 {
        let (key, end) = (format!("k{n}"), [End::Broken, End::Closed, End::Reset][n % 3]);
        let answer = break_off(&app, &ann, &key, end).await;
        if end != End::Reset {
            assert!(answer.starts_with("HTTP/1.1 400 "), "{n}: {answer:?}");
            assert!(answer.contains("application/problem+json"), "{n}: {answer:?}");
        }
        let good = NewPhoto::from_bytes("Pier", pictures::jpeg(64, 48)).idempotency_key(&key);
        // Long before its lease is over.
        let freed = tokio::time::timeout(Duration::from_secs(30), async {
            loop {
                match photos.create(good.clone()).await {
                    Err(error) if error.code() == Some(ProblemCode::IdempotencyInProgress) => {
                        tokio::time::sleep(Duration::from_millis(10)).await;
                    }
                    created => break created.unwrap(),
                }
            }
        });
        freed
            .await
            .unwrap_or_else(|_| panic!("{n}: the key is still held"));
    }
    assert_eq!(remains(&app).await.photos, 24);
}

#[tokio::test]
async fn a_batch_is_repeated_as_a_whole() {
    let (app, ann) = kit::with_ann(Backend::SqliteDisk).await.unwrap();
    let send = || {
        let items =
            json!([{"image": "a", "name": "A"}, {"image": "b", "name": "B"}, {"image": "c", "name": "C"}]);
        let form = Form::new()
            .text("items", items.to_string())
            .part("a", file(pictures::jpeg(64, 48)))
            .part("b", file(b"text".to_vec()));
        let request = authorise(app.request(Method::POST, "/photos/batch?mode=each"), Some(&ann));
        app.send(request.header("idempotency-key", "batch").multipart(form))
    };
    let first = send().await.expect(StatusCode::MULTI_STATUS);
    let again = send().await.expect(StatusCode::MULTI_STATUS);
    assert_eq!(
        (again.header("idempotency-replayed"), again.json()),
        ("true", first.json())
    );
    assert_eq!(
        first.json()["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|r| r["status"].clone())
            .collect::<Vec<_>>(),
        [201, 415, 422]
    );
    assert_eq!(remains(&app).await.photos, 1);
}
