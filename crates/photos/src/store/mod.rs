//! The object store: typed keys over a folder or an S3 bucket, with one meaning of every call and every error.
//!
//! The store knows nothing of rows. Callers write the ledger's row before an object's first byte and forget it after the
//! object is gone; the sweeper relies on that.

mod digest;
mod disk;
mod error;
mod key;
mod retry;
mod s3;

use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use config::{PhotosEnv, Secret, StoreUrl};
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;
use url::Url;

pub use self::s3::{S3Settings, S3Store};
pub use digest::{Digest, Hasher, NotADigest};
pub use disk::DiskStore;
pub use error::StoreError;
pub use key::{BadKey, Encoding, Key, Kind, PREFIX};

/// The pieces of an object.
pub type ObjectStream = BoxStream<'static, Result<Bytes, StoreError>>;

/// An open store; clones share it.
#[derive(Clone)]
pub enum Store {
    /// A folder.
    Disk(DiskStore),
    /// A bucket.
    S3(S3Store),
}

/// What the store knows of an object without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectMeta {
    /// Bytes.
    pub len: u64,
    /// When the object was last written, by the store's clock.
    pub modified: Timestamp,
}

/// An object met in a listing. Its name need not be a [`Key`]: a store may hold what is not ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The object's name; `Key::parse` tells whether it is one of ours.
    pub key: String,
    /// Size and time.
    pub meta: ObjectMeta,
}

/// One part of a listing.
#[derive(Debug, Clone, Default)]
pub struct ListPage {
    /// Objects under [`PREFIX`].
    pub objects: Vec<Listed>,
    /// Where the next page goes on; `None` at the end.
    pub next: Option<String>,
}

impl Store {
    /// Opens the store that the environment names. A server is not spoken to yet: the service may start before it, and
    /// [`Store::ping`] tells whether it is there.
    pub async fn open(env: &PhotosEnv) -> Result<Self, StoreError> {
        let bucket = match &env.store_url {
            StoreUrl::File(folder) => return Self::disk(folder).await,
            StoreUrl::S3 { bucket } => bucket,
        };
        let key = |key: &Option<Secret>| {
            key.as_ref()
                .map(|key| key.expose().to_owned())
                .unwrap_or_default()
        };
        Self::s3(&S3Settings {
            bucket,
            endpoint: env.s3_endpoint.as_ref().map(Url::as_str),
            region: &env.s3_region,
            access_key: &key(&env.s3_access_key),
            secret_key: &key(&env.s3_secret_key),
        })
    }

    /// Opens the store in a folder, making it if it is missing.
    pub async fn disk(root: impl Into<PathBuf>) -> Result<Self, StoreError> {
        DiskStore::open(root.into()).await.map(Self::Disk)
    }

    /// Opens the store in a bucket; nothing is sent yet.
    pub fn s3(settings: &S3Settings<'_>) -> Result<Self, StoreError> {
        S3Store::open(settings).map(Self::S3)
    }

    /// Whether the store answers, within seconds and without retries. A missing bucket is made where the endpoint is our
    /// own (MinIO); on AWS it is an error.
    pub async fn ping(&self) -> Result<(), StoreError> {
        match self {
            Self::Disk(disk) => disk.ping().await,
            Self::S3(s3) => s3.ping().await,
        }
    }

    /// As [`Store::ping`], but tries a few times: for commands that end if there is no store.
    pub async fn ensure_bucket(&self) -> Result<(), StoreError> {
        retry::quickly("reach the store", || self.ping()).await
    }

    /// Stores a file of `len` bytes and verifies the length that arrived. Replaces an object of the same key.
    pub async fn put_file(&self, key: &Key, file: &Path, len: u64) -> Result<(), StoreError> {
        match self {
            Self::Disk(disk) => disk.put_file(key, file, len).await,
            Self::S3(s3) => s3.put_file(key, file, len).await,
        }
    }

    /// Stores bytes and verifies the length that arrived. Replaces an object of the same key.
    pub async fn put_bytes(&self, key: &Key, bytes: Bytes) -> Result<(), StoreError> {
        match self {
            Self::Disk(disk) => disk.put_bytes(key, bytes).await,
            Self::S3(s3) => s3.put_bytes(key, &bytes).await,
        }
    }

    /// Reads a whole object into memory: for variants, which are small.
    pub async fn get(&self, key: &Key) -> Result<Bytes, StoreError> {
        match self {
            Self::Disk(disk) => disk.get(key).await,
            Self::S3(s3) => s3.get(key).await,
        }
    }

    /// Copies an object into a new or truncated file; returns its length.
    pub async fn get_to_file(&self, key: &Key, file: &Path) -> Result<u64, StoreError> {
        match self {
            Self::Disk(disk) => disk.get_to_file(key, file).await,
            Self::S3(s3) => s3.get_to_file(key, file).await,
        }
    }

    /// An object's length and its bytes in pieces. A stream that ends early ends with an error.
    pub async fn open_stream(&self, key: &Key) -> Result<(u64, ObjectStream), StoreError> {
        match self {
            Self::Disk(disk) => disk.open_stream(key).await,
            Self::S3(s3) => s3.open_stream(key).await,
        }
    }

    /// Size and time of an object, `None` if there is none.
    pub async fn head(&self, key: &Key) -> Result<Option<ObjectMeta>, StoreError> {
        match self {
            Self::Disk(disk) => disk.head(key).await,
            Self::S3(s3) => s3.head(key).await,
        }
    }

    /// Deletes an object and whatever is left of unfinished uploads of it. Deleting what is not there succeeds.
    pub async fn delete(&self, key: &Key) -> Result<(), StoreError> {
        match self {
            Self::Disk(disk) => disk.delete(key).await,
            Self::S3(s3) => s3.delete(key).await,
        }
    }

    /// About a thousand objects from `after`, which is a former page's `next`. The order is the store's own.
    pub async fn list_page(&self, after: Option<&str>) -> Result<ListPage, StoreError> {
        match self {
            Self::Disk(disk) => disk.list_page(after).await,
            Self::S3(s3) => s3.list_page(after).await,
        }
    }

    /// All objects, page by page as they are asked for.
    pub fn list(&self) -> BoxStream<'_, Result<Listed, StoreError>> {
        stream::try_unfold(Some(None::<String>), move |state| async move {
            let Some(after) = state else { return Ok(None) };
            let page = self.list_page(after.as_deref()).await?;
            let items = stream::iter(page.objects.into_iter().map(Ok));
            Ok(Some((items, page.next.map(Some))))
        })
        .try_flatten()
        .boxed()
    }

    /// Removes unfinished uploads that began longer ago than `age`; returns how many.
    pub async fn abort_stale_uploads(&self, age: Duration) -> Result<usize, StoreError> {
        match self {
            Self::Disk(disk) => disk.abort_stale_uploads(age).await,
            Self::S3(s3) => s3.abort_stale_uploads(age).await,
        }
    }
}
