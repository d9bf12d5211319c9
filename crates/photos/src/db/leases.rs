//! Leases: which replica does a job. One that dies loses its lease by time.

use std::time::Duration;

use diesel::prelude::*;

use super::schema::leases;
use super::sql::Sql;
use super::{Db, DbError};
use crate::domain::Timestamp;
use crate::domain::time::after;

impl Db {
    /// Takes or renews a lease. `false`: another holder has it.
    pub async fn acquire_lease(
        &self,
        name: &str,
        holder: &str,
        ttl: Duration,
        now: Timestamp,
    ) -> Result<bool, DbError> {
        let (name, holder) = (name.to_owned(), holder.to_owned());
        self.write(move |connection| {
            let taken = Sql::<()>::new("INSERT INTO leases (name, holder, expires_at) VALUES (")
                .bind(&name)
                .sql(", ")
                .bind(&holder)
                .sql(", ")
                .bind(after(now, ttl))
                .sql(
                    ") ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at \
                     WHERE leases.holder = excluded.holder OR leases.expires_at <= ",
                )
                .bind(now)
                .execute(connection)?;
            Ok(taken == 1)
        })
        .await
    }

    /// Gives a lease back, if the holder still has it.
    pub async fn release_lease(&self, name: &str, holder: &str) -> Result<(), DbError> {
        let (name, holder) = (name.to_owned(), holder.to_owned());
        self.write(move |connection| {
            diesel::delete(leases::table.find(&name).filter(leases::holder.eq(&holder)))
                .execute(connection)?;
            Ok(())
        })
        .await
    }
}
