//! Multipart forms whose files are streamed from disk, the same bytes in every attempt: an `Idempotency-Key` goes with
//! one body, so the boundary comes from the key rather than from chance.

use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use sha2::{Digest, Sha256};
use tokio::io::AsyncReadExt;
use tokio_util::io::ReaderStream;

use crate::api::{ImageSource, Progress};
use crate::error::ClientError;
use crate::watch::Activity;

const CHUNK: usize = 64 * 1024;

/// A `multipart/form-data` body (RFC 7578).
pub(crate) struct Form {
    boundary: String,
    pieces: Vec<Piece>,
    length: u64,
    progress: Option<Progress>,
    fault: Arc<Mutex<Option<(PathBuf, Error)>>>,
}

#[derive(Clone)]
enum Piece {
    Bytes(Bytes),
    File { path: PathBuf, length: u64 },
}

impl Form {
    /// An empty form for a call with this `Idempotency-Key`.
    pub(crate) fn new(key: &str, progress: Option<Progress>) -> Self {
        let boundary = format!("photos-{}", hex::encode(&Sha256::digest(key.as_bytes())[..16]));
        Self {
            boundary,
            pieces: Vec::new(),
            length: 0,
            progress,
            fault: Arc::default(),
        }
    }

    /// Adds a field with a text.
    pub(crate) fn text(&mut self, name: &str, value: &str) {
        self.head(name, "");
        self.bytes(format!("{value}\r\n"));
    }

    /// Adds a field with a JSON text.
    pub(crate) fn json(&mut self, name: &str, value: &str) {
        self.head(name, "\r\nContent-Type: application/json");
        self.bytes(format!("{value}\r\n"));
    }

    /// Adds a field with a file. Its own name stays at home.
    pub(crate) async fn file(&mut self, name: &str, source: &ImageSource) -> Result<(), ClientError> {
        self.head(
            name,
            "; filename=\"image\"\r\nContent-Type: application/octet-stream",
        );
        match source {
            ImageSource::Bytes(bytes) => self.bytes(bytes.clone()),
            ImageSource::Path(path) => {
                let length = readable_length(path).await.map_err(|source| ClientError::File {
                    path: path.clone(),
                    source,
                })?;
                self.length += length;
                self.pieces.push(Piece::File {
                    path: path.clone(),
                    length,
                });
            }
        }
        self.bytes("\r\n");
        Ok(())
    }

    /// Ends the form.
    pub(crate) fn finish(mut self) -> Self {
        self.bytes(format!("--{}--\r\n", self.boundary));
        self
    }

    pub(crate) fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    /// Bytes of the whole body.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// The file that could not be read during an attempt.
    pub(crate) fn take_fault(&self) -> Option<ClientError> {
        let fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner).take();
        fault.map(|(path, source)| ClientError::File { path, source })
    }

    /// The body, once more from its beginning. With `pause` it begins so much later, unless the call is answered before.
    pub(crate) fn stream(
        &self,
        activity: Activity,
        pause: Option<Duration>,
    ) -> impl Stream<Item = Result<Bytes, Error>> + Send + use<> {
        let (progress, length, mut sent) = (self.progress.clone(), self.length, 0);
        let fault = Arc::clone(&self.fault);
        let wait = async move {
            if let Some(pause) = pause {
                tokio::time::sleep(pause).await;
            }
            Ok(Bytes::new())
        };
        let pieces = stream::iter(self.pieces.clone())
            .then(move |piece| open(piece, Arc::clone(&fault)))
            .try_flatten();
        stream::once(wait).chain(pieces).inspect_ok(move |chunk| {
            activity.touch();
            sent += chunk.len() as u64;
            if let Some(progress) = &progress
                && !chunk.is_empty()
            {
                progress.report(sent, length);
            }
        })
    }

    fn head(&mut self, name: &str, rest: &str) {
        let name = name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A");
        self.bytes(format!(
            "--{}\r\nContent-Disposition: form-data; name=\"{name}\"{rest}\r\n\r\n",
            self.boundary
        ));
    }

    fn bytes(&mut self, bytes: impl Into<Bytes>) {
        let bytes = bytes.into();
        self.length += bytes.len() as u64;
        self.pieces.push(Piece::Bytes(bytes));
    }
}

type Chunks = stream::BoxStream<'static, Result<Bytes, Error>>;

async fn open(piece: Piece, fault: Arc<Mutex<Option<(PathBuf, Error)>>>) -> Result<Chunks, Error> {
    match piece {
        Piece::Bytes(mut bytes) => {
            let next = move || (!bytes.is_empty()).then(|| Ok(bytes.split_to(CHUNK.min(bytes.len()))));
            Ok(stream::iter(std::iter::from_fn(next)).boxed())
        }
        Piece::File { path, length } => {
            let keep = move |path: PathBuf, error: Error| {
                let copy = Error::new(error.kind(), error.to_string());
                *fault.lock().unwrap_or_else(PoisonError::into_inner) = Some((path, error));
                copy
            };
            let file = match tokio::fs::File::open(&path).await {
                Ok(file) => file,
                Err(error) => return Err(keep(path, error)),
            };
            // Exactly as many bytes as were announced, whatever happens to the file meanwhile.
            let reader = ReaderStream::with_capacity(file.take(length), CHUNK);
            let chunks = stream::try_unfold((reader, length), |(mut reader, left)| async move {
                match reader.try_next().await? {
                    Some(chunk) => {
                        let left = left - chunk.len() as u64;
                        Ok(Some((chunk, (reader, left))))
                    }
                    None if left == 0 => Ok(None),
                    None => Err(Error::new(
                        ErrorKind::UnexpectedEof,
                        "it became shorter while it was sent",
                    )),
                }
            });
            Ok(chunks.map_err(move |error| keep(path.clone(), error)).boxed())
        }
    }
}

async fn readable_length(path: &Path) -> Result<u64, Error> {
    // Asked before opening, which would wait for a writer if it is a named pipe.
    let metadata = tokio::fs::metadata(path).await?;
    if !metadata.is_file() {
        return Err(Error::new(ErrorKind::InvalidInput, "not a file"));
    }
    tokio::fs::File::open(path).await?;
    Ok(metadata.len())
}
