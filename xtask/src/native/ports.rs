//! The ports of a run: free ones for port 0, and a clear word about who holds a taken one.

use std::{
    collections::BTreeSet,
    io,
    net::{SocketAddr, TcpListener},
};

use crate::outcome::Failure;

/// Puts a free port in the place of port 0, so that everybody knows it before the app starts.
///
/// # Errors
/// When the system has none left.
pub(crate) fn settle(address: SocketAddr) -> io::Result<SocketAddr> {
    if address.port() == 0 {
        TcpListener::bind(address)?.local_addr()
    } else {
        Ok(address)
    }
}

/// Checks that an app can listen there. `variable` is the name of the setting that chose the address.
///
/// # Errors
/// Exit code 1, naming the process that holds the port if the system tells.
pub(crate) fn check_free(app: &str, variable: &str, address: SocketAddr) -> Result<(), Failure> {
    let Err(error) = TcpListener::bind(address) else {
        return Ok(());
    };
    let what = format!("{app} cannot listen on {address}");
    let failure = Failure::failed(what);
    Err(match error.kind() {
        io::ErrorKind::AddrInUse => failure
            .because(format!(
                "port {} is taken by {}",
                address.port(),
                holder(address.port())
            ))
            .advise(format!(
                "stop it, or choose another port: {variable}={}:0 takes any free one",
                address.ip()
            )),
        _ => failure
            .because(error.to_string())
            .advise(format!("choose another address with {variable}")),
    })
}

/// Whether nobody listens on this port of 127.0.0.1.
pub(crate) fn is_free(port: u16) -> bool {
    let address = SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, port));
    !TcpListener::bind(address).is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse)
}

/// Who listens on a port, as far as the system tells.
pub(crate) fn holder(port: u16) -> String {
    let holders = holders(port);
    if holders.is_empty() {
        "another process".to_owned()
    } else {
        holders.join(", ")
    }
}

/// Who listens on the TCP port: `photos (pid 12)`. Empty if nobody does, or the system does not tell.
pub(crate) fn holders(port: u16) -> Vec<String> {
    let listeners = listeners::get_all().unwrap_or_default();
    let names: BTreeSet<String> = listeners
        .into_iter()
        .filter(|listener| listener.socket.port() == port && listener.protocol == listeners::Protocol::TCP)
        .map(|listener| format!("{} (pid {})", listener.process.name, listener.process.pid))
        .collect();
    names.into_iter().collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn port_zero_becomes_a_free_port_and_others_stay() {
        let settled = settle("127.0.0.1:0".parse().unwrap()).unwrap();
        assert_ne!(settled.port(), 0);
        assert_eq!(settle(settled).unwrap(), settled);
        assert!(check_free("photos", "PS_LISTEN", settled).is_ok());
    }

    #[test]
    fn a_taken_port_names_its_holder() {
        let holder = TcpListener::bind("127.0.0.1:0").unwrap();
        let failure = check_free("photos", "PS_LISTEN", holder.local_addr().unwrap()).unwrap_err();
        let text = format!("{failure:?}");
        assert!(text.contains(&format!("(pid {})", std::process::id())), "{text}");
        assert!(text.contains("PS_LISTEN=127.0.0.1:0"), "{text}");
    }
}
