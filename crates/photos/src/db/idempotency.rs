//! Idempotency keys: the first call with a key does the work, later ones get its answer.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{Db, DbError};
use crate::domain::{PhotoRow, Timestamp, UserId};

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
        let _ = (attempt, lease, now);
        Err(self.not_yet())
    }

    /// Holds the key for another lease. `false`: it was lost, and the work must not be committed.
    pub async fn heartbeat_idempotent(
        &self,
        attempt: &Attempt,
        lease: Duration,
        now: Timestamp,
    ) -> Result<bool, DbError> {
        let _ = (attempt, lease, now);
        Err(self.not_yet())
    }

    /// Keeps an answer for a key outside of `insert_photos`.
    ///
    /// # Errors
    /// [`DbError::Conflict`] if another call holds the key by now.
    pub async fn complete_idempotent(
        &self,
        attempt: &Attempt,
        answer: StoredAnswer,
        now: Timestamp,
    ) -> Result<(), DbError> {
        let _ = (attempt, answer, now);
        Err(self.not_yet())
    }

    /// Frees a key after a refusal.
    pub async fn release_idempotent(&self, attempt: &Attempt) -> Result<(), DbError> {
        let _ = attempt;
        Err(self.not_yet())
    }

    /// Forgets keys that were first used at or before `before`, at most `limit`. Says how many.
    pub async fn expire_idempotent(&self, before: Timestamp, limit: u32) -> Result<u64, DbError> {
        let _ = (before, limit);
        Err(self.not_yet())
    }
}
