//! The sweeper: finishes what was begun and undoes what was left, every `PS_SWEEP_EVERY`, on one replica at a time.

mod status;

use std::time::{Duration, Instant};

use config::PhotosEnv;
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::lease::Lease;
use super::strays::Walk;
use super::{JobError, deletions};
use crate::db::Db;
use crate::domain::time::before;
use crate::domain::{Timestamp, now_micros};
use crate::store::Store;
pub use status::{LastPass, Role, SweepStatus, Swept};

/// Rows that are deleted in one transaction.
const BATCH: u32 = 500;
/// Photos that leave the trash in one transaction.
const PHOTOS: u32 = 50;
/// Answers to idempotency keys are kept so long; so are ended sessions, for their tokens to be called expired.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// When to sweep and what is old.
#[derive(Debug, Clone, Copy)]
pub struct SweepSettings {
    /// The pause between two passes.
    pub every: Duration,
    /// How long an unfinished or unknown object is left alone.
    pub grace: Duration,
    /// How long a photo stays in the trash.
    pub trash_ttl: Duration,
}

impl From<&PhotosEnv> for SweepSettings {
    fn from(env: &PhotosEnv) -> Self {
        Self {
            every: env.sweep_every,
            grace: env.sweep_grace,
            trash_ttl: env.trash_ttl,
        }
    }
}

/// The sweeper of this replica.
pub struct Sweeper {
    db: Db,
    store: Store,
    settings: SweepSettings,
    /// Whose turn it is; kept between passes, so that one replica goes on.
    turn: Lease,
    deletions: Lease,
    strays: Walk,
    status: watch::Sender<SweepStatus>,
}

impl Sweeper {
    /// A sweeper that waits for [`Sweeper::run`].
    pub fn new(db: Db, store: Store, settings: SweepSettings) -> Self {
        Self {
            turn: Lease::new(&db, "sweeper", settings.every * 2 + Duration::from_secs(10)),
            deletions: Lease::deletions(&db),
            strays: Walk::default(),
            status: watch::Sender::default(),
            db,
            store,
            settings,
        }
    }

    /// Tells its state to `status` from now on.
    pub fn report_to(mut self, status: watch::Sender<SweepStatus>) -> Self {
        self.status = status;
        self
    }

    /// What this replica's sweeper did last, for the admin; it changes with every pass.
    pub fn status(&self) -> watch::Receiver<SweepStatus> {
        self.status.subscribe()
    }

    /// Sweeps until `stop`, then lets another replica go on at once.
    pub async fn run(mut self, stop: CancellationToken) {
        let every = self.settings.every;
        let sweeping = async {
            loop {
                self.tick_and_tell().await;
                sleep(every).await;
            }
        };
        // A pass can be dropped at any point: the next one, anywhere, goes on.
        stop.run_until_cancelled(sweeping).await;
        for lease in [&self.deletions, &self.turn] {
            if let Err(error) = lease.release().await {
                tracing::debug!(%error, "a lease could not be given back; it ends by itself");
            }
        }
    }

    async fn tick_and_tell(&mut self) {
        match self.tick(now_micros()).await {
            Ok(None) => {}
            Ok(Some(swept)) if swept.is_idle() => {}
            Ok(Some(swept)) if swept.faults.is_empty() => tracing::info!("swept: {swept}"),
            Ok(Some(swept)) => tracing::warn!(faults = swept.faults.join("; "), "swept in part: {swept}"),
            Err(error) => {
                tracing::warn!(%error, "the sweeper could not begin; it tries again");
                self.status
                    .send_modify(|status| status.fault = Some(error.to_string()));
            }
        }
    }

    /// One pass, if it is this replica's turn and nothing keeps objects from being deleted.
    ///
    /// # Errors
    /// When the database does not answer. What fails later is in [`Swept::faults`].
    pub async fn tick(&mut self, now: Timestamp) -> Result<Option<Swept>, JobError> {
        if !self.turn.take(now).await? {
            self.status.send_modify(|status| status.role = Role::Elsewhere);
            return Ok(None);
        }
        if !self.deletions.take(now).await? {
            self.status.send_modify(|status| status.role = Role::Held);
            return Ok(None);
        }
        let begin = Instant::now();
        let (turn, deletions) = (self.turn.clone(), self.deletions.clone());
        let swept = turn
            .renew_during(deletions.held(async { Ok(self.pass(now).await) }))
            .await??;
        self.status.send_modify(|status| {
            status.role = Role::Here;
            status.fault = None;
            status.last = Some(LastPass {
                at: now,
                took: begin.elapsed(),
                swept: swept.clone(),
            });
        });
        Ok(Some(swept))
    }

    /// All steps; one that fails does not keep the others from being done.
    async fn pass(&mut self, now: Timestamp) -> Swept {
        let mut swept = Swept::default();
        let trash = self.expire_trash(now).await;
        swept.photos = swept.note("empty the trash", trash);
        match deletions::finish(&self.db, &self.store, self.settings.grace, now).await {
            Ok(deleted) => {
                swept.objects = deleted.objects;
                swept.faults.extend(deleted.fault.map(|fault| fault.to_string()));
            }
            Err(error) => swept.faults.push(format!("cannot delete objects: {error}")),
        }
        let keys = self.expire_keys(now).await;
        swept.idempotency_keys = swept.note("expire idempotency keys", keys);
        let sessions = self.expire_sessions(now).await;
        swept.sessions = swept.note("expire sessions", sessions);
        let uploads = self.store.abort_stale_uploads(self.settings.grace).await;
        swept.uploads = swept.note(
            "abort uploads",
            uploads.map(|count| count as u64).map_err(Into::into),
        );
        let strays = self
            .strays
            .pass(&self.db, &self.store, self.settings.grace, now)
            .await;
        swept.strays = swept.note("look for unknown objects", strays);
        swept
    }

    async fn expire_trash(&self, now: Timestamp) -> Result<u64, JobError> {
        let due = before(now, self.settings.trash_ttl);
        let mut expired = 0;
        loop {
            let photos = self.db.expire_trash(due, PHOTOS, now).await?.len() as u64;
            expired += photos;
            if photos < u64::from(PHOTOS) {
                return Ok(expired);
            }
        }
    }

    async fn expire_keys(&self, now: Timestamp) -> Result<u64, JobError> {
        let mut expired = 0;
        loop {
            let keys = self.db.expire_idempotent(before(now, DAY), BATCH).await?;
            expired += keys;
            if keys < u64::from(BATCH) {
                return Ok(expired);
            }
        }
    }

    async fn expire_sessions(&self, now: Timestamp) -> Result<u64, JobError> {
        let mut expired = 0;
        loop {
            let sessions = self.db.sweep_sessions(before(now, DAY), BATCH).await?;
            expired += sessions;
            if sessions < u64::from(BATCH) {
                return Ok(expired);
            }
        }
    }
}
