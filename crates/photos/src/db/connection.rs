//! A connection to either database, and how it is made.

use std::path::Path;

use config::{DatabaseUrl, Secret};
use diesel::connection::{SimpleConnection, TransactionManager, TransactionManagerStatus};
use diesel::prelude::*;
use diesel::r2d2::ManageConnection;
use url::Url;

use super::error::DbError;

/// How long a server may take to accept a connection, in seconds.
const CONNECT_SECONDS: &str = "3";

/// Every query of the service is a short walk of an index. A plan that is made for unknown values, or from the statistics of a moment,
/// must not make it a scan and a sort of everything that has a common term.
const POSTGRES_SESSION: &str = "SET statement_timeout = '30s'; SET lock_timeout = '10s'; \
    SET idle_in_transaction_session_timeout = '60s'; SET client_min_messages = 'warning'; \
    SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off; SET enable_hashjoin = off; \
    SET enable_mergejoin = off; SET max_parallel_workers_per_gather = 0; SET jit = off;";

pub(super) use any::{AnyConnection, MultiBackend};

mod any {
    //! Apart, because of what the derive makes.
    #![expect(unreachable_pub, reason = "made by the derive")]

    use diesel::prelude::*;

    /// A connection to either database.
    #[derive(diesel::MultiConnection)]
    pub enum AnyConnection {
        /// PostgreSQL.
        Postgres(PgConnection),
        /// SQLite.
        Sqlite(SqliteConnection),
    }
}

/// Runs one body on the connection of either kind, for what the common type does not offer.
macro_rules! each_backend {
    ($connection:expr, $inner:ident => $body:expr) => {
        match $connection {
            $crate::db::connection::AnyConnection::Postgres($inner) => $body,
            $crate::db::connection::AnyConnection::Sqlite($inner) => $body,
        }
    };
}
pub(super) use each_backend;

/// A connection of a pool.
pub(super) struct Pooled {
    pub(super) inner: AnyConnection,
    /// It was found dead; the pool throws it away.
    pub(super) lost: bool,
}

/// Makes connections for a pool.
#[derive(Debug, Clone)]
pub(super) enum Manager {
    /// Connections that only read a file.
    SqliteReader(String),
    /// The connection that writes to it.
    SqliteWriter(String),
    /// Connections to a server; the URL has the password.
    Postgres(Secret),
}

impl Manager {
    /// Managers for readers and writers.
    pub(super) fn pair(
        url: &DatabaseUrl,
        password: Option<&Secret>,
    ) -> Result<(Self, Option<Self>), DbError> {
        match url {
            DatabaseUrl::Sqlite(path) => {
                let path = file_name(path)?;
                Ok((Self::SqliteReader(path.clone()), Some(Self::SqliteWriter(path))))
            }
            DatabaseUrl::Postgres(url) => Ok((Self::Postgres(with_password(url, password)?), None)),
        }
    }
}

impl ManageConnection for Manager {
    type Connection = Pooled;
    type Error = ConnectionError;

    fn connect(&self) -> Result<Pooled, ConnectionError> {
        let inner = match self {
            Self::SqliteReader(path) => {
                let mut connection = open_sqlite(path)?;
                prepare(&mut connection, "PRAGMA query_only = ON;")?;
                AnyConnection::Sqlite(connection)
            }
            Self::SqliteWriter(path) => AnyConnection::Sqlite(open_sqlite(path)?),
            Self::Postgres(url) => {
                let mut connection = PgConnection::establish(url.expose())?;
                prepare(&mut connection, POSTGRES_SESSION)?;
                AnyConnection::Postgres(connection)
            }
        };
        Ok(Pooled { inner, lost: false })
    }

    fn is_valid(&self, _: &mut Pooled) -> Result<(), ConnectionError> {
        Ok(())
    }

    fn has_broken(&self, connection: &mut Pooled) -> bool {
        // A panic inside a transaction leaves it open.
        connection.lost || each_backend!(&mut connection.inner, inner => is_in_transaction(inner))
    }
}

fn is_in_transaction<C>(connection: &mut C) -> bool
where
    C: Connection<TransactionManager = diesel::connection::AnsiTransactionManager>,
    diesel::connection::AnsiTransactionManager:
        TransactionManager<C, TransactionStateData = diesel::connection::AnsiTransactionManager>,
{
    let status = diesel::connection::AnsiTransactionManager::transaction_manager_status_mut(connection);
    !matches!(&*status, TransactionManagerStatus::Valid(valid) if valid.transaction_depth().is_none())
}

fn prepare(connection: &mut impl SimpleConnection, sql: &str) -> Result<(), ConnectionError> {
    connection
        .batch_execute(sql)
        .map_err(ConnectionError::CouldntSetupConfiguration)
}

/// WAL lets readers go on while somebody writes. `synchronous = FULL` syncs the log at every commit: an answer was given for it,
/// and a power failure must not take it back; `NORMAL` would survive only the death of the process.
fn open_sqlite(path: &str) -> Result<SqliteConnection, ConnectionError> {
    let mut connection = SqliteConnection::establish(path)?;
    prepare(
        &mut connection,
        "PRAGMA busy_timeout = 15000; PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL; \
         PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384;",
    )?;
    Ok(connection)
}

/// The one thing that is kept in the file. Needs the file for itself for a moment.
pub(super) fn switch_to_wal(path: &str) -> Result<(), ConnectionError> {
    let mut connection = open_sqlite(path)?;
    prepare(
        &mut connection,
        "PRAGMA journal_mode = WAL; PRAGMA journal_size_limit = 67108864;",
    )
}

fn file_name(path: &Path) -> Result<String, DbError> {
    path.to_str()
        .map(str::to_owned)
        .ok_or_else(|| DbError::Refused(format!("the path {} is not UTF-8", path.display())))
}

fn with_password(url: &Url, password: Option<&Secret>) -> Result<Secret, DbError> {
    let mut url = url.clone();
    if let Some(password) = password {
        // Every byte, because a percent sign in a password is one, and the server's library reads escapes.
        let escaped: String = password
            .expose()
            .bytes()
            .map(|byte| format!("%{byte:02X}"))
            .collect();
        url.set_password(Some(&escaped)).map_err(|()| {
            DbError::Refused(
                "a password needs a database URL with a host, such as postgres://user@host/name".into(),
            )
        })?;
    }
    for (name, value) in [
        ("connect_timeout", CONNECT_SECONDS),
        ("application_name", "photos"),
    ] {
        if !url.query_pairs().any(|(given, _)| given == name) {
            url.query_pairs_mut().append_pair(name, value);
        }
    }
    Ok(Secret::new(url.into()))
}
