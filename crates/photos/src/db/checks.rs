//! Runs of fsck that the admin starts: one at a time among all replicas, seen by all of them.

use std::time::Duration;

use diesel::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::audit::{self, Subject};
use super::connection::AnyConnection;
use super::records::{CheckRecord, read_size, read_time};
use super::run::Step;
use super::schema::checks;
use super::sql::Sql;
use super::{Db, DbError};
use crate::domain::time::{before, from_micros};
use crate::domain::{Actor, Timestamp};

/// A run without a sign of life for so long has died with its replica.
pub const SILENCE: Duration = Duration::from_secs(60);
/// Runs that are kept.
const KEPT: i64 = 20;

/// A run of fsck.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Id, which ascends with time.
    pub id: String,
    /// When it began.
    pub started_at: Timestamp,
    /// Who started it.
    pub started_by: String,
    /// Whether it compares lengths only.
    pub quick: bool,
    /// Its last sign of life.
    pub heartbeat_at: Timestamp,
    /// Objects that it has looked at.
    pub seen: u64,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// What it found, as JSON.
    pub report: Option<String>,
    /// Why it could not be done.
    pub fault: Option<String>,
}

impl Check {
    /// Whether it goes on, as far as one can tell at `now`.
    pub fn goes_on(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && self.heartbeat_at > before(now, SILENCE)
    }
}

impl Db {
    /// Notes the beginning of a run, audited as `fsck`. None: another one goes on.
    pub async fn begin_check(
        &self,
        actor: &Actor,
        quick: bool,
        now: Timestamp,
    ) -> Result<Option<String>, DbError> {
        let actor = actor.clone();
        self.write(move |connection| {
            lock(connection)?;
            if last(connection)?.is_some_and(|check| check.goes_on(now)) {
                return Ok(None);
            }
            let record = CheckRecord {
                id: Uuid::now_v7().to_string(),
                started_at: now.as_microsecond(),
                started_by: actor.username.clone(),
                quick,
                heartbeat_at: now.as_microsecond(),
                seen: 0,
                ended_at: None,
                report: None,
                fault: None,
            };
            diesel::insert_into(checks::table)
                .values(&record)
                .execute(connection)?;
            Sql::<()>::new(
                "DELETE FROM checks WHERE id NOT IN (SELECT id FROM checks ORDER BY id DESC LIMIT ",
            )
            .bind(KEPT)
            .sql(")")
            .execute(connection)?;
            let changes = json!({ "quick": [null, quick] });
            audit::record(connection, Some(&actor), "fsck", Subject::Service, &changes, now)?;
            Ok(Some(record.id))
        })
        .await
    }

    /// Sign of life of a run, which has looked at `seen` objects.
    pub async fn beat_check(&self, id: &str, seen: u64, now: Timestamp) -> Result<(), DbError> {
        let id = id.to_owned();
        self.write(move |connection| {
            diesel::update(checks::table.find(&id))
                .set((
                    checks::heartbeat_at.eq(now.as_microsecond()),
                    checks::seen.eq(seen.cast_signed()),
                ))
                .execute(connection)?;
            Ok(())
        })
        .await
    }

    /// The end of a run: its report as JSON, or why there is none.
    pub async fn end_check(
        &self,
        id: &str,
        seen: u64,
        outcome: Result<String, String>,
        now: Timestamp,
    ) -> Result<(), DbError> {
        let id = id.to_owned();
        let (report, fault) = match outcome {
            Ok(report) => (Some(report), None),
            Err(fault) => (None, Some(fault)),
        };
        self.write(move |connection| {
            diesel::update(checks::table.find(&id))
                .set((
                    checks::heartbeat_at.eq(now.as_microsecond()),
                    checks::seen.eq(seen.cast_signed()),
                    checks::ended_at.eq(now.as_microsecond()),
                    checks::report.eq(&report),
                    checks::fault.eq(&fault),
                ))
                .execute(connection)?;
            Ok(())
        })
        .await
    }

    /// The newest run.
    pub async fn last_check(&self) -> Result<Option<Check>, DbError> {
        self.read(last).await
    }
}

/// Two replicas must not both find that none goes on. SQLite has one writer.
fn lock(connection: &mut AnyConnection) -> Step<()> {
    if let AnyConnection::Postgres(_) = connection {
        Sql::<()>::new("LOCK TABLE checks IN SHARE ROW EXCLUSIVE MODE").execute(connection)?;
    }
    Ok(())
}

fn last(connection: &mut AnyConnection) -> Step<Option<Check>> {
    let record: Option<CheckRecord> = checks::table
        .order(checks::id.desc())
        .first(connection)
        .optional()?;
    Ok(record.map(Check::try_from).transpose()?)
}

impl TryFrom<CheckRecord> for Check {
    type Error = DbError;

    fn try_from(record: CheckRecord) -> Result<Self, DbError> {
        Ok(Self {
            id: record.id,
            started_at: from_micros(record.started_at),
            started_by: record.started_by,
            quick: record.quick,
            heartbeat_at: from_micros(record.heartbeat_at),
            seen: read_size("count", record.seen)?,
            ended_at: read_time(record.ended_at),
            report: record.report,
            fault: record.fault,
        })
    }
}
