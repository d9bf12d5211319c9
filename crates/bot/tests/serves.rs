//! The service as its clients and its cluster see it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::net::SocketAddr;

use bot::Service;
use config::BotEnv;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

fn start() -> Service {
    let variables =
        ["BT_LISTEN", "BT_INTERNAL_LISTEN"].map(|name| (name.to_owned(), "127.0.0.1:0".to_owned()));
    Service::start(&BotEnv::from_map(&BTreeMap::from(variables)).unwrap()).unwrap()
}

async fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn it_serves_counts_and_stops() {
    let service = start();
    let (public, internal) = (service.public, service.internal);
    assert!(get(public, "/").await.ends_with("bot of shangren\n"));
    for path in ["/healthz", "/readyz"] {
        assert!(get(internal, path).await.starts_with("HTTP/1.1 200 "), "{path}");
    }
    assert!(
        get(internal, "/metrics")
            .await
            .ends_with("bot_requests_total 1\n")
    );
    assert!(
        get(public, "/healthz").await.starts_with("HTTP/1.1 404 "),
        "the internal port alone tells"
    );
    service.stop().await;
    assert!(TcpStream::connect(public).await.is_err());
}
