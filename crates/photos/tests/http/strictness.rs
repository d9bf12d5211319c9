//! What cannot be read is 400, what can but does not fit is 422.

use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE};
use reqwest::{Method, StatusCode};

use crate::support::{Answer, TestApp};

/// Sends raw bytes as JSON to the registration.
async fn register(app: &TestApp, body: impl Into<reqwest::Body>) -> Answer {
    let request = app
        .request(Method::POST, "/users")
        .header(CONTENT_TYPE, "application/json")
        .body(body);
    app.send(request).await
}

#[tokio::test]
async fn what_cannot_be_read_is_malformed() {
    let app = TestApp::start().await;
    let latin1 = b"{\"username\":\"\xe4nn\",\"password\":\"correct horse\"}".to_vec();
    let bodies: [Vec<u8>; 7] = [
        b"".into(),
        b"{".into(),
        b"nonsense".into(),
        b"{} {}".into(),
        b"{'username':'ann'}".into(),
        "[".repeat(100_000).into(),
        latin1,
    ];
    for body in bodies {
        register(&app, body)
            .await
            .expect_problem("malformed-request")
            .expect(StatusCode::BAD_REQUEST);
    }
    for path in ["/users/me?a=%FF", "/users/%FF", "/users/me/sessions/%C3%28"] {
        app.get(Some(&app.admin().await), path)
            .await
            .expect_problem("malformed-request");
    }
}

#[tokio::test]
async fn what_does_not_fit_is_named() {
    let app = TestApp::start().await;
    for (body, fields) in [
        (r#"{}"#, vec!["username"]),
        (r#"{"username":"ann"}"#, vec!["password"]),
        (r#"{"username":7,"password":"correct horse"}"#, vec!["username"]),
        (
            r#"{"username":null,"password":"correct horse"}"#,
            vec!["username"],
        ),
        (
            r#"{"username":"ann","password":"correct horse","is_staff":true}"#,
            vec!["is_staff"],
        ),
        (r#"["ann","correct horse"]"#, vec!["body"]),
        (r#""ann""#, vec!["body"]),
        (r#"{"username":1e309,"password":"correct horse"}"#, vec!["body"]),
        (
            r#"{"username":"ann","username":"bob","password":"correct horse","password":"x"}"#,
            vec!["username", "password"],
        ),
    ] {
        register(&app, body).await.expect_faults(&fields);
    }
    let login = r#"{"username":"ann","password":"correct horse"}"#;
    register(&app, login).await.expect(StatusCode::CREATED);
}

#[tokio::test]
async fn query_parameters_are_known_and_given_once() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    app.get(Some(&admin), "/users/me?verbose=1")
        .await
        .expect_faults(&["verbose"]);
    app.get(Some(&admin), "/users/me?a=1&a=2")
        .await
        .expect_faults(&["a"]);
    app.get(Some(&admin), "/users/me?").await.expect(StatusCode::OK);
}

#[tokio::test]
async fn json_is_json_of_at_most_a_mebibyte() {
    let app = TestApp::start().await;
    let body = r#"{"username":"ann","password":"correct horse"}"#;
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonp",
        "multipart/form-data",
    ] {
        let request = app
            .request(Method::POST, "/users")
            .header(CONTENT_TYPE, kind)
            .body(body);
        app.send(request).await.expect_problem("unsupported-media-type");
    }
    app.send(app.request(Method::POST, "/users").body(body))
        .await
        .expect_problem("unsupported-media-type");
    let zipped = app
        .request(Method::POST, "/users")
        .header(CONTENT_TYPE, "application/json");
    let zipped = zipped.header(CONTENT_ENCODING, "gzip").body(body);
    app.send(zipped).await.expect_problem("unsupported-media-type");

    let fitting = format!("{body}{}", " ".repeat((1 << 20) - body.len()));
    register(&app, format!("{fitting} "))
        .await
        .expect_problem("body-too-large");
    register(&app, fitting.clone()).await.expect(StatusCode::CREATED);
    let chunks =
        futures_util::stream::iter([fitting.clone(), fitting].map(Ok::<_, std::convert::Infallible>));
    register(&app, reqwest::Body::wrap_stream(chunks))
        .await
        .expect_problem("body-too-large");
    let charset = app
        .request(Method::POST, "/users")
        .header(CONTENT_TYPE, "Application/JSON; charset=utf-8");
    app.send(charset.body(body))
        .await
        .expect_problem("username-taken");
}
