//! What the sweeper tells of itself: to the log, and to the admin.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::domain::Timestamp;
use crate::jobs::JobError;

/// The sweeper of one replica.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SweepStatus {
    /// Who sweeps.
    pub role: Role,
    /// The last pass of this replica.
    pub last: Option<LastPass>,
    /// Why the newest pass could not begin.
    pub fault: Option<String>,
}

/// Who sweeps, as of the newest attempt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Role {
    /// Not known yet.
    #[default]
    Waiting,
    /// This replica.
    Here,
    /// Another replica.
    Elsewhere,
    /// Nobody: a backup or `fsck --repair` needs the objects to stay.
    Held,
}

/// A pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastPass {
    /// When it began.
    pub at: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// What it did.
    pub swept: Swept,
}

/// What a pass did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Swept {
    /// Photos whose time in the trash was over.
    pub photos: u64,
    /// Objects deleted and forgotten.
    pub objects: u64,
    /// Idempotency keys forgotten.
    pub idempotency_keys: u64,
    /// Sessions forgotten, with their refresh tokens.
    pub sessions: u64,
    /// Unfinished uploads aborted.
    pub uploads: u64,
    /// Unknown objects deleted.
    pub strays: u64,
    /// Steps that failed; the next pass tries them again.
    pub faults: Vec<String>,
}

impl Swept {
    /// Whether there was nothing to do.
    pub fn is_idle(&self) -> bool {
        *self == Self::default()
    }

    /// A step's count; its fault is noted.
    pub(super) fn note(&mut self, step: &str, result: Result<u64, JobError>) -> u64 {
        result.unwrap_or_else(|error| {
            self.faults.push(format!("cannot {step}: {error}"));
            0
        })
    }
}

impl fmt::Display for Swept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [
            (self.photos, "photos of the trash"),
            (self.objects, "objects"),
            (self.idempotency_keys, "idempotency keys"),
            (self.sessions, "sessions"),
            (self.uploads, "unfinished uploads"),
            (self.strays, "unknown objects"),
        ];
        let done: Vec<_> = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, of)| format!("{count} {of}"))
            .collect();
        f.write_str(if done.is_empty() { "nothing" } else { "" })?;
        f.write_str(&done.join(", "))
    }
}
