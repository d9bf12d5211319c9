//! A lease that is renewed as long as a job runs.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::JobError;
use crate::db::{Db, DbError};
use crate::domain::{Timestamp, now_micros};

/// Whoever deletes objects, or needs them to stay, holds the lease of this name.
const DELETIONS: &str = "deletions";

/// A process that died keeps others from deleting for so long.
const TTL: Duration = Duration::from_secs(60);

/// How often a lease that another one holds is asked for again.
const AGAIN: Duration = Duration::from_millis(250);

/// A lease of this process.
#[derive(Clone)]
pub(super) struct Lease {
    db: Db,
    name: &'static str,
    holder: String,
    ttl: Duration,
}

impl Lease {
    /// A lease that is not taken yet.
    pub(super) fn new(db: &Db, name: &'static str, ttl: Duration) -> Self {
        Self {
            db: db.clone(),
            name,
            holder: Uuid::now_v7().to_string(),
            ttl,
        }
    }

    /// The lease of those who delete objects.
    pub(super) fn deletions(db: &Db) -> Self {
        Self::new(db, DELETIONS, TTL)
    }

    /// Takes or renews the lease; `false` if another process has it.
    pub(super) async fn take(&self, now: Timestamp) -> Result<bool, DbError> {
        self.db
            .acquire_lease(self.name, &self.holder, self.ttl, now)
            .await
    }

    /// Takes the lease, waiting for its holder to end.
    pub(super) async fn take_within(&self, patience: Duration) -> Result<(), JobError> {
        let deadline = Instant::now() + patience;
        while !self.take(now_micros()).await? {
            if Instant::now() >= deadline {
                return Err(JobError::Busy);
            }
            sleep(AGAIN).await;
        }
        Ok(())
    }

    /// Gives the lease back, if it is ours.
    pub(super) async fn release(&self) -> Result<(), DbError> {
        self.db.release_lease(self.name, &self.holder).await
    }

    /// Renews the lease while `work` runs. Work whose lease another process took is dropped at its next pause.
    pub(super) async fn renew_during<T>(&self, work: impl Future<Output = T>) -> Result<T, JobError> {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return Ok(done),
                () = sleep(self.ttl / 3) => match self.take(now_micros()).await {
                    Ok(true) => {}
                    Ok(false) => return Err(JobError::TakenOver),
                    // The work meets the same database, and says more about it.
                    Err(error) => tracing::debug!(%error, lease = self.name, "the lease could not be renewed"),
                },
            }
        }
    }

    /// Runs `work` under the lease, which is taken already, and gives the lease back.
    pub(super) async fn held<T>(
        &self,
        work: impl Future<Output = Result<T, JobError>>,
    ) -> Result<T, JobError> {
        let done = self.renew_during(work).await;
        let released = self.release().await;
        let done = done??;
        released?;
        Ok(done)
    }
}
