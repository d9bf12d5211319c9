//! What can go wrong between a socket and the ledger.

use std::io;

use imaging::ImageError;
use photos_api::{FieldError, PhotoId};

use crate::db::DbError;
use crate::store::StoreError;

/// A fault of an upload or a variant. [`crate::error`] gives each its status and code.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// No room in the memory budget in time, or another maker of the same variant took too long.
    #[error("the server is busy with other images; try again in a moment")]
    Overloaded,
    /// More bytes than `PS_MAX_BYTES`.
    #[error("the image is larger than {limit} bytes, the most that is accepted")]
    TooManyBytes {
        /// The limit in bytes.
        limit: u64,
    },
    /// The whole body is larger than any request that could succeed.
    #[error("the request body is larger than {limit} bytes, the most that is accepted")]
    BodyTooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// Not a JPEG, PNG, WebP or GIF.
    #[error("{0}")]
    Unsupported(String),
    /// Too many pixels, a side too long, or too much memory to decode.
    #[error("{0}")]
    Dimensions(String),
    /// The bytes begin like an image but cannot be decoded.
    #[error("{0}")]
    Corrupt(String),
    /// The pipeline failed, and the image is not to blame.
    #[error("no variant could be made")]
    Encode(#[source] ImageError),
    /// A variant cannot be made from an original that was accepted once.
    #[error("a missing variant could not be made from its original")]
    Variant(#[source] ImageError),
    /// A photo's row is damaged.
    #[error("the row of photo {id} is damaged: its sha256 is none")]
    Row {
        /// The photo.
        id: PhotoId,
    },
    /// There is no image, or an empty one.
    #[error("the part `{part}` with the image is missing or empty")]
    Missing {
        /// The name that the part should have.
        part: String,
    },
    /// The multipart body does not parse.
    #[error("the multipart body is malformed: {0}")]
    Malformed(String),
    /// The body is no `multipart/form-data`.
    #[error("send the photo as multipart/form-data")]
    NotMultipart,
    /// Well-formed, but wrong.
    #[error("{} field(s) are wrong", .0.len())]
    Fields(Vec<FieldError>),
    /// The body stalled.
    #[error("the request sent nothing for {} seconds", .0.as_secs())]
    Stalled(std::time::Duration),
    /// The disk of the spool is full.
    #[error("there is no space left for the upload")]
    Full(#[source] io::Error),
    /// The spool cannot be written or read.
    #[error("the spool failed")]
    Spool(#[source] io::Error),
    /// A job panicked.
    #[error("a job panicked: {0}")]
    Panicked(String),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ImageError> for MediaError {
    fn from(error: ImageError) -> Self {
        match error {
            ImageError::Unsupported(_) => Self::Unsupported(error.to_string()),
            ImageError::Corrupt(_) => Self::Corrupt(error.to_string()),
            ImageError::TooLarge { .. } => Self::Dimensions(error.to_string()),
            ImageError::Encode(_) => Self::Encode(error),
        }
    }
}

impl MediaError {
    /// One wrong field.
    pub fn field(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Fields(vec![FieldError::new(field, detail)])
    }

    /// A full disk is told apart from other faults of the spool.
    pub(super) fn from_spool(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full(error),
            _ => Self::Spool(error),
        }
    }
}
