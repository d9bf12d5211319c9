//! What is known of a call whoever makes it: its id, and where it comes from.

use std::future::{Ready, ready};
use std::net::{IpAddr, Ipv4Addr};

use actix_web::dev::{Payload, ServiceRequest};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use ipnet::IpNet;
use photos_api::REQUEST_ID;

use crate::error::Error;

/// The longest id that is taken over from a caller.
const ID_CHARS: usize = 128;
/// The most of a user agent that is kept.
const USER_AGENT_CHARS: usize = 256;

/// A call, as the log and the session list know it.
#[derive(Clone, Debug)]
pub struct Call {
    /// The caller's `X-Request-Id` if it is sane, else a new one.
    pub request_id: String,
    /// The client, seen through the proxies that are trusted.
    pub address: IpAddr,
    /// `User-Agent`, cut to 256 characters; empty if there is none.
    pub user_agent: String,
}

impl Call {
    pub(super) fn read(request: &ServiceRequest, trusted: &[IpNet]) -> Self {
        let headers = request.headers();
        let peer = request
            .peer_addr()
            .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
        let user_agent = headers
            .get(header::USER_AGENT)
            .map(|value| String::from_utf8_lossy(value.as_bytes()));
        Self {
            request_id: request_id(headers).unwrap_or_else(|| uuid::Uuid::now_v7().to_string()),
            address: client(peer, headers, trusted),
            user_agent: user_agent
                .unwrap_or_default()
                .chars()
                .take(USER_AGENT_CHARS)
                .collect(),
        }
    }
}

impl Call {
    /// Puts the id into the headers of an answer.
    pub(super) fn sign(&self, headers: &mut HeaderMap) {
        if let Ok(id) = HeaderValue::from_str(&self.request_id) {
            headers.insert(HeaderName::from_static(REQUEST_ID), id);
        }
    }
}

impl FromRequest for Call {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let call = request.extensions().get::<Self>().cloned();
        ready(call.ok_or_else(|| Error::internal("a call went around the shell")))
    }
}

fn request_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    let sane = |c: char| c.is_ascii_alphanumeric() || "-_.:/+=".contains(c);
    (!id.is_empty() && id.len() <= ID_CHARS && id.chars().all(sane)).then(|| id.to_owned())
}

/// The right-most address of `X-Forwarded-For` that is no trusted proxy's, if the peer is one: what stands left of it,
/// anybody could have written.
fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut client = peer.to_canonical();
    if !trusted(&client) {
        return client;
    }
    let hops: Vec<&str> = headers
        .get_all(header::X_FORWARDED_FOR)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    for hop in hops.into_iter().rev() {
        let Some(address) = address(hop.trim()) else { break };
        client = address;
        if !trusted(&client) {
            break;
        }
    }
    client
}

/// An address, with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let parsed = bare
        .parse()
        .or_else(|_| text.parse().map(|socket: std::net::SocketAddr| socket.ip()));
    parsed.ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use actix_web::test::TestRequest;

    use super::*;

    fn seen(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let trusted: Vec<IpNet> = trusted.iter().map(|network| network.parse().unwrap()).collect();
        let mut request = TestRequest::get().peer_addr(peer.parse().unwrap());
        for value in forwarded {
            request = request.append_header((header::X_FORWARDED_FOR, *value));
        }
        Call::read(&request.to_srv_request(), &trusted)
            .address
            .to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let proxies = ["10.0.0.0/8", "fd00::/8"];
        assert_eq!(seen("192.0.2.9:1", &["198.51.100.1"], &proxies), "192.0.2.9");
        assert_eq!(seen("10.0.0.1:1", &["198.51.100.1"], &proxies), "198.51.100.1");
        assert_eq!(
            seen("10.0.0.1:1", &["1.1.1.1, 198.51.100.1, 10.2.3.4"], &proxies),
            "198.51.100.1"
        );
        assert_eq!(
            seen("10.0.0.1:1", &["1.1.1.1", "198.51.100.1:4711"], &proxies),
            "198.51.100.1"
        );
        assert_eq!(
            seen("[fd00::1]:1", &["[2001:db8::7]:80"], &proxies),
            "2001:db8::7"
        );
        assert_eq!(
            seen("[::ffff:10.0.0.1]:1", &["198.51.100.1"], &proxies),
            "198.51.100.1"
        );
        assert_eq!(
            seen("10.0.0.1:1", &["198.51.100.1, nonsense"], &proxies),
            "10.0.0.1"
        );
        assert_eq!(seen("10.0.0.1:1", &[], &proxies), "10.0.0.1");
        assert_eq!(seen("10.0.0.1:1", &["198.51.100.1"], &[]), "10.0.0.1");
    }

    #[test]
    fn an_insane_request_id_is_replaced() {
        let id = |given: &str| {
            let request = TestRequest::get()
                .insert_header((REQUEST_ID, given))
                .to_srv_request();
            Call::read(&request, &[]).request_id
        };
        assert_eq!(id("abc-123"), "abc-123");
        for insane in ["", "two words", "a\"b", &"x".repeat(129)] {
            assert_eq!(id(insane).len(), 36, "{insane}");
        }
    }
}
