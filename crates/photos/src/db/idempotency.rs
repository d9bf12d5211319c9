//! Idempotency keys: the first call with a key does the work, later ones get its answer.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use diesel::prelude::*;

use super::connection::AnyConnection;
use super::records::{IdempotencyRecord, read_size};
use super::run::{Abort, Step};
use super::schema::idempotency_keys as keys;
use super::sql::{Sql, locking};
use super::{Db, DbError};
use crate::domain::time::{after, before};
use crate::domain::{PhotoRow, Timestamp, UserId};

/// How long an answer is kept for its key.
pub const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// A call with an `Idempotency-Key`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The caller; keys of two users are two keys.
    pub user_id: UserId,
    /// The key.
    pub key: String,
    /// Hash of what is known of the request before its body: method, path, query.
    pub head: String,
    /// Unique name of this call, which holds the key while it works.
    pub holder: String,
}

/// What a key means for a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begin {
    /// The caller does the work and holds the key for the lease.
    Started,
    /// The work was done: compare the fingerprint, then answer this.
    Replay(StoredAnswer),
    /// The key was used for another request.
    Mismatch,
    /// Another call holds the key.
    InProgress,
}

/// An answer that is kept for a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// Hash of the whole request.
    pub fingerprint: String,
    /// Status, 2xx.
    pub status: u16,
    /// Headers to be repeated.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

/// Makes an answer from new rows.
pub type Answer = dyn Fn(&[PhotoRow]) -> StoredAnswer + Send + Sync;

/// Completes a key in the transaction that does the work, so that a crash between the two can neither forget nor repeat it.
#[derive(Clone)]
pub struct Completion {
    /// The call that holds the key.
    pub attempt: Attempt,
    /// Makes the answer from the new rows. May run more than once.
    pub answer: Arc<Answer>,
}

impl fmt::Debug for Completion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Completion")
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}

impl Db {
    /// Takes a key for the lease, or says what it is used for. A holder that did not come back within its lease loses the key.
    pub async fn begin_idempotent(
        &self,
        attempt: &Attempt,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Begin, DbError> {
        let attempt = attempt.clone();
        self.write(move |connection| begin(connection, &attempt, lease, now))
            .await
    }

    /// Holds the key for another lease. `false`: it was lost, and the work must not be committed.
    pub async fn heartbeat_idempotent(
        &self,
        attempt: &Attempt,
        lease: Duration,
        now: Timestamp,
    ) -> Result<bool, DbError> {
        let attempt = attempt.clone();
        self.write(move |connection| {
            let held = diesel::update(
                keys::table
                    .find((attempt.user_id.to_string(), &attempt.key))
                    .filter(keys::holder.eq(&attempt.holder))
                    .filter(keys::status.is_null()),
            )
            .set(keys::held_until.eq(after(now, lease).as_microsecond()))
            .execute(connection)?;
            Ok(held == 1)
        })
        .await
    }

    /// Keeps an answer for a key outside of `insert_photos`.
    ///
    /// # Errors
    /// [`DbError::Conflict`] if another call holds the key by now.
    pub async fn complete_idempotent(&self, attempt: &Attempt, answer: StoredAnswer) -> Result<(), DbError> {
        let attempt = attempt.clone();
        self.write(move |connection| complete(connection, &attempt, &answer))
            .await
    }

    /// Frees a key after a refusal.
    pub async fn release_idempotent(&self, attempt: &Attempt) -> Result<(), DbError> {
        let attempt = attempt.clone();
        self.write(move |connection| {
            diesel::delete(
                keys::table
                    .find((attempt.user_id.to_string(), &attempt.key))
                    .filter(keys::holder.eq(&attempt.holder))
                    .filter(keys::status.is_null()),
            )
            .execute(connection)?;
            Ok(())
        })
        .await
    }

    /// Forgets keys that were first used at or before `before`, usually [`KEPT`] ago, at most `limit`. Says how many.
    pub async fn expire_idempotent(&self, before: Timestamp, limit: u32) -> Result<u64, DbError> {
        self.write(move |connection| {
            let locking = locking(connection, " FOR UPDATE SKIP LOCKED");
            let expired = Sql::<()>::new(
                "DELETE FROM idempotency_keys WHERE (user_id, key) IN \
                 (SELECT user_id, key FROM idempotency_keys WHERE created_at <= ",
            )
            .bind(before)
            .sql(" ORDER BY created_at LIMIT ")
            .bind(i64::from(limit))
            .sql(locking)
            .sql(")")
            .execute(connection)?;
            Ok(expired as u64)
        })
        .await
    }
}

fn begin(connection: &mut AnyConnection, attempt: &Attempt, lease: Duration, now: Timestamp) -> Step<Begin> {
    let user = attempt.user_id.to_string();
    let inserted = Sql::<()>::new(
        "INSERT INTO idempotency_keys (user_id, key, head, holder, held_until, created_at) VALUES (",
    )
    .bind(&user)
    .sql(", ")
    .bind(&attempt.key)
    .sql(", ")
    .bind(&attempt.head)
    .sql(", ")
    .bind(&attempt.holder)
    .sql(", ")
    .bind(after(now, lease))
    .sql(", ")
    .bind(now)
    .sql(") ON CONFLICT (user_id, key) DO NOTHING")
    .execute(connection)?;
    if inserted == 1 {
        return Ok(Begin::Started);
    }
    let locking = locking(connection, " FOR UPDATE");
    Sql::<()>::new("SELECT 1 FROM idempotency_keys WHERE user_id = ")
        .bind(&user)
        .sql(" AND key = ")
        .bind(&attempt.key)
        .sql(locking)
        .execute(connection)?;
    let record: Option<IdempotencyRecord> = keys::table
        .find((&user, &attempt.key))
        .first(connection)
        .optional()?;
    // Released or expired between the two statements: the caller comes again.
    let Some(record) = record else {
        return Ok(Begin::InProgress);
    };
    let expired = record.created_at <= before(now, KEPT).as_microsecond();
    if !expired && let Some(status) = record.status {
        return if record.head == attempt.head {
            Ok(Begin::Replay(StoredAnswer::read(record, status)?))
        } else {
            Ok(Begin::Mismatch)
        };
    }
    if !expired && record.held_until > now.as_microsecond() {
        let same = record.head == attempt.head;
        return Ok(if same { Begin::InProgress } else { Begin::Mismatch });
    }
    diesel::update(keys::table.find((&user, &attempt.key)))
        .set((
            keys::head.eq(&attempt.head),
            keys::holder.eq(&attempt.holder),
            keys::held_until.eq(after(now, lease).as_microsecond()),
            keys::created_at.eq(now.as_microsecond()),
            keys::fingerprint.eq(None::<String>),
            keys::status.eq(None::<i64>),
            keys::headers.eq(None::<String>),
            keys::body.eq(None::<Vec<u8>>),
        ))
        .execute(connection)?;
    Ok(Begin::Started)
}

/// Keeps the answer, if the attempt still holds its key.
pub(super) fn complete<E>(
    connection: &mut AnyConnection,
    attempt: &Attempt,
    answer: &StoredAnswer,
) -> Step<(), E> {
    let headers = serde_json::to_string(&answer.headers)
        .map_err(|error| DbError::Fault(format!("an answer cannot be kept: {error}")))?;
    let kept = diesel::update(
        keys::table
            .find((attempt.user_id.to_string(), &attempt.key))
            .filter(keys::holder.eq(&attempt.holder))
            .filter(keys::status.is_null()),
    )
    .set((
        keys::fingerprint.eq(&answer.fingerprint),
        keys::status.eq(i64::from(answer.status)),
        keys::headers.eq(headers),
        keys::body.eq(&answer.body),
    ))
    .execute(connection)?;
    if kept == 1 {
        Ok(())
    } else {
        let reason = "the idempotency key was taken over by another call".to_owned();
        Err(Abort::Db(DbError::Conflict(reason)))
    }
}

impl StoredAnswer {
    fn read(record: IdempotencyRecord, status: i64) -> Result<Self, DbError> {
        let headers = record.headers.unwrap_or_else(|| "[]".to_owned());
        Ok(Self {
            fingerprint: record.fingerprint.unwrap_or_default(),
            status: read_size("status", status)?,
            headers: serde_json::from_str(&headers)
                .map_err(|error| DbError::Fault(format!("a kept answer is damaged: {error}")))?,
            body: record.body.unwrap_or_default(),
        })
    }
}
