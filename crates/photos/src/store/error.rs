//! What can go wrong with the store, sorted by what a caller does about it.

use std::error::Error;
use std::io;

use s3::error::S3Error;

type Source = Box<dyn Error + Send + Sync>;

/// Why a call of the store failed. `what` names the step.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The object does not exist.
    #[error("the store has no object {key}")]
    NotFound {
        /// The object's key.
        key: String,
    },
    /// The store cannot be reached, is overloaded or answers with a 5xx: worth another try later.
    #[error(
        "the store does not answer: cannot {what}: {source}; check PS_STORE_URL, PS_S3_ENDPOINT and the store's own log"
    )]
    Unavailable {
        /// The step that failed.
        what: String,
        /// The cause.
        source: Source,
    },
    /// No room is left in the store.
    #[error("the store is full: cannot {what}: {source}; free space or enlarge the volume")]
    Full {
        /// The step that failed.
        what: String,
        /// The cause.
        source: Source,
    },
    /// The store holds another number of bytes than were sent.
    #[error("the store holds {actual} bytes of {key} where {expected} were sent")]
    Mismatch {
        /// The object's key.
        key: String,
        /// Bytes sent.
        expected: u64,
        /// Bytes found.
        actual: u64,
    },
    /// Anything else: wrong credentials, a missing bucket, a permission, a file that cannot be read.
    #[error("the store refused: cannot {what}: {source}")]
    Fault {
        /// The step that failed.
        what: String,
        /// The cause.
        source: Source,
    },
}

impl StoreError {
    /// Whether the same call may succeed in a moment.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    /// A file of the disk store, or the file that is read or written on the caller's side, failed.
    pub(super) fn from_io(what: &str, error: io::Error) -> Self {
        use io::ErrorKind as E;
        let what = what.to_owned();
        match error.kind() {
            E::StorageFull | E::QuotaExceeded => Self::Full {
                what,
                source: error.into(),
            },
            E::StaleNetworkFileHandle
            | E::TimedOut
            | E::HostUnreachable
            | E::NetworkDown
            | E::NotADirectory
            | E::PermissionDenied
            | E::ReadOnlyFilesystem => Self::Unavailable {
                what,
                source: error.into(),
            },
            _ => Self::Fault {
                what,
                source: error.into(),
            },
        }
    }

    /// Sorts an answer of S3. `key` is what a 404 was about.
    pub(super) fn from_s3(what: &str, key: Option<&str>, error: S3Error) -> Self {
        let what = what.to_owned();
        match &error {
            S3Error::HttpFailWithBody(status, body) => match status {
                404 if !no_such_bucket(body) && key.is_some() => Self::NotFound {
                    key: key.unwrap_or_default().to_owned(),
                },
                507 => Self::Full {
                    what,
                    source: error.into(),
                },
                _ if full(body) => Self::Full {
                    what,
                    source: error.into(),
                },
                408 | 429 | 500..=599 => Self::Unavailable {
                    what,
                    source: error.into(),
                },
                // MinIO says so as well when a folder of its own is removed while it writes into it.
                403 if body.contains("<Code>AccessDenied</Code>") => Self::Unavailable {
                    what,
                    source: error.into(),
                },
                _ => Self::Fault {
                    what,
                    source: error.into(),
                },
            },
            S3Error::Reqwest(cause) if !cause.is_builder() => Self::Unavailable {
                what,
                source: error.into(),
            },
            _ => Self::Fault {
                what,
                source: error.into(),
            },
        }
    }

    pub(super) fn timeout(what: &str, after: std::time::Duration) -> Self {
        let source = format!("no answer within {} s", after.as_secs()).into();
        Self::Unavailable {
            what: what.to_owned(),
            source,
        }
    }
}

/// Whether an answer says that the bucket itself is missing.
pub(super) fn no_such_bucket(body: &str) -> bool {
    body.contains("<Code>NoSuchBucket</Code>")
}

fn full(body: &str) -> bool {
    [
        "XMinioStorageFull",
        "QuotaExceeded",
        "XMinioAdminBucketQuotaExceeded",
        "InsufficientCapacity",
    ]
    .iter()
    .any(|code| body.contains(&format!("<Code>{code}</Code>")))
}
