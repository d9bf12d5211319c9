//! Files on their way: each is written to a temporary file first, so that it is never whole in memory and can be sent
//! again when the photos service is busy.

use std::io;

use actix_multipart::{Field, Multipart, MultipartError};
use futures_util::TryStreamExt as _;
use tempfile::{NamedTempFile, TempPath};
use tokio::io::AsyncWriteExt as _;

use crate::error::PageError;

/// How many times the limit of a file is read, so that the answer can name it, before the whole form is refused.
const FORGOTTEN: u64 = 8;
/// Largest text in bytes: a caption of 2,200 characters, and room.
const MAX_TEXT_BYTES: usize = 16 * 1024;

/// What came of the file in a field.
pub(crate) enum Spooled {
    /// It goes when the path is dropped.
    Whole(TempPath),
    Empty,
    /// Beyond the limit; its rest was read and forgotten.
    TooLarge,
}

/// Writes a field to a file, up to a limit in bytes.
pub(crate) async fn file(field: &mut Field, most: u64) -> Result<Spooled, PageError> {
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
        if length > most.saturating_mul(FORGOTTEN) {
            return Err(PageError::TooLarge("Choose something smaller.".to_owned()));
        }
        if length <= most {
            file.write_all(&chunk).await.map_err(PageError::internal)?;
        }
    }
    file.flush().await.map_err(PageError::internal)?;
    Ok(match length {
        0 => Spooled::Empty,
        length if length > most => Spooled::TooLarge,
        _ => Spooled::Whole(path),
    })
}

/// Reads and forgets what is left of a form.
pub(crate) async fn drain(form: &mut Multipart) {
    while let Ok(Some(mut field)) = form.try_next().await {
        while let Ok(Some(_)) = field.try_next().await {}
    }
}

/// Reads a field that is a text.
pub(crate) async fn text(field: &mut Field) -> Result<String, PageError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.try_next().await.map_err(unreadable)? {
        if bytes.len() + chunk.len() > MAX_TEXT_BYTES {
            return Err(PageError::TooLarge("A text of the form is too long.".to_owned()));
        }
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes).map_err(|_| PageError::Unreadable("A text is not UTF-8.".to_owned()))
}

/// The form broke off or is none.
#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
pub(crate) fn unreadable(error: MultipartError) -> PageError {
    PageError::Unreadable(format!("The upload cannot be read: {error}."))
}
