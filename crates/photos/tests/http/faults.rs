//! Callers that stall, a database that goes away, a service that stops.

use std::time::Duration;

use config::DatabaseUrl;
use photos::app::Options;
use reqwest::StatusCode;
use rstest::rstest;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::proxy::Proxy;
use crate::support::{Answer, Backend, TestApp};

const BODY: &str = r#"{"username":"ann","password":"correct horse"}"#;

/// A registration whose body has not been sent yet.
async fn begin_to_register(app: &TestApp, length: usize) -> TcpStream {
    let mut socket = TcpStream::connect(app.url("").trim_start_matches("http://"))
        .await
        .unwrap();
    let head = format!(
        "POST /api/v1/users HTTP/1.1\r\nHost: photos\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
         Expect: 100-continue\r\n\r\n"
    );
    send_head(&mut socket, &head).await;
    socket
}

/// Sends a request's head and waits for `100 Continue`: then the service has the request, and waits for its body.
async fn send_head(socket: &mut TcpStream, head: &str) {
    const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; CONTINUE.len()];
    socket.read_exact(&mut answer).await.unwrap();
    assert_eq!(
        String::from_utf8_lossy(&answer),
        String::from_utf8_lossy(CONTINUE)
    );
}

/// All that comes until the connection ends.
async fn read_to_end(mut socket: TcpStream) -> String {
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// Asks until the answer has the status; the test's own time limit ends it.
async fn until(app: &TestApp, status: StatusCode, url: &str) -> Answer {
    loop {
        let answer = app.send(app.client.get(url)).await;
        if answer.status == status.as_u16() {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_caller_that_stalls_is_told() {
    let options = Options {
        stalled_after: Duration::from_millis(200),
        ..Options::default()
    };
    let app = TestApp::build(Backend::SqliteDisk)
        .options(options)
        .start()
        .await
        .unwrap();
    let mut socket = begin_to_register(&app, BODY.len()).await;
    socket.write_all(&BODY.as_bytes()[..10]).await.unwrap();
    let answer = read_to_end(socket).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains(r#""code":"request-timeout""#), "{answer}");

    // Part of a head, or nothing at all.
    for begin in ["GET /api/v1/users/me HTTP/1.1\r\nHost:", ""] {
        let answer = say(&app, begin.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
        assert_is_problem(&answer, "request-timeout");
    }
}

#[tokio::test]
async fn a_second_request_that_stalls_is_told_too() {
    let options = Options {
        stalled_after: Duration::from_millis(200),
        ..Options::default()
    };
    let app = TestApp::build(Backend::SqliteDisk)
        .options(options)
        .start()
        .await
        .unwrap();
    let mut socket = TcpStream::connect(app.url("").trim_start_matches("http://"))
        .await
        .unwrap();
    let head = "GET /api/v1/tags HTTP/1.1\r\nHost: photos\r\n\r\n";
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    while !answer.ends_with(r#"{"results":[]}"#) {
        answer.push(char::from(socket.read_u8().await.unwrap()));
    }
    socket
        .write_all(b"GET /api/v1/users/me HTTP/1.1\r\nHost:")
        .await
        .unwrap();
    assert_is_problem(&read_to_end(socket).await, "request-timeout");
}

/// Sends bytes on a connection of their own, and reads until the service ends it.
async fn say(app: &TestApp, bytes: &[u8]) -> String {
    let mut socket = TcpStream::connect(app.url("").trim_start_matches("http://"))
        .await
        .unwrap();
    socket.write_all(bytes).await.unwrap();
    read_to_end(socket).await
}

/// The whole of an answer is a problem that ends the connection.
fn assert_is_problem(answer: &str, code: &str) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(
        head.contains("content-type: application/problem+json"),
        "{answer}"
    );
    assert!(head.contains("connection: close"), "{answer}");
    let problem: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(problem["code"], code);
    let id = problem["request_id"].as_str().unwrap();
    assert!(head.contains(&format!("x-request-id: {id}")), "{answer}");
}

#[tokio::test]
async fn what_is_no_request_is_a_problem_too() {
    let app = TestApp::start().await;
    let answer = say(&app, b"this is not HTTP\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert_is_problem(&answer, "malformed-request");

    let head = format!(
        "GET / HTTP/1.1\r\nHost: photos\r\nX: {}\r\n\r\n",
        "x".repeat(200_000)
    );
    let answer = say(&app, head.as_bytes()).await;
    assert_is_problem(&answer, "malformed-request");

    // Behind a request that is answered.
    let answer = say(
        &app,
        b"GET /api/v1/tags HTTP/1.1\r\nHost: photos\r\n\r\nnonsense\r\n\r\n",
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let (_, second) = answer.split_at(answer.find("HTTP/1.1 400 ").unwrap());
    assert_is_problem(second, "malformed-request");
}

#[tokio::test]
async fn what_is_not_on_the_internal_port_is_a_problem_too() {
    let app = TestApp::start().await;
    let answer = app.send(app.client.get(app.internal_url("/api/v1/photos"))).await;
    answer.expect_problem("not-found");
    let answer = app.send(app.client.post(app.internal_url("/healthz"))).await;
    answer.expect_problem("method-not-allowed");
}

/// A body in chunks may have no end, whether its sender goes on or not.
#[rstest]
#[case::silent(false)]
#[case::endless(true)]
#[tokio::test]
async fn a_refused_body_without_an_end_does_not_keep_its_connection(#[case] goes_on: bool) {
    let app = TestApp::build(Backend::SqliteDisk)
        .options(Options {
            linger: Duration::from_millis(200),
            ..Options::default()
        })
        .start()
        .await
        .unwrap();
    let mut socket = TcpStream::connect(app.url("").trim_start_matches("http://"))
        .await
        .unwrap();
    socket
        .write_all(
            b"POST /api/v1/photos HTTP/1.1\r\nHost: photos\r\nContent-Type: multipart/form-data; boundary=x\r\n\
              Transfer-Encoding: chunked\r\n\r\n1\r\n-\r\n",
        )
        .await
        .unwrap();
    let (reader, mut writer) = socket.into_split();
    let sender = tokio::spawn(async move {
        while goes_on && writer.write_all(b"1\r\n-\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        writer
    });
    let mut answer = Vec::new();
    // A reset is an end too, for one that goes on.
    let _ = tokio::io::BufReader::new(reader).read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    sender.await.unwrap();
}

#[tokio::test]
async fn a_body_that_is_refused_early_still_reads_the_refusal() {
    let app = TestApp::start().await;
    let mut socket = begin_to_register(&app, 64 << 20).await;
    // Sends all of it before it looks for an answer, as simple clients do.
    let piece = vec![b' '; 1 << 20];
    for _ in 0..8 {
        socket.write_all(&piece).await.unwrap();
    }
    let mut answer = vec![0; 12];
    socket.read_exact(&mut answer).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&answer), "HTTP/1.1 413");
}

/// A service that speaks to PostgreSQL through a proxy.
async fn behind_a_proxy() -> Option<(TestApp, Proxy)> {
    let app = TestApp::on(Backend::PostgresS3).await?;
    let DatabaseUrl::Postgres(url) = app.env.database_url.clone() else {
        panic!("not PostgreSQL")
    };
    let server = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5432));
    let proxy = Proxy::before(server).await;
    let mut through = url.clone();
    through.set_host(Some("127.0.0.1")).unwrap();
    through.set_port(Some(proxy.address.port())).unwrap();
    let mut env = app.env.clone();
    env.database_url = DatabaseUrl::Postgres(through);
    let app = app.replica_with(env).await;
    Some((app, proxy))
}

#[tokio::test]
async fn a_database_that_goes_away_and_comes_back() {
    let Some((app, proxy)) = behind_a_proxy().await else {
        return;
    };
    let ann = app.user("ann").await;

    proxy.cut();
    let away = app
        .get(Some(&ann), "/users/me")
        .await
        .expect_problem("database-unavailable");
    assert_eq!(away.status, 503);
    assert!(!away.text().contains("127.0.0.1"), "{}", away.text());
    let ready = until(
        &app,
        StatusCode::SERVICE_UNAVAILABLE,
        &app.internal_url("/readyz"),
    )
    .await
    .json();
    assert_eq!(
        (&ready["database"], &ready["store"]),
        (&false.into(), &true.into())
    );
    app.send(app.client.get(app.internal_url("/healthz")))
        .await
        .expect(StatusCode::OK);

    proxy.mend();
    until(&app, StatusCode::OK, &app.internal_url("/readyz")).await;
    app.get(Some(&ann), "/users/me").await.expect(StatusCode::OK);
}

#[tokio::test]
async fn a_database_that_hangs_is_not_waited_for_without_end() {
    let Some((app, proxy)) = behind_a_proxy().await else {
        return;
    };
    let ann = app.user("ann").await;
    proxy.silence();
    let hung = app
        .get(Some(&ann), "/users/me")
        .await
        .expect_problem("database-unavailable");
    assert_eq!(hung.status, 503);
    proxy.mend();
    until(&app, StatusCode::OK, &app.internal_url("/readyz")).await;
    app.get(Some(&ann), "/users/me").await.expect(StatusCode::OK);
}

#[tokio::test]
async fn a_stop_lets_a_running_call_end_and_takes_no_new_one() {
    let app = TestApp::start().await;
    let ready = app.internal_url("/readyz");
    let public = app.url("").trim_start_matches("http://").to_owned();
    let client = app.client.clone();
    let mut socket = begin_to_register(&app, BODY.len()).await;
    socket.write_all(&BODY.as_bytes()[..10]).await.unwrap();
    let place = std::sync::Arc::clone(&app.place);

    let stopping = tokio::spawn(app.stop());
    loop {
        // Readiness goes off while the internal port still answers.
        let answer = Answer::read(client.get(&ready).send().await.unwrap()).await;
        if answer.status == 503 {
            assert_eq!(answer.json()["stopping"], true);
            assert_eq!(answer.header("retry-after"), "1");
            break;
        }
        tokio::task::yield_now().await;
    }
    while TcpStream::connect(&public).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!stopping.is_finished());
    socket.write_all(&BODY.as_bytes()[10..]).await.unwrap();
    let answer = read_to_end(socket).await;
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    stopping.await.unwrap();
    assert!(place.database.db.user_by_username("ann").await.unwrap().is_some());
}

/// A picture of one pixel.
const GIF: &[u8] = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

#[rstest]
#[case::sqlite(Backend::SqliteDisk)]
#[case::postgres(Backend::PostgresS3)]
#[tokio::test]
async fn a_stop_lets_a_running_upload_end(#[case] backend: Backend) {
    let Some(app) = TestApp::on(backend).await else {
        return;
    };
    let ann = app.user("ann").await;
    let replica = app.replica().await;
    let mut body = b"--cut\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nPier\r\n".to_vec();
    body.extend(b"--cut\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a.gif\"\r\n\r\n");
    body.extend(GIF);
    body.extend(b"\r\n--cut--\r\n");
    let head = format!(
        "POST /api/v1/photos HTTP/1.1\r\nHost: photos\r\nAuthorization: Bearer {}\r\n\
         Content-Type: multipart/form-data; boundary=cut\r\nContent-Length: {}\r\n\
         Expect: 100-continue\r\n\r\n",
        ann.access,
        body.len()
    );
    let public = app.url("").trim_start_matches("http://").to_owned();
    let mut socket = TcpStream::connect(&public).await.unwrap();
    let (first, rest) = body.split_at(body.len() - 20);
    send_head(&mut socket, &head).await;
    socket.write_all(first).await.unwrap();

    let stopping = tokio::spawn(app.stop());
    while TcpStream::connect(&public).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!stopping.is_finished());
    socket.write_all(rest).await.unwrap();
    let answer = read_to_end(socket).await;
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    stopping.await.unwrap();
    let photos = replica.get(None, "/photos").await.expect(StatusCode::OK).json();
    assert_eq!(photos["results"][0]["name"], "Pier");
}
