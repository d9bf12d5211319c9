//! What all calls share: built once from the environment and passed everywhere. There are no globals.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use config::FrontendEnv;
use photos_client::{Client, ClientError, RetryPolicy};
use url::Url;

use crate::assets::Assets;
use crate::metrics::Metrics;
use crate::renewal::Renewals;
use crate::seal::{SealError, Seals};

/// Why the frontend cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address is taken or not ours.
    #[error(
        "cannot listen on {address} ({variable}): {source}; stop who listens there, or choose another address"
    )]
    Bind {
        /// The variable that has the address.
        variable: &'static str,
        /// The address.
        address: SocketAddr,
        /// The system's reason.
        source: io::Error,
    },
    /// A server cannot be started.
    #[error("cannot serve: {0}")]
    Serve(#[from] io::Error),
    /// The address of the photos service cannot be used.
    #[error("FE_PHOTOS_URL: {0}")]
    Photos(Box<ClientError>),
    /// No key can be made of the secret.
    #[error("FE_SESSION_SECRET: {0}")]
    Secret(#[from] SealError),
    /// The counters cannot be made.
    #[error("cannot make the metrics: {0}")]
    Metrics(#[from] prometheus::Error),
}

/// The frontend's state.
pub struct App {
    /// What browsers call the frontend.
    pub public_url: Url,
    /// Connections to the photos service, as nobody.
    pub client: Client,
    pub(crate) seals: Seals,
    pub(crate) renewals: Renewals,
    pub(crate) assets: Assets,
    pub(crate) metrics: Metrics,
    /// Largest file in bytes that is sent on.
    pub(crate) max_bytes: u64,
    stopping: AtomicBool,
}

impl App {
    /// Makes everything; the photos service need not be there yet.
    ///
    /// # Errors
    /// What cannot be used, with the variable to look at.
    pub fn build(env: &FrontendEnv, public_url: Url) -> Result<Arc<Self>, StartError> {
        // Somebody waits before the page: better a page that says so than a long silence.
        let retry = RetryPolicy {
            attempts: 2,
            base: Duration::from_millis(150),
            longest_wait: Duration::from_secs(1),
            ..RetryPolicy::default()
        };
        let client = Client::builder(env.photos_url.as_str())
            .retry(retry)
            .connect_timeout(Duration::from_secs(2))
            .timeout(Duration::from_secs(20))
            .user_agent(concat!("frontend/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| StartError::Photos(Box::new(error)))?;
        Ok(Arc::new(Self {
            public_url,
            client,
            seals: Seals::new(env.session_secret.expose())?,
            renewals: Renewals::default(),
            assets: Assets::embedded()?,
            metrics: Metrics::new()?,
            max_bytes: env.max_bytes,
            stopping: AtomicBool::new(false),
        }))
    }

    /// Whether cookies may go over TLS only.
    pub(crate) fn is_secure(&self) -> bool {
        self.public_url.scheme() == "https"
    }

    /// Whether the frontend is about to end.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Switches readiness off.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }
}
