//! What programs need that call for somebody else: headers that go along, pictures as streams, renewal when they say so.

use std::sync::Arc;

use futures_util::TryStreamExt;
use photos_client::types::TokenResponse;
use photos_client::{ClientError, ImageRequest, MemoryStore, PhotoId, TokenStore, Tokens};
use reqwest::header::{HeaderMap, HeaderValue, USER_AGENT};
use serde_json::json;
use wiremock::matchers::{body_json, header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::{client, problem, tokens};

#[tokio::test]
async fn headers_go_along_with_every_call() {
    let server = MockServer::start().await;
    Mock::given(path("/api/v1/tags"))
        .and(header("user-agent", "Browser/1"))
        .and(header("x-forwarded-for", "192.0.2.7"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "results": [] })))
        .expect(1)
        .mount(&server)
        .await;
    let mut headers = HeaderMap::new();
    headers.insert(USER_AGENT, HeaderValue::from_static("Browser/1"));
    headers.insert("x-forwarded-for", HeaderValue::from_static("192.0.2.7"));
    client(&server.uri())
        .with_headers(headers)
        .tags("")
        .await
        .unwrap();
}

#[tokio::test]
async fn a_picture_is_a_stream() {
    let server = MockServer::start().await;
    let id = PhotoId::now();
    Mock::given(path(format!("/api/v1/photos/{id}/images/small")))
        .and(query_param("v", "abc"))
        .and(header("accept", "image/webp"))
        .respond_with(
            ResponseTemplate::new(200)
                .insert_header("etag", "\"e\"")
                .set_body_bytes(b"picture"),
        )
        .mount(&server)
        .await;
    Mock::given(header("if-none-match", "\"e\""))
        .respond_with(ResponseTemplate::new(304))
        .with_priority(1)
        .mount(&server)
        .await;
    Mock::given(path(format!("/api/v1/photos/{id}/images/huge")))
        .respond_with(problem(404, "not-found"))
        .mount(&server)
        .await;
    let photos = client(&server.uri()).photos();
    let mut asked = ImageRequest {
        version: Some("abc".to_owned()),
        accept: Some("image/webp".to_owned()),
        if_none_match: None,
    };
    let picture = photos.open_image(id, "small", &asked).await.unwrap();
    assert_eq!((picture.is_not_modified(), picture.length()), (false, Some(7)));
    assert_eq!(picture.headers()["etag"], "\"e\"");
    let bytes: Vec<_> = picture.bytes().try_collect().await.unwrap();
    assert_eq!(bytes.concat(), b"picture");

    asked.if_none_match = Some("\"e\"".to_owned());
    assert!(
        photos
            .open_image(id, "small", &asked)
            .await
            .unwrap()
            .is_not_modified()
    );
    let refused = photos.open_image(id, "huge", &ImageRequest::default()).await;
    assert_eq!(
        refused
            .err()
            .and_then(|error| error.problem().map(|problem| problem.status)),
        Some(404)
    );
}

#[tokio::test]
async fn a_token_is_exchanged_when_asked_for() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/api/v1/auth/refresh"))
        .and(body_json(json!({ "refresh_token": "refresh-1" })))
        .respond_with(ResponseTemplate::new(200).set_body_json(tokens(2)))
        .expect(1)
        .mount(&server)
        .await;
    let first: TokenResponse = serde_json::from_value(tokens(1)).unwrap();
    let store = Arc::new(MemoryStore::with(Tokens::new(
        "ann".to_owned(),
        first,
        jiff::Timestamp::now(),
    )));
    let client = client(&server.uri()).with_tokens(store.clone());
    client.auth().refresh().await.unwrap();
    let kept = store.load().unwrap().unwrap();
    assert_eq!(
        (kept.access_token.as_str(), kept.refresh_token.as_deref()),
        ("access-2", Some("refresh-2"))
    );
    let nobody = client.guest().auth().refresh().await;
    assert!(matches!(nobody, Err(ClientError::NotLoggedIn)));
}
