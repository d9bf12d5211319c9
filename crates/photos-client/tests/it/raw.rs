//! A server on a bare socket, for what no HTTP library would do.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// How many connections a server has had, and where it is.
pub(crate) struct Raw {
    pub(crate) url: String,
    connections: Arc<AtomicUsize>,
}

impl Raw {
    /// Hands each connection, with its number from 0, to `serve`.
    pub(crate) async fn start<F: Future<Output = ()> + Send + 'static>(
        serve: impl Fn(usize, TcpStream) -> F + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&connections);
        tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(counter.fetch_add(1, Ordering::SeqCst), socket));
            }
        });
        Self { url, connections }
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// Reads up to the end of a request's head, byte by byte, so that nothing of the body is taken.
pub(crate) async fn read_head(socket: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match socket.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(head).unwrap()
}

/// What a head announces, 0 if nothing.
pub(crate) fn content_length(head: &str) -> u64 {
    let head = head.to_ascii_lowercase();
    let value = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    value.map_or(0, |length| length.parse().unwrap())
}

/// Reads a request with a `Content-Length`.
pub(crate) async fn read_request(socket: &mut TcpStream) -> (String, Vec<u8>) {
    let head = read_head(socket).await;
    let length = usize::try_from(content_length(&head)).unwrap();
    let mut body = vec![0; length];
    socket.read_exact(&mut body).await.unwrap();
    (head, body)
}

/// Answers with a JSON body and asks for the connection to be closed.
pub(crate) async fn answer(socket: &mut TcpStream, status: u16, kind: &str, body: &str) {
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    socket.write_all(answer.as_bytes()).await.unwrap();
    socket.flush().await.unwrap();
}
