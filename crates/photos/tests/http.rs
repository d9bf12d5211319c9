//! What holds for every call: ids, methods, strict reading, problems, headers, the document.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

#[path = "http/document.rs"]
mod document;
#[path = "http/faults.rs"]
mod faults;
#[path = "http/fuzz.rs"]
mod fuzz;
#[path = "http/strictness.rs"]
mod strictness;

use reqwest::{Method, StatusCode};
use support::TestApp;

#[tokio::test]
async fn every_answer_has_a_request_id() {
    let app = TestApp::start().await;
    let sane = app
        .request(Method::GET, "/users/me")
        .header("x-request-id", "my-id.1");
    assert_eq!(app.send(sane).await.header("x-request-id"), "my-id.1");
    for insane in ["two words", "<script>", &"x".repeat(129)] {
        let request = app
            .request(Method::GET, "/nowhere")
            .header("x-request-id", insane);
        assert_eq!(app.send(request).await.header("x-request-id").len(), 36);
    }
    for path in ["/", "/docs", "/docs/", "/openapi.json", "/nowhere"] {
        let answer = app.send(app.client.get(app.url(path))).await;
        assert_eq!(answer.header("x-request-id").len(), 36, "{path}");
    }
}

#[tokio::test]
async fn a_path_that_is_there_names_its_methods() {
    let app = TestApp::start().await;
    for (method, path, allow) in [
        (Method::PUT, "/users/me", "GET, HEAD"),
        (Method::DELETE, "/users", "POST"),
        (Method::GET, "/auth/token", "POST"),
        (
            Method::GET,
            "/users/me/sessions/0199a3c4-5b6d-7e8f-9012-3456789abcde",
            "DELETE",
        ),
        (Method::OPTIONS, "/users/me", "GET, HEAD"),
    ] {
        let answer = app
            .bare(method, None, path)
            .await
            .expect_problem("method-not-allowed");
        assert_eq!(answer.status, 405);
        assert_eq!(answer.header("allow"), allow, "{path}");
    }
    for nowhere in ["", "/", "/nowhere", "/users/", "/users/you", "/../../etc/passwd"] {
        app.bare(Method::GET, None, nowhere)
            .await
            .expect_problem("not-found");
    }
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let app = TestApp::start().await;
    let ann = app.user("ann").await;
    for who in [None, Some(&ann)] {
        let get = app.get(who, "/users/me").await;
        let head = app.bare(Method::HEAD, who, "/users/me").await;
        assert_eq!(head.status, get.status);
        assert_eq!(head.header("content-type"), get.header("content-type"));
        assert_eq!(head.body, b"");
    }
    let get = app.send(app.client.get(app.url("/openapi.json"))).await;
    let head = app
        .send(app.client.head(app.url("/openapi.json")))
        .await
        .expect(StatusCode::OK);
    assert_eq!(head.header("content-length"), get.body.len().to_string());
    app.bare(Method::HEAD, None, "/auth/token")
        .await
        .expect(StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn answers_give_nothing_away_to_browsers() {
    let app = TestApp::start().await;
    for path in ["/api/v1/users/me", "/docs/", "/openapi.json", "/"] {
        let answer = app.send(app.client.get(app.url(path))).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert!(
            answer
                .header("content-security-policy")
                .starts_with("default-src"),
            "{path}"
        );
        assert_eq!(answer.header("server"), "", "{path}");
    }
    assert_eq!(
        app.get(None, "/users/me").await.header("cache-control"),
        "no-store"
    );
}
