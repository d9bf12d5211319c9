//! The internal port, and starting and stopping.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use reqwest::StatusCode;
use support::{Answer, Backend, TestApp};

async fn internal(app: &TestApp, path: &str) -> Answer {
    app.send(app.client.get(app.internal_url(path))).await
}

#[tokio::test]
async fn health_and_metrics_are_on_the_internal_port_only() {
    let app = TestApp::start().await;
    for path in ["/healthz", "/readyz", "/metrics"] {
        internal(&app, path).await.expect(StatusCode::OK);
        app.send(app.client.get(app.url(path)))
            .await
            .expect_problem("not-found");
    }
    let ready = internal(&app, "/readyz").await.json();
    assert_eq!(
        ready,
        serde_json::json!({"ready": true, "database": true, "store": true, "stopping": false})
    );
}

#[tokio::test]
async fn the_internal_port_answers_with_the_id_of_the_call() {
    let app = TestApp::start().await;
    for path in ["/healthz", "/readyz", "/metrics", "/nowhere"] {
        let asked = app
            .client
            .get(app.internal_url(path))
            .header("x-request-id", "abc-7");
        assert_eq!(app.send(asked).await.header("x-request-id"), "abc-7", "{path}");
        let made = internal(&app, path).await;
        assert!(!made.header("x-request-id").is_empty(), "{path}");
    }
}

#[tokio::test]
async fn metrics_count_routes_not_paths() {
    let app = TestApp::start().await;
    for id in ["0815", "4711"] {
        app.get(None, &format!("/users/me/sessions/{id}"))
            .await
            .expect_problem("method-not-allowed");
        app.get(None, &format!("/nowhere/{id}"))
            .await
            .expect_problem("not-found");
    }
    app.get(None, "/users/me").await.expect_problem("unauthenticated");
    let metrics = internal(&app, "/metrics").await.text();
    for line in [
        r#"photos_http_requests_total{endpoint="/api/v1/users/me",method="GET",status="401"} 1"#,
        r#"photos_http_requests_total{endpoint="unmatched",method="GET",status="404"} 2"#,
        r#"photos_http_requests_duration_seconds_count{endpoint="/api/v1/users/me",method="GET",status="401"} 1"#,
        r#"photos_build_info{version="0.1.0"} 1"#,
        r#"photos_objects{state="live"} 0"#,
        r#"photos_uploads_total{result="created"} 0"#,
        "photos_decode_bytes 0",
        "photos_variants_total 0",
    ] {
        assert!(metrics.contains(line), "{line} is missing in:\n{metrics}");
    }
    for written_by_a_caller in ["0815", "4711", "nowhere"] {
        assert!(!metrics.contains(written_by_a_caller), "{metrics}");
    }
}

#[tokio::test]
async fn a_second_service_on_the_same_address_says_whose_it_is() {
    let app = TestApp::start().await;
    let address: std::net::SocketAddr = app.url("").strip_prefix("http://").unwrap().parse().unwrap();
    let mut env = app.env.clone();
    env.listen = address;
    let second = photos::http::server::Service::start(env, photos::app::Options::default()).await;
    let error = second.err().map(|error| error.to_string()).unwrap();
    assert!(
        error.contains("PS_LISTEN") && error.contains(&address.to_string()),
        "{error}"
    );
}

#[tokio::test]
async fn the_first_superuser_is_made_once() {
    let app = TestApp::build(Backend::SqliteDisk)
        .set("PS_ADMIN_USERNAME", "root")
        .start()
        .await
        .unwrap();
    let me = app.get(Some(&app.login("root").await), "/users/me").await.json();
    assert_eq!(me["is_staff"], true);
    let mut later = app.env.clone();
    later.admin_username = "another".parse().unwrap();
    let replica = app.replica_with(later).await;
    let body = serde_json::json!({"username": "another", "password": support::app::PASSWORD});
    replica
        .post(None, "/auth/token", &body)
        .await
        .expect_problem("invalid-credentials");
    replica.login("root").await;
}

#[tokio::test]
async fn who_registers_the_superusers_name_first_is_out_when_the_superuser_is_made() {
    let app = TestApp::build(Backend::SqliteDisk)
        .set("PS_ADMIN_USERNAME", "root")
        .with(|env| env.admin_password = None)
        .start()
        .await
        .unwrap();
    let credentials = |password: &str| serde_json::json!({"username": "root", "password": password});
    let registered = app.post(None, "/users", &credentials("squatters-password")).await;
    registered.expect(StatusCode::CREATED);
    let tokens = app
        .post(None, "/auth/token", &credentials("squatters-password"))
        .await;
    let squatter = tokens.expect(StatusCode::OK).json();
    let squatter = squatter["access_token"].as_str().unwrap();

    let mut later = app.env.clone();
    later.admin_password = Some(config::Secret::new(support::app::PASSWORD.to_owned()));
    let replica = app.replica_with(later).await;
    let me = replica.get(Some(&replica.login("root").await), "/users/me").await;
    assert_eq!(me.json()["is_staff"], true);
    replica
        .post(None, "/auth/token", &credentials("squatters-password"))
        .await
        .expect_problem("invalid-credentials");
    let stolen = replica
        .client
        .get(replica.url("/api/v1/users/me"))
        .bearer_auth(squatter);
    replica.send(stolen).await.expect_problem("invalid-token");
}
