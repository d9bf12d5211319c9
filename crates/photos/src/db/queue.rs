//! What waits for the sweeper, who holds which lease, and what the database is: for the admin's system page.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::connection::AnyConnection;
use super::records::{read_size, read_time};
use super::run::Step;
use super::schema::leases;
use super::sql::Sql;
use super::{Db, DbError};
use crate::domain::Timestamp;
use crate::domain::time::from_micros;

/// Rows are counted up to here: what is more is only known to be more.
pub const COUNTED: u64 = 10_000;

/// Some rows that wait, and since when.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waiting {
    /// How many; more than [`COUNTED`] only says that there are more.
    pub count: u64,
    /// The oldest one's last sign of life, or when it went to the trash.
    pub oldest: Option<Timestamp>,
}

/// What waits for the sweeper.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Queue {
    /// Objects that are being written, or were given up by makers that died.
    pub pending: Waiting,
    /// Objects that are to be deleted.
    pub deleting: Waiting,
    /// Photos in the trash.
    pub trash: Waiting,
    /// Name, holder and end of every lease.
    pub leases: Vec<(String, String, Timestamp)>,
}

impl Db {
    /// What waits for the sweeper.
    pub async fn queue(&self) -> Result<Queue, DbError> {
        self.read(|connection| {
            let leases: Vec<(String, String, i64)> = leases::table.order(leases::name).load(connection)?;
            Ok(Queue {
                pending: waiting(connection, "heartbeat_at", "objects WHERE state = 'pending'")?,
                // In the order of their keys, as the index has them: their age is not asked for.
                deleting: waiting(connection, "NULL", "objects WHERE state = 'deleting'")?,
                trash: waiting(connection, "deleted_at", "photos WHERE deleted_at IS NOT NULL")?,
                leases: leases
                    .into_iter()
                    .map(|(name, holder, end)| (name, holder, from_micros(end)))
                    .collect(),
            })
        })
        .await
    }

    /// Kind and version of the database, such as `SQLite 3.50.2`.
    pub async fn database_version(&self) -> Result<String, DbError> {
        self.read(|connection| {
            let (kind, query) = match connection {
                AnyConnection::Postgres(_) => ("PostgreSQL", "SELECT current_setting('server_version')"),
                AnyConnection::Sqlite(_) => ("SQLite", "SELECT sqlite_version()"),
            };
            let version: Vec<(String,)> = Sql::<(Text,)>::new(query).load(connection)?;
            let version = version.into_iter().next().map(|(version,)| version);
            Ok(format!("{kind} {}", version.unwrap_or_default()))
        })
        .await
    }
}

fn waiting(connection: &mut AnyConnection, age: &'static str, of: &'static str) -> Step<Waiting> {
    let oldest = if age == "NULL" {
        "CAST(NULL AS BIGINT)".to_owned()
    } else {
        format!("(SELECT {age} FROM {of} ORDER BY {age} LIMIT 1)")
    };
    let limit = COUNTED + 1;
    let found = Sql::<(BigInt, Nullable<BigInt>)>::new(format!(
        "SELECT (SELECT COUNT(*) FROM (SELECT 1 FROM {of} LIMIT {limit}) c), {oldest}"
    ))
    .load::<(i64, Option<i64>)>(connection)?;
    let (count, oldest) = found.into_iter().next().unwrap_or_default();
    Ok(Waiting {
        count: read_size("count", count)?,
        oldest: read_time(oldest),
    })
}
