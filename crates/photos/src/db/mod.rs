//! The database: one code path over SQLite and PostgreSQL. [`Db`] offers verbs, each of them one transaction; connections and SQL
//! stay in here. HTTP and the store are unknown here.

pub mod audit;
pub mod backup;
pub mod error;
pub mod idempotency;
pub mod leases;
pub mod objects;
pub mod photos;
pub mod sessions;
pub mod users;

use config::{DatabaseUrl, PhotosEnv, Secret};

pub use error::DbError;

/// Where the database is and how to use it.
#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    /// Where it is. A SQLite file is made if it is missing.
    pub url: DatabaseUrl,
    /// Password of the PostgreSQL user.
    pub password: Option<Secret>,
    /// The most connections at once, at least 1; for SQLite, readers beside the one writer.
    pub pool: u32,
}

impl From<&PhotosEnv> for DatabaseSettings {
    fn from(env: &PhotosEnv) -> Self {
        Self {
            url: env.database_url.clone(),
            password: env.database_password.clone(),
            pool: env.database_pool,
        }
    }
}

/// The database. Clones share connections.
#[derive(Debug, Clone)]
pub struct Db {}

impl Db {
    /// Prepares connections. A PostgreSQL server that does not answer yet is no error: verbs are unavailable until it does.
    ///
    /// # Errors
    /// If the SQLite file cannot be opened or made, or the settings are not usable.
    pub async fn connect(settings: &DatabaseSettings) -> Result<Self, DbError> {
        let _ = settings;
        Ok(Self {})
    }

    /// Brings the schema up to date, under a lock that holds among all replicas. Gives the versions that were applied.
    pub async fn migrate(&self) -> Result<Vec<String>, DbError> {
        Err(self.not_yet())
    }

    /// Undoes every migration: for tests.
    pub async fn revert_all(&self) -> Result<(), DbError> {
        Err(self.not_yet())
    }

    /// Whether every migration of this program was applied.
    pub async fn schema_is_current(&self) -> Result<bool, DbError> {
        Err(self.not_yet())
    }

    /// Whether the database answers: one trip.
    pub async fn ping(&self) -> Result<(), DbError> {
        Err(self.not_yet())
    }

    #[expect(clippy::unused_self, reason = "goes with the first verbs")]
    fn not_yet(&self) -> DbError {
        DbError::Fault("not yet".into())
    }
}
