//! What runs beside the calls: the sweeper, and the operator's fsck, backfill, backup and restore.
//!
//! Every job may be killed at any step and run again; whatever deletes objects holds one lease among all replicas, so that
//! a backup can keep it from them.

pub mod backfill;
pub mod backup;
pub mod check;
mod deletions;
pub mod fsck;
mod hashing;
mod lease;
mod strays;
pub mod sweeper;

use std::io;

use crate::db::DbError;
use crate::media::MediaError;
use crate::store::StoreError;

/// Why a job ended before its end.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A picture could not be made.
    #[error(transparent)]
    Media(#[from] MediaError),
    /// A file could not be read or written.
    #[error("cannot {what}: {source}")]
    File {
        /// What was tried.
        what: String,
        /// The system's reason.
        source: io::Error,
    },
    /// Another job that deletes objects, or keeps them from being deleted, did not end in time.
    #[error(
        "another job holds the objects (the sweeper, fsck --repair or a backup): wait for its end and try again"
    )]
    Busy,
    /// This process stood still for so long that another one took over.
    #[error("the job was taken over by another process, because this one gave no sign of life; run it again")]
    TakenOver,
    /// The job must not be done; the text says why and what to do.
    #[error("{0}")]
    Refused(String),
}
