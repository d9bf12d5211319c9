//! Registration, the login throttle, and many logins at once.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use futures_util::future::join_all;
use photos_client::ProblemCode;
use reqwest::{Method, StatusCode};
use rstest::rstest;
use serde_json::json;
use support::app::{PASSWORD, refusal};
use support::{Answer, Backend, TestApp};

async fn try_login(app: &TestApp, username: &str, password: &str) -> Answer {
    app.post(
        None,
        "/auth/token",
        &json!({"username": username, "password": password}),
    )
    .await
}

/// Whether a login through the typed client gets in, or why not.
async fn log_in(app: &TestApp, username: &str, password: &str) -> Result<(), ProblemCode> {
    let done = app.guest().auth().login(username, password).await;
    done.map_err(|error| error.code().unwrap())
}

/// A login through the ingress, from a client's address.
async fn try_login_from(app: &TestApp, address: &str, username: &str, password: &str) -> Answer {
    let body = json!({"username": username, "password": password});
    let request = app
        .request(Method::POST, "/auth/token")
        .header("x-forwarded-for", address)
        .json(&body);
    app.send(request).await
}

#[rstest]
#[case::sqlite(Backend::SqliteDisk)]
#[case::postgres(Backend::PostgresS3)]
#[tokio::test]
async fn a_registration_names_all_that_is_wrong(#[case] backend: Backend) {
    let Some(app) = TestApp::on(backend).await else {
        return;
    };
    let register = |username: &str, password: &str| {
        let body = json!({"username": username, "password": password});
        let app = &app;
        async move { app.post(None, "/users", &body).await }
    };
    register("A", "short")
        .await
        .expect_faults(&["username", "password"]);
    for username in ["Ann", "an", ".ann", "ann ", "änn", "a\u{0}n", &"x".repeat(33)] {
        register(username, PASSWORD).await.expect_faults(&["username"]);
    }
    for password in ["", "nine char", &"x".repeat(129)] {
        register("ann", password).await.expect_faults(&["password"]);
    }
    let users = app.guest().users();
    let made = users.register("0.a-b_c", &"ü".repeat(128)).await.unwrap();
    assert_eq!(made.username, "0.a-b_c");
    assert_eq!(log_in(&app, "0.a-b_c", &"ü".repeat(128)).await, Ok(()));
}

#[rstest]
#[case::sqlite(Backend::SqliteDisk)]
#[case::postgres(Backend::PostgresS3)]
#[tokio::test]
async fn a_username_is_taken_once(#[case] backend: Backend) {
    let Some(app) = TestApp::on(backend).await else {
        return;
    };
    let users = app.guest().users();
    let answers = join_all((0..8).map(|_| users.register("ann", PASSWORD))).await;
    let (made, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!(made.len(), 1);
    for answer in refused {
        assert_eq!(refusal(answer), ProblemCode::UsernameTaken);
    }
}

#[tokio::test]
async fn a_closed_stage_registers_nobody() {
    let app = TestApp::build(Backend::SqliteDisk)
        .set("PS_REGISTRATION", "closed")
        .start()
        .await
        .unwrap();
    let refused = app.guest().users().register("ann", PASSWORD).await;
    assert_eq!(refusal(refused), ProblemCode::RegistrationClosed);
    assert_eq!(
        log_in(&app, "ann", PASSWORD).await,
        Err(ProblemCode::InvalidCredentials)
    );
    app.admin().await;
}

#[rstest]
#[case::sqlite(Backend::SqliteDisk)]
#[case::postgres(Backend::PostgresS3)]
#[tokio::test]
async fn after_ten_failures_the_right_password_does_not_help(#[case] backend: Backend) {
    let Some(app) = TestApp::on(backend).await else {
        return;
    };
    app.user("ann").await;
    for _ in 0..10 {
        try_login(&app, "ann", "wrong password")
            .await
            .expect_problem("invalid-credentials");
    }
    let refused = try_login(&app, "ann", PASSWORD)
        .await
        .expect_problem("rate-limited");
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=900).contains(&wait), "{wait}");
    app.user("bob").await;
}

#[tokio::test]
async fn guesses_at_once_are_no_more_than_guesses_one_by_one() {
    let app = TestApp::build(Backend::SqliteDisk)
        .set("PS_QUEUE_TIMEOUT", "10m")
        .start()
        .await
        .unwrap();
    app.user("ann").await;
    let answers = join_all((0..30).map(|_| try_login(&app, "ann", "wrong password"))).await;
    let told = answers.iter().filter(|answer| answer.status == 401).count();
    let refused = answers.iter().filter(|answer| answer.status == 429).count();
    assert_eq!((told, refused), (10, 20));
}

#[tokio::test]
async fn a_wrong_current_password_counts_as_a_failed_login() {
    let app = TestApp::start().await;
    let ann = app.user("ann").await;
    let change = json!({"current_password": "wrong", "new_password": "battery staple"});
    for _ in 0..10 {
        app.post(Some(&ann), "/users/me/password", &change)
            .await
            .expect_faults(&["current_password"]);
    }
    let right = json!({"current_password": PASSWORD, "new_password": "battery staple"});
    app.post(Some(&ann), "/users/me/password", &right)
        .await
        .expect_problem("rate-limited");
    try_login(&app, "ann", PASSWORD)
        .await
        .expect_problem("rate-limited");
}

#[tokio::test]
async fn an_address_fails_fifty_times_whatever_it_claims_to_be() {
    let app = TestApp::build(Backend::SqliteDisk)
        .set("PS_TRUSTED_PROXIES", "127.0.0.0/8")
        .set("PS_QUEUE_TIMEOUT", "10m")
        .start()
        .await
        .unwrap();
    app.user("ann").await;
    for n in 0..50 {
        // What stands left of the address that the proxy saw is the client's own invention.
        let claimed = format!("10.0.0.{n}, 198.51.100.7");
        let failed = try_login_from(&app, &claimed, &format!("user{n}"), PASSWORD).await;
        failed.expect_problem("invalid-credentials");
    }
    try_login_from(&app, "198.51.100.7", "ann", PASSWORD)
        .await
        .expect_problem("rate-limited");
    try_login_from(&app, "198.51.100.8", "ann", PASSWORD)
        .await
        .expect(StatusCode::OK);
}

#[tokio::test]
async fn without_trusted_proxies_nobody_is_believed() {
    let app = TestApp::start().await;
    app.user("ann").await;
    let login = try_login_from(&app, "198.51.100.8", "ann", PASSWORD).await.json();
    let ann = support::Login::read("ann", &login);
    let sessions = app.get(Some(&ann), "/users/me/sessions").await.json();
    let addresses: Vec<_> = sessions["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["address"].clone())
        .collect();
    assert_eq!(addresses, ["127.0.0.1", "127.0.0.1"]);
}

#[tokio::test]
async fn a_hundred_logins_at_once_all_get_in() {
    let app = TestApp::build(Backend::SqliteDisk)
        .set("PS_QUEUE_TIMEOUT", "10m")
        .start()
        .await
        .unwrap();
    app.user("ann").await;
    for login in join_all((0..100).map(|_| log_in(&app, "ann", PASSWORD))).await {
        assert_eq!(login, Ok(()));
    }
}

#[tokio::test]
async fn where_no_password_can_be_hashed_in_time_the_service_is_overloaded() {
    let app = TestApp::build(Backend::SqliteDisk)
        .set("PS_WORKERS", "1")
        .set("PS_QUEUE_TIMEOUT", "0s")
        .with(|env| env.admin_password = None)
        .start()
        .await
        .unwrap();
    let body = json!({"username": "ann", "password": PASSWORD});
    let tries = (0..20).map(|_| app.post(None, "/auth/token", &body));
    let answers = join_all(tries).await;
    assert!(
        answers.iter().any(|answer| answer.status == 503),
        "twenty hashes at once had room"
    );
    for answer in answers {
        let code = if answer.status == 503 {
            "overloaded"
        } else {
            "invalid-credentials"
        };
        if answer.status != 429 {
            answer.expect_problem(code);
        }
    }
}
