//! The schema: two folders of migrations, one for each kind of database, with the same tables.

use diesel::connection::SimpleConnection;
use diesel::migration::MigrationVersion;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::connection::AnyConnection;
use super::error::DbError;
use super::run::{Abort, Step};
use super::{Db, Transaction};

const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");
const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

/// A number that only migrations of this service lock.
const LOCK: &str = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; \
                    SELECT pg_advisory_xact_lock(7311064520215810);";

impl Db {
    /// Brings the schema up to date, all or nothing, under a lock that holds among all replicas. Gives the versions that were applied.
    pub async fn migrate(&self) -> Result<Vec<String>, DbError> {
        self.write(|connection| {
            lock(connection)?;
            match connection {
                AnyConnection::Postgres(inner) => names(inner.run_pending_migrations(POSTGRES)),
                AnyConnection::Sqlite(inner) => names(inner.run_pending_migrations(SQLITE)),
            }
        })
        .await
    }

    /// Undoes every migration, and with them all data: for tests.
    pub async fn revert_all(&self) -> Result<(), DbError> {
        self.write(|connection| {
            lock(connection)?;
            match connection {
                AnyConnection::Postgres(inner) => names(inner.revert_all_migrations(POSTGRES)),
                AnyConnection::Sqlite(inner) => names(inner.revert_all_migrations(SQLITE)),
            }
        })
        .await
        .map(drop)
    }

    /// Whether every migration of this program was applied.
    pub async fn schema_is_current(&self) -> Result<bool, DbError> {
        let body = |connection: &mut AnyConnection| {
            let pending = match connection {
                AnyConnection::Postgres(inner) => inner.has_pending_migration(POSTGRES),
                AnyConnection::Sqlite(inner) => inner.has_pending_migration(SQLITE),
            };
            pending
                .map(|pending| !pending)
                .map_err(|error| failed(error.as_ref()))
        };
        let Ok(current) = self.writers.run(Transaction::None, body).await?;
        Ok(current)
    }
}

fn lock(connection: &mut AnyConnection) -> Step<()> {
    if let AnyConnection::Postgres(inner) = connection {
        inner.batch_execute(LOCK)?;
    }
    Ok(())
}

fn names(result: diesel::migration::Result<Vec<MigrationVersion<'_>>>) -> Step<Vec<String>> {
    match result {
        Ok(versions) => Ok(versions.iter().map(ToString::to_string).collect()),
        Err(error) => Err(failed(error.as_ref())),
    }
}

fn failed(error: &(dyn std::error::Error + Send + Sync + 'static)) -> Abort {
    Abort::Db(DbError::Fault(format!("a migration failed: {error}")))
}
