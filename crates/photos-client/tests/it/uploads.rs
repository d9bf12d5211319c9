//! Uploads: streamed, repeated without duplicates, refused while they are under way.

use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use photos_client::{BatchMode, ClientError, NewPhoto, ProblemCode, Progress};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use crate::raw::{Raw, answer, content_length, read_head, read_request};
use crate::{builder, client, photo, problem_json};

const MIB: u64 = 1 << 20;

/// A sparse file: it takes no room, and no memory unless somebody holds it whole.
fn file(length: u64) -> tempfile::NamedTempFile {
    let file = tempfile::Builder::new()
        .prefix("Pier")
        .suffix(".jpg")
        .tempfile()
        .unwrap();
    file.as_file().set_len(length).unwrap();
    file
}

async fn refuse(socket: &mut TcpStream) {
    let problem = problem_json(413, "body-too-large").to_string();
    answer(socket, 413, "application/problem+json", &problem).await;
}

/// As RFC 9112, 9.6 asks: ends its own side and reads on until the client has closed.
async fn close_properly(mut socket: TcpStream) {
    socket.shutdown().await.unwrap();
    let mut sink = vec![0; 64 * 1024];
    while socket.read(&mut sink).await.is_ok_and(|read| read > 0) {}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_during_an_upload_arrives() {
    let file = file(64 * MIB);
    for take in [0, 1000, 3 * MIB] {
        let server = Raw::start(move |_, mut socket| async move {
            read_head(&mut socket).await;
            let mut some = (&mut socket).take(take);
            tokio::io::copy(&mut some, &mut tokio::io::sink()).await.unwrap();
            refuse(&mut socket).await;
            close_properly(socket).await;
        })
        .await;
        for _ in 0..10 {
            let error = client(&server.url)
                .photos()
                .create(NewPhoto::from_path(&file))
                .await
                .unwrap_err();
            assert_eq!(error.code(), Some(ProblemCode::BodyTooLarge), "{error}");
        }
        assert_eq!(server.connections(), 10);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_by_the_head_arrives_even_if_the_server_just_closes() {
    let file = file(64 * MIB);
    let server = Raw::start(|_, mut socket| async move {
        read_head(&mut socket).await;
        refuse(&mut socket).await;
    })
    .await;
    for _ in 0..20 {
        let error = client(&server.url)
            .photos()
            .create(NewPhoto::from_path(&file))
            .await
            .unwrap_err();
        assert_eq!(error.code(), Some(ProblemCode::BodyTooLarge), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_file_is_not_sent_to_its_end() {
    let length = 256 * MIB;
    let file = file(length);
    let (told, received) = (Arc::new(Semaphore::new(0)), Arc::new(Mutex::new(None)));
    let (wait, sum) = (Arc::clone(&told), Arc::clone(&received));
    let server = Raw::start(move |_, mut socket| {
        let (wait, sum) = (Arc::clone(&wait), Arc::clone(&sum));
        async move {
            read_head(&mut socket).await;
            refuse(&mut socket).await;
            wait.acquire().await.unwrap().forget();
            let mut bytes = 0;
            let mut sink = vec![0; 64 * 1024];
            while let Ok(read @ 1..) = socket.read(&mut sink).await {
                bytes += read as u64;
            }
            *sum.lock().unwrap() = Some(bytes);
            wait.close();
        }
    })
    .await;
    let error = client(&server.url)
        .photos()
        .create(NewPhoto::from_path(&file))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some(ProblemCode::BodyTooLarge), "{error}");
    told.add_permits(1);
    while !told.is_closed() {
        tokio::task::yield_now().await;
    }
    let received = received.lock().unwrap().unwrap();
    assert!(received < length / 4, "{received} bytes");
}

#[tokio::test]
async fn a_repetition_has_the_same_key_and_the_same_body() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let requests = Arc::clone(&seen);
    let server = Raw::start(move |number, mut socket| {
        let requests = Arc::clone(&requests);
        async move {
            let (head, body) = read_request(&mut socket).await;
            let header = |name: &str| {
                let line = head
                    .lines()
                    .find(|line| line.to_ascii_lowercase().starts_with(name));
                line.expect(name).to_owned()
            };
            requests
                .lock()
                .unwrap()
                .push((header("idempotency-key: "), header("content-type: "), body));
            if number > 0 {
                answer(&mut socket, 201, "application/json", &photo("Pier").to_string()).await;
            }
        }
    })
    .await;
    client(&server.url)
        .photos()
        .create(NewPhoto::from_bytes("Pier", vec![1, 2, 3]))
        .await
        .unwrap();
    client(&server.url)
        .photos()
        .create(NewPhoto::from_bytes("Pier", vec![1, 2, 3]).idempotency_key("mine"))
        .await
        .unwrap();
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 3);
    assert_eq!(seen[0], seen[1]);
    assert_ne!(seen[0].0, seen[2].0);
    assert_eq!(seen[2].0.to_ascii_lowercase(), "idempotency-key: mine");
}

#[tokio::test]
async fn forms_are_as_the_contract_says() {
    let bodies = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&bodies);
    let server = Raw::start(move |number, mut socket| {
        let seen = Arc::clone(&seen);
        async move {
            let (head, body) = read_request(&mut socket).await;
            let line = head.lines().next().unwrap().to_owned();
            seen.lock().unwrap().push(format!(
                "{line}\n{}",
                String::from_utf8(body).unwrap().replace('\r', "")
            ));
            let json = match number {
                0 => photo("Pier").to_string(),
                _ => r#"{"succeeded":0,"failed":0,"results":[]}"#.to_owned(),
            };
            answer(&mut socket, 201, "application/json", &json).await;
        }
    })
    .await;
    let photos = client(&server.url).photos();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"<file>").unwrap();
    let one = NewPhoto::from_path(file.path())
        .name("Pier \"x\"")
        .caption("at\n#dawn")
        .draft(true);
    photos.create(one.clone().idempotency_key("k")).await.unwrap();
    let two = NewPhoto::from_bytes("two", "<two>");
    photos
        .create_batch(&[one, two], BatchMode::Each, Some("k"))
        .await
        .unwrap();
    insta::assert_snapshot!(bodies.lock().unwrap().join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_never_whole_in_memory() {
    let length = 256 * MIB;
    let file = file(length);
    let sent = Arc::new(AtomicU64::new(0));
    let on_the_way = Arc::new(AtomicU64::new(0));
    let (counter, most) = (Arc::clone(&sent), Arc::clone(&on_the_way));
    let server = Raw::start(move |_, mut socket| {
        let (sent, most) = (Arc::clone(&counter), Arc::clone(&most));
        async move {
            let head = read_head(&mut socket).await;
            let total = content_length(&head);
            let mut chunk = vec![0; 64 * 1024];
            let mut received = 0;
            while received < total {
                received += socket.read(&mut chunk).await.unwrap() as u64;
                most.fetch_max(
                    sent.load(Ordering::SeqCst).saturating_sub(received),
                    Ordering::SeqCst,
                );
            }
            answer(&mut socket, 201, "application/json", &photo("Pier").to_string()).await;
        }
    })
    .await;
    let progress = Progress::new({
        let sent = Arc::clone(&sent);
        move |now, total| {
            assert!(now <= total);
            sent.store(now, Ordering::SeqCst);
        }
    });
    client(&server.url)
        .photos()
        .create(NewPhoto::from_path(&file).progress(progress))
        .await
        .unwrap();
    assert!(sent.load(Ordering::SeqCst) > length);
    // What is neither here nor there is in the buffers of two sockets, and a few chunks.
    assert!(
        on_the_way.load(Ordering::SeqCst) < 32 * MIB,
        "{on_the_way:?} bytes"
    );
}

#[tokio::test]
async fn an_upload_in_which_nothing_moves_is_a_timeout() {
    let file = file(64 * MIB);
    let server = Raw::start(|_, mut socket| async move {
        read_head(&mut socket).await;
        std::future::pending::<()>().await;
        drop(socket);
    })
    .await;
    let client = builder(&server.url)
        .stall_timeout(Duration::from_millis(100))
        .build()
        .unwrap();
    let error = client
        .photos()
        .create(NewPhoto::from_path(&file))
        .await
        .unwrap_err();
    assert!(matches!(error, ClientError::Timeout { .. }), "{error}");
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_told_before_anything_is_sent() {
    let server = Raw::start(|_, _| async {}).await;
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path().join("none.jpg"), folder.path().to_owned()] {
        let error = client(&server.url)
            .photos()
            .create(NewPhoto::from_path(&path))
            .await
            .unwrap_err();
        assert!(matches!(error, ClientError::File { .. }), "{error}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_shrinks_is_told() {
    let file = file(64 * MIB);
    let path = file.path().to_owned();
    let server = Raw::start(move |_, mut socket| {
        let path = path.clone();
        async move {
            read_head(&mut socket).await;
            std::fs::File::options()
                .write(true)
                .open(path)
                .unwrap()
                .set_len(1)
                .unwrap();
            while socket.read(&mut [0; 4096]).await.is_ok_and(|read| read > 0) {}
        }
    })
    .await;
    let error = client(&server.url)
        .photos()
        .create(NewPhoto::from_path(&file))
        .await
        .unwrap_err();
    assert!(matches!(&error, ClientError::File { .. }), "{error}");
}
