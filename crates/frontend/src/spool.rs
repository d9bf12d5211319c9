//! Files on their way: each is written to a temporary file first, so that it is never whole in memory and can be sent
//! again when the photos service is busy.

use std::io;

use actix_multipart::{Field, MultipartError};
use futures_util::TryStreamExt as _;
use tempfile::{NamedTempFile, TempPath};
use tokio::io::AsyncWriteExt as _;

use crate::error::PageError;

/// Largest file in bytes that is taken from a browser. The photos service has its own, lower limit, and says so.
const MAX_BYTES: u64 = 100 * 1024 * 1024;
/// Largest text in bytes: a caption of 2,200 characters, and room.
const MAX_TEXT_BYTES: usize = 16 * 1024;

/// Writes a field to a file, which goes when the path is dropped. None if it is empty.
pub(crate) async fn file(field: &mut Field) -> Result<Option<TempPath>, PageError> {
    let file = tokio::task::spawn_blocking(NamedTempFile::new).await;
    let (file, path) = file
        .map_err(io::Error::other)
        .flatten()
        .map_err(PageError::internal)?
        .into_parts();
    let mut file = tokio::fs::File::from_std(file);
    let mut length = 0;
    while let Some(chunk) = field.try_next().await.map_err(unreadable)? {
        length += chunk.len() as u64;
        if length > MAX_BYTES {
            return Err(PageError::TooLarge);
        }
        file.write_all(&chunk).await.map_err(PageError::internal)?;
    }
    file.flush().await.map_err(PageError::internal)?;
    Ok((length > 0).then_some(path))
}

/// Reads a field that is a text.
pub(crate) async fn text(field: &mut Field) -> Result<String, PageError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.try_next().await.map_err(unreadable)? {
        if bytes.len() + chunk.len() > MAX_TEXT_BYTES {
            return Err(PageError::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes).map_err(|_| PageError::Unreadable("A text is not UTF-8".to_owned()))
}

/// The form broke off or is none.
#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
pub(crate) fn unreadable(error: MultipartError) -> PageError {
    PageError::Unreadable(format!("The upload cannot be read: {error}"))
}
