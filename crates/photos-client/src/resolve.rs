//! Names: `localhost` and `*.localhost` are this machine (RFC 6761), whatever the system's resolver knows of them.

use std::net::{Ipv4Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Whether a host name means this machine.
pub(crate) fn is_local(host: &str) -> bool {
    let host = host.trim_end_matches('.');
    host.eq_ignore_ascii_case("localhost")
        || host.len() > 10 && host.is_char_boundary(host.len() - 10) && {
            let (_, tail) = host.split_at(host.len() - 10);
            tail.eq_ignore_ascii_case(".localhost")
        }
}

/// Answers local names itself and asks the system for all others.
pub(crate) struct Resolver;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            if is_local(name.as_str()) {
                return Ok(Box::new(std::iter::once(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))) as Addrs);
            }
            let addresses: Vec<_> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::is_local;

    #[test]
    fn local_names() {
        for name in [
            "localhost",
            "LOCALHOST",
            "localhost.",
            "hmlet.photos.local.localhost",
            "a.Localhost",
        ] {
            assert!(is_local(name), "{name}");
        }
        for name in [
            "example.org",
            "notlocalhost",
            ".localhost",
            "localhost.example.org",
            "äöü.örtlich",
        ] {
            assert!(!is_local(name), "{name}");
        }
    }
}
