//! An app for the tests of the supervisor: answers `/readyz` on its internal address and does what `FAKE` says.

use std::{
    env,
    io::{self, BufRead, BufReader, Write},
    net::TcpListener,
};

use tokio::signal::unix::{self, SignalKind};

fn main() -> io::Result<()> {
    for (name, value) in env::vars() {
        println!("sees {name}={value}");
    }
    let mode = env::var("FAKE").unwrap_or_default();
    if mode == "broken" {
        eprintln!("cannot open the database");
        std::process::exit(7);
    }
    // Whoever listens to a signal no longer ends by it; nobody here looks at what was heard.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let _inside = runtime.enter();
    let _heard = if mode == "stubborn" {
        Some(unix::signal(SignalKind::terminate())?)
    } else {
        None
    };
    let address = env::var("PS_INTERNAL_LISTEN").map_err(io::Error::other)?;
    for stream in TcpListener::bind(address)?.incoming() {
        let mut stream = stream?;
        let mut request = String::new();
        BufReader::new(&stream).read_line(&mut request)?;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")?;
        if request.starts_with("GET /crash") {
            eprintln!("asked to crash");
            std::process::abort();
        }
    }
    Ok(())
}
