//! The environment of bot.

use std::net::SocketAddr;
use std::time::Duration;

use url::Url;

use crate::environment::environment;
use crate::logging::LogLevels;
use crate::spec::{lasting, schemes};

const HTTP: &[&str] = &["http", "https"];

environment! {
    /// The service bot of the cluster shangren.
    BotEnv, "bot", "BT_" {
        /// Where the public HTTP server listens. Port 0 takes a free one.
        BT_LISTEN => listen: SocketAddr = "127.0.0.1:8002";
        /// Where `/healthz`, `/readyz` and `/metrics` are served. Never make it public. Port 0 takes a free one.
        BT_INTERNAL_LISTEN => internal_listen: SocketAddr = "127.0.0.1:9183";
        /// The address under which clients reach the service. Unset: the address that the server was bound to.
        BT_PUBLIC_URL => public_url: Option<Url>, schemes(HTTP);
        /// How long running requests may take to end when the service stops.
        BT_SHUTDOWN_TIMEOUT => shutdown_timeout: Duration = "30s", lasting(0, 3_600);
        /// What is logged: a level (`error`, `warn`, `info`, `debug`, `trace`), or a list like `info,actix=debug`.
        BT_LOG => log: LogLevels = "info";
    }
}
