//! S3 servers that refuse, fail, lie and vanish.

use bytes::Bytes;
use photos::store::{S3Settings, Store, StoreError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use wiremock::matchers::{method, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::an_original;

fn store_at(endpoint: Option<&str>) -> Store {
    let settings = S3Settings {
        bucket: "photos",
        endpoint,
        region: "us-east-1",
        access_key: "a",
        secret_key: "s",
    };
    Store::s3(&settings).unwrap()
}

fn answer(status: u16, code: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_string(format!("<Error><Code>{code}</Code></Error>"))
}

async fn server_that_answers(status: u16, code: &str) -> (MockServer, Store) {
    let server = MockServer::start().await;
    Mock::given(wiremock::matchers::any())
        .respond_with(answer(status, code))
        .mount(&server)
        .await;
    let store = store_at(Some(&server.uri()));
    (server, store)
}

/// The server says of every object that it is this.
async fn holds(server: &MockServer, bytes: &[u8]) {
    let head = ResponseTemplate::new(200)
        .insert_header("Last-Modified", "Mon, 12 Oct 2009 17:50:00 GMT")
        .set_body_bytes(bytes);
    Mock::given(method("HEAD")).respond_with(head).mount(server).await;
}

#[tokio::test]
async fn a_server_that_fails_is_unavailable_after_three_attempts() {
    for (status, code) in [
        (500, "InternalError"),
        (503, "SlowDown"),
        (429, "TooManyRequests"),
    ] {
        let (server, store) = server_that_answers(status, code).await;
        let key = an_original(b"x");
        let error = store.put_bytes(&key, Bytes::from_static(b"x")).await.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
        assert_eq!(server.received_requests().await.unwrap().len(), 3);
    }
}

#[tokio::test]
async fn every_call_tells_a_failing_server_as_unavailable() {
    let (_server, store) = server_that_answers(500, "InternalError").await;
    let key = an_original(b"x");
    let (get, head, delete, list, ping, stale) = tokio::join!(
        store.get(&key),
        store.head(&key),
        store.delete(&key),
        store.list_page(None),
        store.ping(),
        store.abort_stale_uploads(std::time::Duration::ZERO),
    );
    for error in [
        get.err(),
        head.err(),
        delete.err(),
        list.err(),
        ping.err(),
        stale.err(),
    ] {
        assert!(matches!(error, Some(StoreError::Unavailable { .. })), "{error:?}");
    }
}

#[tokio::test]
async fn a_server_that_recovers_in_a_moment_is_not_noticed() {
    is_written_after(2, answer(503, "SlowDown")).await;
}

/// The store writes to a server that refuses so often and then takes it.
async fn is_written_after(refusals: u64, refusal: ResponseTemplate) {
    let server = MockServer::start().await;
    let put = || Mock::given(method("PUT"));
    put()
        .respond_with(refusal)
        .up_to_n_times(refusals)
        .mount(&server)
        .await;
    put()
        .respond_with(ResponseTemplate::new(200))
        .mount(&server)
        .await;
    holds(&server, b"x").await;
    store_at(Some(&server.uri()))
        .put_bytes(&an_original(b"x"), Bytes::from_static(b"x"))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_server_without_room_is_full() {
    for (status, code) in [
        (507, "XMinioStorageFull"),
        (400, "XMinioAdminBucketQuotaExceeded"),
    ] {
        let (_server, store) = server_that_answers(status, code).await;
        let error = store
            .put_bytes(&an_original(b"x"), Bytes::from_static(b"x"))
            .await
            .unwrap_err();
        assert!(matches!(error, StoreError::Full { .. }), "{error}");
    }
}

/// MinIO does, when one of its folders goes away under a write.
#[tokio::test]
async fn a_server_that_denies_one_write_gets_it_again() {
    is_written_after(1, answer(403, "AccessDenied")).await;
}

#[tokio::test]
async fn wrong_credentials_and_a_missing_bucket_are_faults_not_missing_objects() {
    let (_server, store) = server_that_answers(403, "InvalidAccessKeyId").await;
    let error = store.get(&an_original(b"x")).await.unwrap_err();
    assert!(matches!(error, StoreError::Fault { .. }), "{error}");
    assert!(error.to_string().contains("InvalidAccessKeyId"), "{error}");
    let (_server, store) = server_that_answers(404, "NoSuchBucket").await;
    let error = store.get(&an_original(b"x")).await.unwrap_err();
    assert!(matches!(error, StoreError::Fault { .. }), "{error}");
}

#[tokio::test]
async fn an_object_that_arrived_short_is_a_mismatch() {
    let server = MockServer::start().await;
    Mock::given(method("PUT"))
        .respond_with(ResponseTemplate::new(200))
        .mount(&server)
        .await;
    holds(&server, b"shor").await;
    let error = store_at(Some(&server.uri()))
        .put_bytes(&an_original(b"x"), Bytes::from_static(b"short"))
        .await;
    assert!(
        matches!(
            error,
            Err(StoreError::Mismatch {
                expected: 5,
                actual: 4,
                ..
            })
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn nobody_at_the_address_is_unavailable() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = store_at(Some(&endpoint))
        .get(&an_original(b"x"))
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_no_object() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let _ = socket.read(&mut request).await;
            let _ = socket
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this")
                .await;
        }
    });
    let error = store_at(Some(&endpoint))
        .get(&an_original(b"x"))
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
    server.abort();
}

#[tokio::test]
async fn a_missing_bucket_is_made_once() {
    let server = MockServer::start().await;
    let listed = Mock::given(method("GET")).and(query_param("list-type", "2"));
    listed
        .respond_with(answer(404, "NoSuchBucket"))
        .mount(&server)
        .await;
    let made = Mock::given(method("PUT"));
    made.respond_with(answer(409, "BucketAlreadyOwnedByYou"))
        .expect(1)
        .mount(&server)
        .await;
    store_at(Some(&server.uri())).ping().await.unwrap();
}
