//! Refusals in the middle of an upload, as a client on a bare connection sees them.

use std::time::Duration;

use photos::app::Options;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::kit::{self, NOTHING, remains};
use crate::pictures;
use crate::support::{Backend, Login, TestApp};

const BOUNDARY: &str = "x1";

fn part(name: &str, file: bool) -> String {
    let file = if file { "; filename=\"a.jpg\"" } else { "" };
    format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n")
}

/// A form with `image` first.
fn body(image: &[u8]) -> Vec<u8> {
    let mut body = part("image", true).into_bytes();
    body.extend_from_slice(image);
    body.extend(format!("\r\n{}Pier\r\n--{BOUNDARY}--\r\n", part("name", false)).into_bytes());
    body
}

fn head(app: &TestApp, who: Option<&Login>, length: usize, more: &str) -> String {
    let authorisation = who
        .map(|who| format!("Authorization: Bearer {}\r\n", who.access))
        .unwrap_or_default();
    format!(
        "POST /api/v1/photos HTTP/1.1\r\nHost: {}\r\n{authorisation}Content-Type: multipart/form-data; \
         boundary={BOUNDARY}\r\nContent-Length: {length}\r\n{more}\r\n",
        address(app)
    )
}

fn address(app: &TestApp) -> String {
    app.url("").trim_start_matches("http://").to_owned()
}

/// A service that waits two seconds for a silent sender, and somebody who is logged in.
async fn impatient() -> (TestApp, Login) {
    let app = TestApp::build(Backend::SqliteDisk)
        .options(Options {
            stalled_after: Duration::from_secs(2),
            ..Options::default()
        })
        .start()
        .await
        .unwrap();
    let ann = app.user("ann").await;
    (app, ann)
}

/// Reads until a whole problem or the end has come.
async fn read_answer(socket: &mut (impl AsyncReadExt + Unpin)) -> String {
    let (mut answer, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let read = socket.read(&mut piece).await.unwrap();
        answer.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&answer).into_owned();
        let is_whole = text.rsplit_once("\r\n\r\n").is_some_and(|(head, body)| {
            head.rsplit("\r\n\r\n")
                .next()
                .unwrap()
                .to_lowercase()
                .contains("content-length")
                && serde_json::from_str::<serde_json::Value>(body).is_ok()
        });
        if read == 0 || is_whole {
            return text;
        }
    }
}

#[tokio::test]
async fn a_client_that_reads_after_sending_everything() {
    let (app, ann) = kit::with_ann(Backend::SqliteDisk).await.unwrap();
    let body = body(&vec![0xff; 26 << 20]);
    for (who, code) in [(Some(&ann), "body-too-large"), (None, "unauthenticated")] {
        let mut socket = TcpStream::connect(address(&app)).await.unwrap();
        socket
            .write_all(head(&app, who, body.len(), "").as_bytes())
            .await
            .unwrap();
        socket.write_all(&body).await.unwrap();
        let answer = read_answer(&mut socket).await;
        assert!(answer.contains(&format!("\"code\":\"{code}\"")), "{answer}");
    }
    assert_eq!(remains(&app).await, NOTHING);
}

#[tokio::test]
async fn a_client_that_reads_while_it_sends() {
    let (app, ann) = kit::with_ann(Backend::SqliteDisk).await.unwrap();
    let body = body(&vec![0xff; 26 << 20]);
    let socket = TcpStream::connect(address(&app)).await.unwrap();
    let (mut reader, mut writer) = socket.into_split();
    let head = head(&app, Some(&ann), body.len(), "");
    let sender = tokio::spawn(async move {
        writer.write_all(head.as_bytes()).await.unwrap();
        // A server may stop listening once it has refused.
        let _ = writer.write_all(&body).await;
        writer
    });
    let answer = read_answer(&mut reader).await;
    assert!(
        answer.starts_with("HTTP/1.1 413 ") && answer.contains("body-too-large"),
        "{answer}"
    );
    drop(sender.await.unwrap());
    assert_eq!(remains(&app).await, NOTHING);
}

#[tokio::test]
async fn a_client_that_waits_to_be_told_to_continue() {
    let (app, ann) = kit::with_ann(Backend::SqliteDisk).await.unwrap();
    for (image, status) in [(pictures::jpeg(64, 48), "201"), (b"text".to_vec(), "415")] {
        let body = body(&image);
        let mut socket = TcpStream::connect(address(&app)).await.unwrap();
        let head = head(&app, Some(&ann), body.len(), "Expect: 100-continue\r\n");
        socket.write_all(head.as_bytes()).await.unwrap();
        let mut go = [0; 25];
        socket.read_exact(&mut go).await.unwrap();
        assert_eq!(&go, b"HTTP/1.1 100 Continue\r\n\r\n");
        socket.write_all(&body).await.unwrap();
        let answer = read_answer(&mut socket).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    }
}

#[tokio::test]
async fn a_client_that_announces_too_much_is_refused_before_it_has_sent_it() {
    let (app, ann) = impatient().await;
    let mut socket = TcpStream::connect(address(&app)).await.unwrap();
    let head = head(&app, Some(&ann), 60_000_000, "");
    socket.write_all(head.as_bytes()).await.unwrap();
    let answer = read_answer(&mut socket).await;
    assert!(
        answer.starts_with("HTTP/1.1 413 ") && answer.contains("body-too-large"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_client_that_stops_sending() {
    let (app, ann) = impatient().await;
    let body = body(&pictures::jpeg(400, 300));
    let mut socket = TcpStream::connect(address(&app)).await.unwrap();
    socket
        .write_all(head(&app, Some(&ann), body.len(), "").as_bytes())
        .await
        .unwrap();
    socket.write_all(&body[..body.len() / 2]).await.unwrap();
    let answer = read_answer(&mut socket).await;
    assert!(
        answer.starts_with("HTTP/1.1 408 ") && answer.contains("request-timeout"),
        "{answer}"
    );
    assert_eq!(remains(&app).await, NOTHING);
}

#[tokio::test]
async fn a_client_that_hangs_up_leaves_nothing() {
    for backend in [Backend::SqliteDisk, Backend::PostgresS3] {
        let Some((app, ann)) = kit::with_ann(backend).await else {
            continue;
        };
        // Enough to be on its way to the spool.
        let mut photo = pictures::jpeg(2000, 1500);
        photo.resize(4 << 20, 0);
        let body = body(&photo);
        for part in [1, 2, 3] {
            let mut socket = TcpStream::connect(address(&app)).await.unwrap();
            socket
                .write_all(head(&app, Some(&ann), body.len(), "").as_bytes())
                .await
                .unwrap();
            socket.write_all(&body[..body.len() * part / 4]).await.unwrap();
            kit::until_spooled(&app).await;
            socket.shutdown().await.unwrap();
        }
        kit::until_nothing_remains(&app).await;
    }
}
