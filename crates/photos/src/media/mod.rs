//! An upload's way from the socket to the ledger, and variants on demand: memory admission, the CPU pool, the spool.

pub mod allocator;
pub mod body;
pub mod budget;
mod encoding;
mod error;
pub mod form;
pub mod ingest;
mod ledger;
pub mod pool;
pub mod presets;
pub mod spool;
pub mod variants;

use std::future::Future;
use std::io;
use std::time::Duration;

use config::PhotosEnv;
use imaging::Limits;
use prometheus::IntCounter;

pub use error::MediaError;

use crate::db::Db;
use crate::store::Store;
use budget::Budget;
use pool::CpuPool;
use presets::Presets;
use spool::Spool;

/// Signs of life of pending objects come at least so often.
const BEAT: Duration = Duration::from_secs(10);

/// Everything that a photo's bytes go through. Clones share it.
#[derive(Clone)]
pub struct Media {
    db: Db,
    store: Store,
    pool: CpuPool,
    budget: Budget,
    spool: Spool,
    presets: Presets,
    limits: Limits,
    max_bytes: u64,
    queue_timeout: Duration,
    beat: Duration,
    /// Variants that this process made after their upload.
    made_later: IntCounter,
}

impl Media {
    /// Prepares the spool; sweeps what killed processes left in it.
    ///
    /// # Errors
    /// If `PS_SPOOL_DIR` cannot be made or read.
    pub fn open(env: &PhotosEnv, db: Db, store: Store) -> io::Result<Self> {
        let made_later = IntCounter::new("photos_variants_total", "Pictures made after their upload");
        Ok(Self {
            db,
            store,
            pool: CpuPool::new(env.workers),
            budget: Budget::new(env.decode_bytes, env.queue_timeout),
            spool: Spool::open(&env.spool_dir)?,
            presets: Presets::new(&env.presets),
            limits: Limits {
                max_pixels: env.max_pixels,
                max_side: env.max_side,
            },
            max_bytes: env.max_bytes,
            queue_timeout: env.queue_timeout,
            beat: BEAT.min(env.sweep_grace / 4),
            made_later: made_later.map_err(io::Error::other)?,
        })
    }

    /// The stage's presets.
    pub fn presets(&self) -> &Presets {
        &self.presets
    }

    /// Where uploads are spooled.
    pub fn spool(&self) -> &Spool {
        &self.spool
    }

    /// The most bytes of one file.
    pub fn max_bytes(&self) -> u64 {
        self.max_bytes
    }

    /// Bytes of the memory budget in use, for the metrics.
    pub fn decode_bytes(&self) -> u64 {
        self.budget.in_use()
    }

    /// Variants that were made because they were missing, for the metrics.
    pub fn made_later(&self) -> &IntCounter {
        &self.made_later
    }
}

/// Runs `work` to its end even if the caller leaves: a half-written object is harder to undo than a whole one.
async fn detached<T, F>(work: F) -> Result<T, MediaError>
where
    T: Send + 'static,
    F: Future<Output = Result<T, MediaError>> + Send + 'static,
{
    match tokio::spawn(work).await {
        Ok(done) => done,
        Err(error) => Err(MediaError::Panicked(error.to_string())),
    }
}
