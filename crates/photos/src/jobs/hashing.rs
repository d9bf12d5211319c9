//! Checksums of objects, hashed in pieces outside of the async threads.

use futures_util::TryStreamExt as _;

use super::JobError;
use crate::store::{Digest, Hasher, Key, Store, StoreError};

/// Bytes that are hashed at a time.
const PIECE: usize = 1024 * 1024;

/// Length and SHA-256 of an object as it is in the store; `None` if it is not there.
pub(super) async fn hash(store: &Store, key: &Key) -> Result<Option<(u64, Digest)>, JobError> {
    let mut pieces = match store.open_stream(key).await {
        Ok((_, pieces)) => pieces,
        Err(StoreError::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let (mut len, mut hasher, mut piece) = (0, Hasher::default(), Vec::with_capacity(PIECE));
    loop {
        let next = pieces.try_next().await?;
        let ended = next.is_none();
        if let Some(bytes) = next {
            len += bytes.len() as u64;
            piece.extend_from_slice(&bytes);
        }
        if piece.len() >= PIECE || ended {
            (hasher, piece) = update(hasher, piece).await?;
        }
        if ended {
            return Ok(Some((len, hasher.finish())));
        }
    }
}

async fn update(mut hasher: Hasher, mut piece: Vec<u8>) -> Result<(Hasher, Vec<u8>), JobError> {
    let hashed = tokio::task::spawn_blocking(move || {
        hasher.update(&piece);
        piece.clear();
        (hasher, piece)
    });
    hashed.await.map_err(|error| JobError::File {
        what: "hash an object".into(),
        source: error.into(),
    })
}
