//! The environment of rents.

use std::net::SocketAddr;
use std::time::Duration;

use url::Url;

use crate::environment::environment;
use crate::logging::LogLevels;
use crate::spec::{lasting, schemes};

const HTTP: &[&str] = &["http", "https"];

environment! {
    /// The service rents of the cluster citygroves.
    RentsEnv, "rents", "RS_" {
        /// Where the public HTTP server listens. Port 0 takes a free one.
        RS_LISTEN => listen: SocketAddr = "127.0.0.1:8001";
        /// Where `/healthz`, `/readyz` and `/metrics` are served. Never make it public. Port 0 takes a free one.
        RS_INTERNAL_LISTEN => internal_listen: SocketAddr = "127.0.0.1:9182";
        /// The address under which clients reach the service. Unset: the address that the server was bound to.
        RS_PUBLIC_URL => public_url: Option<Url>, schemes(HTTP);
        /// How long running requests may take to end when the service stops.
        RS_SHUTDOWN_TIMEOUT => shutdown_timeout: Duration = "30s", lasting(0, 3_600);
        /// What is logged: a level (`error`, `warn`, `info`, `debug`, `trace`), or a list like `info,actix=debug`.
        RS_LOG => log: LogLevels = "info";
    }
}
