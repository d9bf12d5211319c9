//! What all calls share: built once from the environment and passed everywhere. There are no globals.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use config::{PhotosEnv, Secret};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use crate::admin::Admin;
use crate::auth::passwords::{PasswordError, Passwords};
use crate::auth::throttle::Throttle;
use crate::auth::tokens::Tokens;
use crate::db::{DatabaseSettings, Db, DbError};
use crate::domain::{Timestamp, now_micros};
use crate::http::fallback::RouteTable;
use crate::http::metrics::Metrics;
use crate::http::openapi;
use crate::http::photos::written::Written;
use crate::jobs::sweeper::{SweepSettings, SweepStatus, Sweeper};
use crate::media::Media;
use crate::store::{Store, StoreError};

/// What only tests choose.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long a caller may send nothing in the middle of a request.
    pub stalled_after: Duration,
    /// How long the body of an answered request is read on, so that its sender gets to read the answer.
    pub linger: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            stalled_after: Duration::from_secs(30),
            linger: Duration::from_secs(10),
        }
    }
}

/// Why the service cannot start.
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
    Serve(io::Error),
    /// The database does not answer or refuses.
    #[error("{0}; check PS_DATABASE_URL and PS_DATABASE_PASSWORD")]
    Database(#[from] DbError),
    /// The database has another schema.
    #[error("the database's schema is not this version's: run `photos migrate`, or set PS_MIGRATE=true")]
    Schema,
    /// The object store does not answer or refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Uploads have no place to lie.
    #[error("cannot use the folder of PS_SPOOL_DIR: {0}")]
    Spool(io::Error),
    /// The URL of Redis cannot be used.
    #[error("PS_REDIS_URL cannot be used: {0}")]
    Redis(#[from] redis::RedisError),
    /// No password can be hashed.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The counters cannot be made.
    #[error("cannot make the metrics: {0}")]
    Metrics(#[from] prometheus::Error),
    /// The admin's files or keys cannot be made.
    #[error("cannot prepare the admin: {0}")]
    Admin(io::Error),
    /// The OpenAPI document cannot be written.
    #[error("cannot write the OpenAPI document: {0}")]
    Document(#[from] serde_json::Error),
}

/// The service's state.
pub struct App {
    /// The environment, as it was read.
    pub env: PhotosEnv,
    /// What only tests choose.
    pub options: Options,
    /// What the links in answers begin with.
    pub public_url: Url,
    /// The database.
    pub db: Db,
    /// The object store.
    pub store: Store,
    /// The way of a photo's bytes.
    pub media: Media,
    /// Access tokens.
    pub tokens: Tokens,
    /// Password hashes.
    pub passwords: Passwords,
    /// Failed logins.
    pub throttle: Throttle,
    /// Counters.
    pub metrics: Metrics,
    /// Cancelled when the service begins to stop: jobs end, readiness is off.
    pub stopping: CancellationToken,
    /// Jobs in the background, which the end waits for.
    pub jobs: TaskTracker,
    /// What this replica's sweeper does.
    pub sweeper: watch::Sender<SweepStatus>,
    /// When this replica was started.
    pub started_at: Timestamp,
    pub(crate) admin: Admin,
    pub(crate) written: Written,
    pub(crate) routes: RouteTable,
    pub(crate) document: String,
}

impl App {
    /// Connects to everything. Nothing is changed anywhere yet, see [`App::prepare`].
    ///
    /// # Errors
    /// What cannot be used, with the variable to look at.
    pub async fn build(env: PhotosEnv, options: Options, public_url: Url) -> Result<Arc<Self>, StartError> {
        let document = openapi::document();
        let db = Db::connect(&DatabaseSettings::from(&env)).await?;
        let store = Store::open(&env).await?;
        let throttle = match &env.redis_url {
            Some(url) => Throttle::shared(url, env.redis_password.as_ref().map(Secret::expose))?,
            None => Throttle::in_memory(),
        };
        let media = Media::open(&env, db.clone(), store.clone()).map_err(StartError::Spool)?;
        let metrics = Metrics::new()?;
        metrics.show(media.made_later())?;
        Ok(Arc::new(Self {
            tokens: Tokens::new(env.jwt_secret.expose().as_bytes(), env.access_ttl),
            passwords: Passwords::new(env.workers, env.queue_timeout)?,
            throttle,
            metrics,
            stopping: CancellationToken::new(),
            jobs: TaskTracker::new(),
            sweeper: watch::Sender::default(),
            started_at: now_micros(),
            admin: Admin::new(env.jwt_secret.expose()).map_err(StartError::Admin)?,
            written: Written::default(),
            routes: RouteTable::new(&document),
            document: document.to_pretty_json()?,
            media,
            db,
            store,
            env,
            options,
            public_url,
        }))
    }

    /// Brings the schema up to date, or checks that it is, and makes the first superuser.
    ///
    /// # Errors
    /// When the database does not answer, or has another schema and `PS_MIGRATE` is off.
    pub async fn prepare(&self) -> Result<(), StartError> {
        if self.env.migrate {
            let applied = self.db.migrate().await?;
            if !applied.is_empty() {
                tracing::info!(migrations = applied.join(", "), "the schema is up to date now");
            }
        } else if !self.db.schema_is_current().await? {
            return Err(StartError::Schema);
        }
        if let Err(error) = self.store.ping().await {
            // Readiness says so too, and comes back with the store.
            tracing::warn!(%error, "the store is not there yet");
        }
        self.ensure_superuser().await
    }

    /// Starts the jobs in the background; they end with [`App::stop`].
    pub fn start_jobs(&self) {
        let sweeper = Sweeper::new(
            self.db.clone(),
            self.store.clone(),
            SweepSettings::from(&self.env),
        );
        self.jobs
            .spawn(sweeper.report_to(self.sweeper.clone()).run(self.stopping.clone()));
    }

    async fn ensure_superuser(&self) -> Result<(), StartError> {
        let Some(password) = &self.env.admin_password else {
            return Ok(());
        };
        if self.db.has_superuser().await? {
            return Ok(());
        }
        let hash = self.passwords.hash(password.expose().to_owned()).await?;
        let username = self.env.admin_username.as_str().to_owned();
        if self
            .db
            .ensure_superuser(username.clone(), hash, now_micros())
            .await?
        {
            tracing::info!(
                username,
                "the first superuser is made, from PS_ADMIN_USERNAME and PS_ADMIN_PASSWORD"
            );
        }
        Ok(())
    }

    /// Whether the service is about to end.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stopping.is_cancelled()
    }

    /// Switches readiness off and tells the jobs to end.
    pub fn stop(&self) {
        self.stopping.cancel();
    }

    /// Waits for the jobs to end.
    pub async fn close(&self) {
        self.jobs.close();
        self.jobs.wait().await;
    }
}
