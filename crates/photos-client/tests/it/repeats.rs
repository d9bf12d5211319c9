//! What is repeated, what is not, and what a caller is told.

use std::time::Duration;

use photos_client::{Client, ClientError, PhotoId, ProblemCode, RetryPolicy};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::raw::{Raw, answer, read_request};
use crate::{builder, client, photo, problem, user};

#[tokio::test]
async fn a_busy_service_is_asked_again() {
    let server = MockServer::start().await;
    for (status, code) in [(503, "overloaded"), (429, "rate-limited")] {
        Mock::given(method("GET"))
            .respond_with(problem(status, code).insert_header("retry-after", "0"))
            .up_to_n_times(1)
            .expect(1)
            .mount(&server)
            .await;
    }
    Mock::given(path("/api/v1/users/me"))
        .respond_with(ResponseTemplate::new(200).set_body_json(user()))
        .expect(1)
        .mount(&server)
        .await;
    assert_eq!(client(&server.uri()).users().me().await.unwrap().username, "ann");
}

#[tokio::test]
async fn patience_ends() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .respond_with(problem(503, "database-unavailable"))
        .expect(4)
        .mount(&server)
        .await;
    let error = client(&server.uri()).users().me().await.unwrap_err();
    assert_eq!(error.code(), Some(ProblemCode::DatabaseUnavailable));
}

#[tokio::test]
async fn other_refusals_are_final() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .respond_with(problem(500, "internal"))
        .expect(1)
        .mount(&server)
        .await;
    let error = client(&server.uri()).users().me().await.unwrap_err();
    assert_eq!(error.problem().unwrap().request_id.as_deref(), Some("r1"));
}

/// Breaks the first connection after its request.
async fn breaks_once(status: u16, body: String) -> Raw {
    Raw::start(move |number, mut socket| {
        let body = body.clone();
        async move {
            read_request(&mut socket).await;
            if number > 0 {
                answer(&mut socket, status, "application/json", &body).await;
            }
        }
    })
    .await
}

#[tokio::test]
async fn a_broken_connection_is_made_again_where_that_is_harmless() {
    let server = breaks_once(200, photo("Pier").to_string()).await;
    let photo = client(&server.url)
        .photos()
        .publish(PhotoId::now())
        .await
        .unwrap();
    assert_eq!((photo.name.as_str(), server.connections()), ("Pier", 2));
}

#[tokio::test]
async fn a_broken_connection_is_final_where_it_is_not() {
    let server = breaks_once(201, user().to_string()).await;
    let error = client(&server.url)
        .users()
        .register("ann", "correct horse")
        .await
        .unwrap_err();
    assert!(matches!(error, ClientError::Broken { .. }), "{error}");
    assert_eq!(server.connections(), 1);

    let server = breaks_once(200, photo("Pier").to_string()).await;
    let error = client(&server.url)
        .photos()
        .if_version(1)
        .publish(PhotoId::now())
        .await
        .unwrap_err();
    assert!(matches!(error, ClientError::Broken { .. }), "{error}");
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_silent_service_is_a_timeout() {
    let server = Raw::start(|_, mut socket| async move {
        read_request(&mut socket).await;
        std::future::pending::<()>().await;
    })
    .await;
    let client = builder(&server.url)
        .timeout(Duration::from_millis(50))
        .build()
        .unwrap();
    let error = client.users().me().await.unwrap_err();
    assert!(matches!(error, ClientError::Timeout { .. }), "{error}");
}

#[tokio::test]
async fn an_absent_service_is_told_with_its_address() {
    let client = Client::builder("http://127.0.0.1:1")
        .retry(RetryPolicy::never())
        .build()
        .unwrap();
    let error = client.users().me().await.unwrap_err();
    assert!(matches!(error, ClientError::Unreachable { .. }), "{error}");
    assert!(
        error.to_string().contains("http://127.0.0.1:1/api/v1/users/me"),
        "{error}"
    );
}

#[tokio::test]
async fn another_program_is_told_as_such() {
    let server = MockServer::start().await;
    let client = client(&server.uri());
    let error = client.users().me().await.unwrap_err();
    assert!(
        matches!(error, ClientError::Unexpected { status: 404, .. }),
        "{error}"
    );

    Mock::given(method("GET"))
        .respond_with(ResponseTemplate::new(200).set_body_string("<html>"))
        .mount(&server)
        .await;
    let error = client.users().me().await.unwrap_err();
    assert!(matches!(error, ClientError::Body { .. }), "{error}");
}

#[tokio::test]
async fn redirects_are_told_and_not_followed() {
    let server = MockServer::start().await;
    let there = format!("{}/elsewhere", server.uri());
    Mock::given(path("/api/v1/users/me"))
        .respond_with(ResponseTemplate::new(307).insert_header("location", there.as_str()))
        .mount(&server)
        .await;
    Mock::given(path("/elsewhere"))
        .respond_with(ResponseTemplate::new(200))
        .expect(0)
        .mount(&server)
        .await;
    let error = client(&server.uri()).users().me().await.unwrap_err();
    assert!(error.to_string().contains(&there), "{error}");
}

#[tokio::test]
async fn localhost_names_are_this_machine() {
    let server = MockServer::start().await;
    Mock::given(path("/base/api/v1/users/me"))
        .respond_with(ResponseTemplate::new(200).set_body_json(user()))
        .mount(&server)
        .await;
    let port = server.address().port();
    for base in [
        format!("http://hmlet.photos.local.localhost:{port}/base/"),
        format!("http://localhost:{port}/base"),
    ] {
        assert_eq!(client(&base).users().me().await.unwrap().username, "ann");
    }
}

#[test]
fn wrong_addresses_are_refused() {
    for wrong in ["", "photos", "ftp://photos", "http://ann:secret@photos"] {
        let error = Client::new(wrong).err().unwrap();
        assert!(matches!(error, ClientError::Invalid(_)), "{error}");
    }
}
