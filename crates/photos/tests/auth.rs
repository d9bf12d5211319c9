//! Logging in, refreshing, logging out, sessions and passwords.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use jiff::{SignedDuration, Timestamp};
use photos::auth::refresh;
use photos::db::sessions::NewSession;
use photos_api::{SessionId, UserId};
use photos_client::ProblemCode;
use reqwest::header::USER_AGENT;
use reqwest::{Method, StatusCode};
use rstest::rstest;
use serde_json::json;
use support::app::{Login, PASSWORD, authorise, refusal};
use support::{Backend, TestApp};

/// The ids behind a login.
async fn ids(app: &TestApp, who: &Login) -> (UserId, SessionId) {
    let users = app.by(who).users();
    let (me, sessions) = (users.me().await.unwrap(), users.sessions().await.unwrap());
    let mine = sessions.iter().find(|session| session.current).unwrap();
    (me.id, mine.id)
}

async fn refresh_with(app: &TestApp, token: &str) -> support::Answer {
    app.post(None, "/auth/refresh", &json!({ "refresh_token": token }))
        .await
}

#[rstest]
#[case::sqlite(Backend::SqliteDisk)]
#[case::postgres(Backend::PostgresS3)]
#[tokio::test]
async fn a_login_is_a_session(#[case] backend: Backend) {
    let Some(app) = TestApp::on(backend).await else {
        return;
    };
    let body = json!({"username": "ann", "password": PASSWORD});
    let made = app
        .post(None, "/users", &body)
        .await
        .expect(StatusCode::CREATED)
        .json();
    let tokens = app.post(None, "/auth/token", &body).await.expect(StatusCode::OK);
    assert_eq!(tokens.header("cache-control"), "no-store");
    let tokens = tokens.json();
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["expires_in"], 900);
    assert_eq!(tokens["refresh_expires_in"], 604_800);

    let me = app
        .get(Some(&Login::read("ann", &tokens)), "/users/me")
        .await
        .expect(StatusCode::OK)
        .json();
    assert_eq!(me, made);
    assert_eq!(me["is_staff"], false);
    assert_eq!(
        me["created_at"].as_str().unwrap().len(),
        "2026-01-02T03:04:05.678901Z".len()
    );
}

#[rstest]
#[case::sqlite(Backend::SqliteDisk)]
#[case::postgres(Backend::PostgresS3)]
#[tokio::test]
async fn nobody_learns_whether_a_user_exists(#[case] backend: Backend) {
    let Some(app) = TestApp::on(backend).await else {
        return;
    };
    app.user("ann").await;
    let mut answers = Vec::new();
    for (username, password) in [
        ("ann", "wrong password"),
        ("nobody", PASSWORD),
        ("Ann", PASSWORD),
        ("ann\0", PASSWORD),
        ("", ""),
    ] {
        let body = json!({"username": username, "password": password});
        let answer = app
            .post(None, "/auth/token", &body)
            .await
            .expect_problem("invalid-credentials");
        answers.push(answer.json()["detail"].clone());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
}

#[rstest]
#[case::sqlite(Backend::SqliteDisk)]
#[case::postgres(Backend::PostgresS3)]
#[tokio::test]
async fn an_ended_session_is_refused_at_once(#[case] backend: Backend) {
    let Some(app) = TestApp::on(backend).await else {
        return;
    };
    let ann = app.user("ann").await;
    let logout = json!({"refresh_token": ann.refresh});
    app.post(None, "/auth/logout", &logout)
        .await
        .expect(StatusCode::NO_CONTENT);
    app.get(Some(&ann), "/users/me")
        .await
        .expect_problem("invalid-token");
    refresh_with(&app, &ann.refresh)
        .await
        .expect(StatusCode::UNAUTHORIZED);
    app.post(None, "/auth/logout", &logout)
        .await
        .expect(StatusCode::NO_CONTENT);
}

#[rstest]
#[case::sqlite(Backend::SqliteDisk)]
#[case::postgres(Backend::PostgresS3)]
#[tokio::test]
async fn logging_out_everywhere_spares_only_others(#[case] backend: Backend) {
    let Some(app) = TestApp::on(backend).await else {
        return;
    };
    let (here, bob) = (app.user("ann").await, app.user("bob").await);
    let there = app.login("ann").await;
    let everywhere = json!({"everywhere": true});
    app.post(None, "/auth/logout", &everywhere)
        .await
        .expect_problem("unauthenticated");
    app.post(Some(&here), "/auth/logout", &everywhere)
        .await
        .expect(StatusCode::NO_CONTENT);
    for ended in [&here, &there] {
        app.get(Some(ended), "/users/me")
            .await
            .expect_problem("invalid-token");
        refresh_with(&app, &ended.refresh)
            .await
            .expect_problem("invalid-token");
    }
    app.get(Some(&bob), "/users/me").await.expect(StatusCode::OK);

    for unclear in [
        json!({}),
        json!({"everywhere": false}),
        json!({"everywhere": true, "refresh_token": "x"}),
    ] {
        app.post(Some(&bob), "/auth/logout", &unclear)
            .await
            .expect_faults(&["body"]);
    }
}

#[rstest]
#[case::sqlite(Backend::SqliteDisk)]
#[case::postgres(Backend::PostgresS3)]
#[tokio::test]
async fn a_refresh_token_used_twice_ends_its_session(#[case] backend: Backend) {
    let Some(app) = TestApp::on(backend).await else {
        return;
    };
    let stolen = app.user("ann").await;
    let elsewhere = app.login("ann").await;
    let next = refresh_with(&app, &stolen.refresh)
        .await
        .expect(StatusCode::OK)
        .json();
    let next = Login::read("ann", &next);
    app.get(Some(&next), "/users/me").await.expect(StatusCode::OK);
    app.get(Some(&stolen), "/users/me").await.expect(StatusCode::OK);

    refresh_with(&app, &stolen.refresh)
        .await
        .expect_problem("refresh-reused");
    for of_the_family in [&stolen, &next] {
        app.get(Some(of_the_family), "/users/me")
            .await
            .expect_problem("invalid-token");
    }
    refresh_with(&app, &next.refresh)
        .await
        .expect(StatusCode::UNAUTHORIZED);
    app.get(Some(&elsewhere), "/users/me")
        .await
        .expect(StatusCode::OK);
}

#[rstest]
#[case::sqlite(Backend::SqliteDisk)]
#[case::postgres(Backend::PostgresS3)]
#[tokio::test]
async fn tokens_end_by_time_and_say_so(#[case] backend: Backend) {
    let Some(app) = TestApp::on(backend).await else {
        return;
    };
    let ann = app.user("ann").await;
    let (user, session) = ids(&app, &ann).await;
    let past = Timestamp::now() - SignedDuration::from_mins(16);
    let old = Login {
        access: app.app().tokens.sign(user, session, past).unwrap(),
        ..ann.clone()
    };
    app.get(Some(&old), "/users/me")
        .await
        .expect_problem("expired-token");

    let token = refresh::generate().unwrap();
    let expired = NewSession {
        user_id: user,
        address: "192.0.2.1".into(),
        user_agent: String::new(),
        refresh_hash: refresh::hash(&token),
        expires_at: past,
    };
    app.app()
        .db
        .open_session(expired, past - SignedDuration::from_mins(1))
        .await
        .unwrap()
        .unwrap();
    refresh_with(&app, &token).await.expect_problem("expired-token");
    refresh_with(&app, "never given out")
        .await
        .expect_problem("invalid-token");
}

#[rstest]
#[case::sqlite(Backend::SqliteDisk)]
#[case::postgres(Backend::PostgresS3)]
#[tokio::test]
async fn a_token_of_another_kind_is_no_pass(#[case] backend: Backend) {
    let Some(app) = TestApp::on(backend).await else {
        return;
    };
    let ann = app.user("ann").await;
    app.get(None, "/users/me").await.expect_problem("unauthenticated");
    let (user, session) = ids(&app, &ann).await;
    let unknown = app
        .app()
        .tokens
        .sign(user, SessionId::now(), Timestamp::now())
        .unwrap();
    let others = app
        .app()
        .tokens
        .sign(UserId::now(), session, Timestamp::now())
        .unwrap();
    for false_token in [
        "nonsense",
        &ann.refresh,
        &unknown,
        &others,
        &format!("{}x", ann.access),
    ] {
        let login = Login {
            access: false_token.to_owned(),
            ..ann.clone()
        };
        app.get(Some(&login), "/users/me")
            .await
            .expect_problem("invalid-token");
    }
    let basic = app
        .request(Method::GET, "/users/me")
        .basic_auth("ann", Some(PASSWORD));
    app.send(basic).await.expect_problem("unauthenticated");
}

#[rstest]
#[case::sqlite(Backend::SqliteDisk)]
#[case::postgres(Backend::PostgresS3)]
#[tokio::test]
async fn a_user_sees_and_ends_the_own_sessions(#[case] backend: Backend) {
    let Some(app) = TestApp::on(backend).await else {
        return;
    };
    let here = app.user("ann").await;
    let bob = app.user("bob").await;
    let body = json!({"username": "ann", "password": PASSWORD});
    let phone = app
        .request(Method::POST, "/auth/token")
        .header(USER_AGENT, "phone")
        .json(&body);
    let there = Login::read("ann", &app.send(phone).await.json());

    let mine = app.by(&here).users();
    let sessions = mine.sessions().await.unwrap();
    assert_eq!(sessions.len(), 2);
    assert_eq!(sessions.iter().filter(|session| session.current).count(), 1);
    let phone = sessions
        .iter()
        .find(|session| session.user_agent.as_deref() == Some("phone"))
        .unwrap();
    assert_eq!(
        (phone.current, phone.address.as_deref()),
        (false, Some("127.0.0.1"))
    );
    assert!(phone.created_at <= phone.last_used_at);

    let foreign = app.by(&bob).users().end_session(phone.id).await;
    assert_eq!(refusal(foreign), ProblemCode::NotFound);
    app.by(&there).users().me().await.unwrap();
    app.bare(
        Method::DELETE,
        Some(&here),
        &format!("/users/me/sessions/{}", phone.id),
    )
    .await
    .expect(StatusCode::NO_CONTENT);
    app.get(Some(&there), "/users/me")
        .await
        .expect_problem("invalid-token");
    let again = mine.end_session(phone.id).await;
    assert_eq!(refusal(again), ProblemCode::NotFound);
    app.bare(Method::DELETE, Some(&here), "/users/me/sessions/nonsense")
        .await
        .expect_problem("not-found");
    assert_eq!(mine.sessions().await.unwrap().len(), 1);
}

#[rstest]
#[case::sqlite(Backend::SqliteDisk)]
#[case::postgres(Backend::PostgresS3)]
#[tokio::test]
async fn a_new_password_ends_the_other_sessions(#[case] backend: Backend) {
    let Some(app) = TestApp::on(backend).await else {
        return;
    };
    let here = app.user("ann").await;
    let there = app.login("ann").await;
    let change = |current: &str, new: &str| json!({"current_password": current, "new_password": new});
    let path = "/users/me/password";
    app.post(None, path, &change(PASSWORD, "battery staple"))
        .await
        .expect_problem("unauthenticated");
    app.post(Some(&here), path, &change("wrong", "battery staple"))
        .await
        .expect_faults(&["current_password"]);
    app.post(Some(&here), path, &change(PASSWORD, "short"))
        .await
        .expect_faults(&["new_password"]);
    app.by(&there).users().me().await.unwrap();

    app.post(Some(&here), path, &change(PASSWORD, "battery staple"))
        .await
        .expect(StatusCode::NO_CONTENT);
    app.by(&here).users().me().await.unwrap();
    refresh_with(&app, &here.refresh).await.expect(StatusCode::OK);
    app.get(Some(&there), "/users/me")
        .await
        .expect_problem("invalid-token");
    let auth = app.guest().auth();
    assert_eq!(
        refusal(auth.login("ann", PASSWORD).await),
        ProblemCode::InvalidCredentials
    );
    auth.login("ann", "battery staple").await.unwrap();
}

#[tokio::test]
async fn an_authorization_given_twice_is_malformed() {
    let app = TestApp::start().await;
    let ann = app.user("ann").await;
    let twice = authorise(
        authorise(app.request(Method::GET, "/users/me"), Some(&ann)),
        Some(&ann),
    );
    app.send(twice).await.expect_problem("malformed-request");
}
