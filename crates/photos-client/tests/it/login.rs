//! Tokens: renewed once for everybody, each refresh token used once, shared by processes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use jiff::Timestamp;
use photos_client::{Client, ClientError, FileStore, MemoryStore, TokenStore, Tokens};
use serde_json::json;
use wiremock::matchers::{body_json, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::raw::{Raw, answer, read_request};
use crate::{builder, client, problem, tokens, user};

/// The tokens of a login that happened so long ago that the access token has expired, or just now.
fn kept(n: u32, expired: bool) -> Tokens {
    let now = Timestamp::now();
    let then = if expired {
        now - jiff::SignedDuration::from_secs(900)
    } else {
        now
    };
    Tokens::new("ann".to_owned(), serde_json::from_value(tokens(n)).unwrap(), then)
}

fn logged_in(url: &str, expired: bool) -> (Client, Arc<MemoryStore>) {
    let store = Arc::new(MemoryStore::with(kept(1, expired)));
    (
        builder(url)
            .token_store(Arc::clone(&store) as Arc<dyn TokenStore>)
            .build()
            .unwrap(),
        store,
    )
}

/// Refuses `access-1` and knows `access-2`, which `refresh-1` gives once.
async fn service() -> MockServer {
    let server = MockServer::start().await;
    let me = || Mock::given(method("GET")).and(path("/api/v1/users/me"));
    me().and(header("authorization", "Bearer access-1"))
        .respond_with(problem(401, "expired-token"))
        .mount(&server)
        .await;
    me().and(header("authorization", "Bearer access-2"))
        .respond_with(ResponseTemplate::new(200).set_body_json(user()))
        .mount(&server)
        .await;
    Mock::given(method("POST"))
        .and(path("/api/v1/auth/refresh"))
        .and(body_json(json!({"refresh_token":"refresh-1"})))
        .respond_with(ResponseTemplate::new(200).set_body_json(tokens(2)))
        .expect(1)
        .mount(&server)
        .await;
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn many_calls_make_one_refresh() {
    for expired in [true, false] {
        let server = service().await;
        let (client, store) = logged_in(&server.uri(), expired);
        let calls = (0..20).map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.users().me().await })
        });
        for user in join_all(calls).await {
            assert_eq!(user.unwrap().unwrap().username, "ann");
        }
        assert_eq!(
            store.load().unwrap().unwrap().refresh_token.as_deref(),
            Some("refresh-2")
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_with_one_file_make_one_refresh() {
    let server = service().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sub/tokens.json");
    FileStore::new(&file).save(Some(&kept(1, true))).unwrap();
    let calls = (0..4).map(|_| {
        let client = builder(&server.uri())
            .token_store(Arc::new(FileStore::new(&file)))
            .build()
            .unwrap();
        tokio::spawn(async move { client.users().me().await })
    });
    for user in join_all(calls).await {
        assert_eq!(user.unwrap().unwrap().username, "ann");
    }
    let mut names: Vec<_> = file
        .parent()
        .unwrap()
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["tokens.json", "tokens.json.lock"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(
            file.parent().unwrap().metadata().unwrap().permissions().mode() & 0o777,
            0o700
        );
    }
}

#[tokio::test]
async fn a_refresh_of_unknown_outcome_is_not_repeated() {
    let server = Raw::start(|_, mut socket| async move {
        read_request(&mut socket).await;
    })
    .await;
    let (client, store) = logged_in(&server.url, true);
    let first = client.users().me().await.unwrap_err();
    assert!(matches!(first, ClientError::Broken { .. }), "{first}");
    let second = client.users().me().await.unwrap_err();
    assert!(matches!(second, ClientError::SessionEnded), "{second}");
    assert_eq!(server.connections(), 1);
    assert_eq!(store.load().unwrap(), None);
}

#[tokio::test]
async fn a_refresh_that_was_refused_for_now_is_repeated() {
    let server = service().await;
    Mock::given(path("/api/v1/auth/refresh"))
        .respond_with(problem(503, "overloaded"))
        .up_to_n_times(2)
        .expect(2)
        .with_priority(1)
        .mount(&server)
        .await;
    let (client, _) = logged_in(&server.uri(), true);
    assert_eq!(client.users().me().await.unwrap().username, "ann");
}

#[tokio::test]
async fn an_unreachable_service_does_not_cost_the_login() {
    let (client, store) = logged_in("http://127.0.0.1:1", true);
    let error = client.users().me().await.unwrap_err();
    assert!(matches!(error, ClientError::Unreachable { .. }), "{error}");
    assert_eq!(
        store.load().unwrap().unwrap().refresh_token.as_deref(),
        Some("refresh-1")
    );
}

#[tokio::test]
async fn a_reused_refresh_token_ends_the_login() {
    let server = MockServer::start().await;
    Mock::given(path("/api/v1/auth/refresh"))
        .respond_with(problem(401, "refresh-reused"))
        .expect(1)
        .mount(&server)
        .await;
    let (client, store) = logged_in(&server.uri(), true);
    assert!(matches!(
        client.users().me().await,
        Err(ClientError::SessionEnded)
    ));
    assert_eq!(store.load().unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_goes_away_does_not_stop_the_refresh() {
    let (arrived, mut arrival) = tokio::sync::mpsc::unbounded_channel();
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let opened = Arc::clone(&gate);
    let server = Raw::start(move |_, mut socket| {
        let (arrived, opened) = (arrived.clone(), Arc::clone(&opened));
        async move {
            read_request(&mut socket).await;
            arrived.send(()).unwrap();
            let _permit = opened.acquire().await.unwrap();
            answer(&mut socket, 200, "application/json", &tokens(2).to_string()).await;
        }
    })
    .await;
    let (client, store) = logged_in(&server.url, true);
    let call = tokio::spawn(async move { client.users().me().await });
    arrival.recv().await.unwrap();
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    gate.add_permits(1);
    let renewed = async {
        while store.load().unwrap().unwrap().refresh_token.as_deref() != Some("refresh-2") {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), renewed)
        .await
        .expect("the refresh was finished");
}

#[tokio::test]
async fn login_and_logout() {
    let server = MockServer::start().await;
    Mock::given(path("/api/v1/auth/token"))
        .and(body_json(json!({"username":"ann","password":"correct horse"})))
        .respond_with(ResponseTemplate::new(200).set_body_json(tokens(1)))
        .expect(1)
        .mount(&server)
        .await;
    Mock::given(path("/api/v1/auth/logout"))
        .and(body_json(json!({"refresh_token":"refresh-1"})))
        .respond_with(ResponseTemplate::new(204))
        .expect(1)
        .mount(&server)
        .await;
    let client = client(&server.uri());
    client.auth().login("ann", "correct horse").await.unwrap();
    assert_eq!(client.auth().username().await.unwrap().as_deref(), Some("ann"));
    assert_eq!(client.guest().auth().username().await.unwrap(), None);
    client.auth().logout().await.unwrap();
    client.auth().logout().await.unwrap();
    assert_eq!(client.auth().username().await.unwrap(), None);
}

#[tokio::test]
async fn a_long_throttle_is_told_at_once() {
    let server = MockServer::start().await;
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&calls);
    Mock::given(path("/api/v1/auth/token"))
        .respond_with(move |_: &wiremock::Request| {
            counter.fetch_add(1, Ordering::SeqCst);
            problem(429, "rate-limited").insert_header("retry-after", "900")
        })
        .mount(&server)
        .await;
    let error = client(&server.uri())
        .auth()
        .login("ann", "wrong horse")
        .await
        .unwrap_err();
    assert_eq!(error.problem().unwrap().status, 429);
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}
