//! The database: one code path over SQLite and PostgreSQL. [`Db`] offers verbs, each of them one transaction; connections and SQL
//! stay in here. HTTP and the store are unknown here.

pub mod audit;
pub mod backup;
pub mod checks;
mod claims;
mod connection;
pub mod error;
mod flags;
pub mod idempotency;
pub mod leases;
mod migrations;
pub mod objects;
pub mod photos;
pub mod queue;
mod records;
mod run;
mod schema;
mod seed;
pub mod sessions;
mod sql;
pub mod staff;
pub mod users;
pub mod users_list;

use std::path::Path;
use std::time::{Duration, Instant};

use config::{DatabaseUrl, PhotosEnv, Secret};

use connection::{AnyConnection, Manager};
use run::{Lane, Step, Transaction};

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
pub struct Db {
    readers: Lane,
    writers: Lane,
}

impl Db {
    /// Prepares connections. A PostgreSQL server that does not answer yet is no error: verbs are unavailable until it does.
    ///
    /// # Errors
    /// If the SQLite file cannot be opened or made, or the settings are not usable.
    pub async fn connect(settings: &DatabaseSettings) -> Result<Self, DbError> {
        if let DatabaseUrl::Sqlite(path) = &settings.url {
            let path = path.clone();
            let work = tokio::task::spawn_blocking(move || prepare_file(&path));
            work.await.map_err(|error| DbError::Fault(error.to_string()))??;
        }
        let (reader, writer) = Manager::pair(&settings.url, settings.password.as_ref())?;
        Ok(match writer {
            Some(writer) => Self {
                readers: Lane::new(reader, settings.pool, Transaction::Snapshot),
                writers: Lane::new(writer, 1, Transaction::Write),
            },
            None => {
                let both = Lane::new(reader, settings.pool, Transaction::Write);
                Self {
                    readers: both.clone(),
                    writers: both,
                }
            }
        })
    }

    /// Whether the database answers: one trip.
    pub async fn ping(&self) -> Result<(), DbError> {
        self.read(|connection| Ok(run::probe(connection)?)).await
    }

    /// Statements that need no common snapshot.
    async fn read<T: Send + 'static>(
        &self,
        body: impl FnMut(&mut AnyConnection) -> Step<T> + Send + 'static,
    ) -> Result<T, DbError> {
        let Ok(value) = self.readers.run(Transaction::None, body).await?;
        Ok(value)
    }

    /// One statement or several without a common snapshot, and something made of what they give, on the same thread: there the
    /// memory of rows is given back where it was taken.
    async fn read_then<T, U: Send + 'static>(
        &self,
        body: impl FnMut(&mut AnyConnection) -> Step<T> + Send + 'static,
        then: impl FnOnce(T) -> U + Send + 'static,
    ) -> Result<U, DbError> {
        let Ok(value) = self.readers.run_then(Transaction::None, body, then).await?;
        Ok(value)
    }

    /// A transaction that changes something.
    async fn write<T: Send + 'static>(
        &self,
        body: impl FnMut(&mut AnyConnection) -> Step<T> + Send + 'static,
    ) -> Result<T, DbError> {
        let Ok(value) = self.writers.run(Transaction::Write, body).await?;
        Ok(value)
    }

    /// A transaction that changes something, or undoes it and answers why.
    async fn write_or<T: Send + 'static, E: Send + 'static>(
        &self,
        body: impl FnMut(&mut AnyConnection) -> Step<T, E> + Send + 'static,
    ) -> Result<Result<T, E>, DbError> {
        self.writers.run(Transaction::Write, body).await
    }
}

/// Makes the file and its folder, and switches it to WAL, which fails while another process does the same.
fn prepare_file(path: &Path) -> Result<(), DbError> {
    let fault = |error: &dyn std::fmt::Display| {
        DbError::Refused(format!("cannot open the database {}: {error}", path.display()))
    };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| fault(&error))?;
    }
    let name = path.to_str().ok_or_else(|| fault(&"its path is not UTF-8"))?;
    let deadline = Instant::now() + Duration::from_secs(15);
    while let Err(error) = connection::switch_to_wal(name) {
        if Instant::now() > deadline || !error.to_string().contains("locked") {
            return Err(fault(&error));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}
