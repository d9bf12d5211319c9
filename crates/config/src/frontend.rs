//! The environment of the frontend.

use std::net::SocketAddr;

use url::Url;

use crate::environment::environment;
use crate::secret::Secret;
use crate::spec::{at_least, schemes};

const HTTP: &[&str] = &["http", "https"];

environment! {
    /// The frontend: the pages of the product, in front of the photos service.
    FrontendEnv, "frontend", "FE_" {
        /// Where the public HTTP server listens. Port 0 takes a free one.
        FE_LISTEN => listen: SocketAddr = "127.0.0.1:8000";
        /// Where `/healthz`, `/readyz` and `/metrics` are served. Never make it public. Port 0 takes a free one.
        FE_INTERNAL_LISTEN => internal_listen: SocketAddr = "127.0.0.1:9181";
        /// The address under which browsers reach the frontend. Unset: the address that the server was bound to.
        FE_PUBLIC_URL => public_url: Option<Url>, schemes(HTTP);
        /// The photos service, as the frontend's own requests reach it.
        FE_PHOTOS_URL => photos_url: Url, schemes(HTTP);
        /// Signs the cookies of browser sessions; the same in all replicas.
        FE_SESSION_SECRET => session_secret: Secret, at_least(32);
        /// The largest photo file that is sent on: what photos takes, its `PS_MAX_BYTES`. Pages say it before anything is sent.
        FE_MAX_BYTES => max_bytes: u64 = "26214400", at_least(1);
    }
}
