//! Problems for what is no request: the answers that the HTTP parser makes by itself, found and made anew.

use std::net::SocketAddr;

use actix_web::http::StatusCode;
use photos_api::{PROBLEM_JSON, REQUEST_ID};

use crate::app::App;
use crate::error::Error;

/// No answer of the parser's is longer than this.
const LONGEST: usize = 256;

/// An answer of the parser's at the end of some bytes.
#[derive(Debug, PartialEq)]
pub(super) struct Bare {
    /// Where it begins.
    pub(super) start: usize,
    /// Its status.
    pub(super) status: StatusCode,
}

/// Finds an answer without a body that did not come from a call: those all have a request id.
pub(super) fn find(bytes: &[u8]) -> Option<Bare> {
    if !bytes.ends_with(b"\r\n\r\n") {
        return None;
    }
    let tail = bytes.len().saturating_sub(LONGEST);
    let tail = bytes.get(tail..)?;
    let begin = tail
        .windows(10)
        .rposition(|part| part == b"HTTP/1.1 4" || part == b"HTTP/1.1 5")?;
    let head = std::str::from_utf8(tail.get(begin..)?).ok()?.to_ascii_lowercase();
    let (line, headers) = head.strip_suffix("\r\n\r\n")?.split_once("\r\n")?;
    let has = |name: &str| headers.lines().any(|header| header.starts_with(name));
    if headers.contains("\r\n\r\n") || has(REQUEST_ID) || !has("content-length: 0") {
        return None;
    }
    let status = line.split(' ').nth(1)?.parse().ok()?;
    Some(Bare {
        start: bytes.len() - tail.len() + begin,
        status: StatusCode::from_u16(status).ok()?,
    })
}

/// The whole answer, after which the connection ends, for a request that could not be read. Counts and logs it.
pub(super) fn answer(app: &App, status: StatusCode, peer: Option<SocketAddr>) -> Vec<u8> {
    let error = match status {
        StatusCode::REQUEST_TIMEOUT => Error::RequestTimeout(app.options.stalled_after),
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
            Error::Malformed("the request line and the headers are too long".into())
        }
        status if status.is_client_error() => Error::Malformed("this is no HTTP/1.1 request".into()),
        status => Error::internal(format!("the HTTP parser answers {status}")),
    };
    let id = uuid::Uuid::now_v7().to_string();
    let status = error.code().status();
    let client = peer.map(|peer| peer.ip().to_canonical().to_string());
    app.metrics
        .answered("unreadable", "other", status, std::time::Duration::ZERO);
    tracing::info!(request_id = id, status, client, "answered what is no request");
    let mut problem = error.problem();
    problem.request_id = Some(id.clone());
    let body = serde_json::to_string(&problem).unwrap_or_default();
    let reason = StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or_default();
    format!(
        "HTTP/1.1 {status} {reason}\r\ncontent-type: {PROBLEM_JSON}\r\ncontent-length: {}\r\n{REQUEST_ID}: {id}\r\n\
         cache-control: no-store\r\nx-content-type-options: nosniff\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bare_answers_are_found() {
        let bare = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\ndate: now\r\n\r\n";
        let found = |start, status| {
            Some(Bare {
                start,
                status: StatusCode::from_u16(status).unwrap_or_default(),
            })
        };
        assert_eq!(find(bare.as_bytes()), found(0, 400));
        let behind = format!("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-request-id: 1\r\n\r\nHi{bare}");
        assert_eq!(find(behind.as_bytes()), found(behind.len() - bare.len(), 400));
        for other in [
            "",
            "\r\n\r\n",
            "HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nx-request-id: 1\r\n\r\n",
            "HTTP/1.1 404 Not Found\r\ncontent-length: 4\r\n\r\n\r\n\r\n",
        ] {
            assert_eq!(find(other.as_bytes()), None, "{other}");
        }
    }
}
