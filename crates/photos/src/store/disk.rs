//! The store in a folder: `photos/<shard>/<photo>/…` with 256 shards, so that no directory grows with all photos.
//!
//! An object is written to `tmp/`, synced, renamed to its place, and the directories that changed are synced: after a
//! crash it is there whole or not at all.

mod files;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _};
use tokio_util::io::ReaderStream;

use super::error::StoreError;
use super::key::{Key, PREFIX};
use super::{ListPage, ObjectMeta, ObjectStream};
use files::Source;

/// A store in a folder.
#[derive(Clone)]
pub struct DiskStore {
    root: Arc<Path>,
}

impl DiskStore {
    /// Opens the store, making its folders.
    pub async fn open(root: PathBuf) -> Result<Self, StoreError> {
        let store = Self { root: root.into() };
        let root = store.root.clone();
        let what = format!("make the store's folder {}", root.display());
        blocking(&what, move || {
            files::make_dir(&root.join(files::TMP))?;
            files::make_dir(&root.join(PREFIX))
        })
        .await?;
        Ok(store)
    }

    /// The file of an object, at a path that only this module knows.
    fn path(&self, key: &Key) -> PathBuf {
        let text = key.to_string();
        let rest = text.strip_prefix(PREFIX).unwrap_or(&text);
        // The last byte of a UUIDv7 is random; the first ones are the time.
        let shard = key.photo().as_uuid().as_bytes()[15];
        self.root.join(PREFIX).join(format!("{shard:02x}")).join(rest)
    }

    /// See [`super::Store::ping`]. A folder that went away, as of a volume that is not mounted, does not answer.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let what = format!("find the store's folder {}", self.root.display());
        match tokio::fs::metadata(self.root.join(PREFIX)).await {
            Ok(found) if found.is_dir() => Ok(()),
            Ok(_) => Err(StoreError::Unavailable {
                what,
                source: "it is no folder".into(),
            }),
            Err(error) => Err(StoreError::Unavailable {
                what,
                source: error.into(),
            }),
        }
    }

    /// See [`super::Store::put_file`].
    pub async fn put_file(&self, key: &Key, file: &Path, len: u64) -> Result<(), StoreError> {
        self.put(key, Source::File(file.to_owned()), len).await
    }

    /// See [`super::Store::put_bytes`].
    pub async fn put_bytes(&self, key: &Key, bytes: Bytes) -> Result<(), StoreError> {
        let len = bytes.len() as u64;
        self.put(key, Source::Bytes(bytes), len).await
    }

    async fn put(&self, key: &Key, source: Source, expected: u64) -> Result<(), StoreError> {
        // Where a volume is not mounted any more, a new folder of the same name would take what belongs there.
        self.ping().await?;
        let (tmp, path) = (self.root.join(files::TMP), self.path(key));
        let actual = blocking(&format!("write {key}"), move || {
            files::put(&tmp, &path, &source, expected)
        })
        .await?;
        if actual == expected {
            return Ok(());
        }
        Err(StoreError::Mismatch {
            key: key.to_string(),
            expected,
            actual,
        })
    }

    /// See [`super::Store::get`].
    pub async fn get(&self, key: &Key) -> Result<Bytes, StoreError> {
        let path = self.path(key);
        let read = blocking(&format!("read {key}"), move || std::fs::read(path)).await;
        match read {
            Ok(bytes) => Ok(bytes.into()),
            Err(error) => Err(self.missing(key, error).await),
        }
    }

    /// See [`super::Store::get_to_file`].
    pub async fn get_to_file(&self, key: &Key, file: &Path) -> Result<u64, StoreError> {
        let (from, to) = (self.path(key), file.to_owned());
        let from = blocking(&format!("open {key}"), move || std::fs::File::open(from)).await;
        let mut from = match from {
            Ok(from) => from,
            Err(error) => return Err(self.missing(key, error).await),
        };
        blocking(&format!("copy {key}"), move || {
            std::io::copy(&mut from, &mut std::fs::File::create(to)?)
        })
        .await
    }

    /// See [`super::Store::open_stream`].
    pub async fn open_stream(&self, key: &Key) -> Result<(u64, ObjectStream), StoreError> {
        let what = format!("read {key}");
        let path = self.path(key);
        let open = move || {
            let file = std::fs::File::open(path)?;
            Ok((file.metadata()?.len(), file))
        };
        let (len, file) = match blocking(&what, open).await {
            Ok(opened) => opened,
            Err(error) => return Err(self.missing(key, error).await),
        };
        let pieces = ReaderStream::with_capacity(tokio::fs::File::from_std(file), 64 * 1024);
        Ok((
            len,
            pieces
                .map_err(move |error| StoreError::from_io(&what, error))
                .boxed(),
        ))
    }

    /// Says whether an object is missing, or the whole store.
    async fn missing(&self, key: &Key, error: StoreError) -> StoreError {
        if !is_not_found(&error) {
            return error;
        }
        match self.ping().await {
            Ok(()) => StoreError::NotFound { key: key.to_string() },
            Err(away) => away,
        }
    }

    /// See [`super::Store::head`].
    pub async fn head(&self, key: &Key) -> Result<Option<ObjectMeta>, StoreError> {
        let path = self.path(key);
        match blocking(&format!("look at {key}"), move || files::meta(&path)).await {
            Ok(meta) => Ok(Some(meta)),
            Err(error) if is_not_found(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// See [`super::Store::delete`].
    pub async fn delete(&self, key: &Key) -> Result<(), StoreError> {
        let path = self.path(key);
        blocking(&format!("delete {key}"), move || files::delete(&path)).await
    }

    /// See [`super::Store::list_page`]: whole shards, until there are enough objects; `after` is a shard.
    pub async fn list_page(&self, after: Option<&str>) -> Result<ListPage, StoreError> {
        let (top, after) = (self.root.join(PREFIX), after.map(str::to_owned));
        blocking("list the objects", move || files::list(&top, after.as_deref())).await
    }

    /// See [`super::Store::abort_stale_uploads`].
    pub async fn abort_stale_uploads(&self, age: Duration) -> Result<usize, StoreError> {
        let tmp = self.root.join(files::TMP);
        blocking("remove unfinished uploads", move || {
            files::remove_older(&tmp, age)
        })
        .await
    }
}

async fn blocking<T: Send + 'static>(
    what: &str,
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(|error| StoreError::from_io(what, error)),
        Err(lost) => Err(StoreError::Fault {
            what: what.to_owned(),
            source: lost.into(),
        }),
    }
}

fn is_not_found(error: &StoreError) -> bool {
    let StoreError::Fault { source, .. } = error else {
        return false;
    };
    source
        .downcast_ref::<std::io::Error>()
        .is_some_and(|e| e.kind() == std::io::ErrorKind::NotFound)
}
