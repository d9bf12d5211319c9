//! The store in a bucket of AWS S3 or of MinIO.
//!
//! Small calls end after seconds, transfers after a minute a request; both are tried again while that can help. A file is
//! sent from the disk as it goes: in one request, or in pieces of 8 MiB of which an upload holds one at a time.

mod uploads;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::Body;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue};
use s3::creds::Credentials;
use s3::error::S3Error;
use s3::{Bucket, BucketConfiguration, Region};
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::Semaphore;
use tokio_util::io::ReaderStream;

use super::error::{StoreError, no_such_bucket};
use super::key::{Key, PREFIX};
use super::retry::{quickly, within};
use super::{ListPage, Listed, ObjectMeta, ObjectStream};

const CALL: Duration = Duration::from_secs(5);
const TRANSFER: Duration = Duration::from_secs(60);
const UPLOADS: usize = 3;

/// Files from this length on are sent in pieces so long, each of which the library holds twice; of a shorter one it would hold
/// all.
const PIECE: u64 = s3::bucket::CHUNK_SIZE as u64;
/// Seconds for which a signed address is good: as far as S3 lets clocks differ elsewhere.
const SIGNED_FOR: u32 = 15 * 60;
/// Bytes of a file that are read at a time.
const READ: usize = 128 * 1024;

/// Where the bucket is and who we are.
#[derive(Clone, Copy)]
pub struct S3Settings<'a> {
    /// The bucket's name.
    pub bucket: &'a str,
    /// The server's URL, as of MinIO; `None` is AWS.
    pub endpoint: Option<&'a str>,
    /// The region's name.
    pub region: &'a str,
    /// Access key.
    pub access_key: &'a str,
    /// Secret key.
    pub secret_key: &'a str,
}

/// A store in a bucket.
#[derive(Clone)]
pub struct S3Store {
    bucket: Arc<Bucket>,
    /// The same with a longer time limit, for requests that carry an object.
    transfer: Arc<Bucket>,
    uploads: Arc<Semaphore>,
}

impl S3Store {
    /// Prepares the client; sends nothing.
    pub fn open(settings: &S3Settings<'_>) -> Result<Self, StoreError> {
        let fault = |error: S3Error| StoreError::from_s3("prepare the S3 client", None, error);
        // Attempts are counted here, not twice.
        s3::set_retries(0);
        let keys = (Some(settings.access_key), Some(settings.secret_key));
        let credentials = Credentials::new(keys.0, keys.1, None, None, None).map_err(|e| fault(e.into()))?;
        let region = match settings.endpoint {
            Some(endpoint) => Region::Custom {
                region: settings.region.to_owned(),
                endpoint: endpoint.trim_end_matches('/').to_owned(),
            },
            None => settings.region.parse().map_err(|e| fault(S3Error::from(e)))?,
        };
        let mut bucket = Bucket::new(settings.bucket, region, credentials).map_err(fault)?;
        if settings.endpoint.is_some() {
            bucket.set_path_style();
        }
        bucket.set_request_timeout(Some(CALL));
        let transfer = bucket.with_request_timeout(TRANSFER).map_err(fault)?;
        Ok(Self {
            bucket: Arc::from(bucket),
            transfer: Arc::from(transfer),
            uploads: Arc::new(Semaphore::new(UPLOADS)),
        })
    }

    /// See [`super::Store::ping`].
    pub async fn ping(&self) -> Result<(), StoreError> {
        let bucket = &self.bucket;
        let what = format!("list bucket {}", bucket.name());
        let list = async {
            match bucket.list_page(PREFIX.into(), None, None, None, Some(1)).await {
                Err(S3Error::HttpFailWithBody(404, body)) if no_such_bucket(&body) => {
                    self.make_bucket().await
                }
                listed => listed
                    .map(drop)
                    .map_err(|error| StoreError::from_s3(&what, None, error)),
            }
        };
        within(CALL, &what, list).await
    }

    /// Makes the bucket, unless it is on AWS, where a wrong name must not become somebody's new bucket.
    async fn make_bucket(&self) -> Result<(), StoreError> {
        let (bucket, name) = (&self.bucket, self.bucket.name());
        let what = format!("make bucket {name}");
        if !matches!(bucket.region(), Region::Custom { .. }) {
            let source = "it does not exist; create it, or correct PS_STORE_URL and PS_S3_REGION".into();
            return Err(StoreError::Fault {
                what: format!("use bucket {name}"),
                source,
            });
        }
        let fault = |error| StoreError::from_s3(&what, None, error);
        let credentials = bucket.credentials().await.map_err(fault)?;
        let how = BucketConfiguration::default();
        match Bucket::create_with_path_style(&name, bucket.region(), credentials, how).await {
            // Another replica was faster.
            Err(S3Error::HttpFailWithBody(409, body)) if body.contains("BucketAlreadyOwnedByYou") => Ok(()),
            made => made
                .map(|_| tracing::info!(bucket = name, "made the bucket"))
                .map_err(fault),
        }
    }

    /// See [`super::Store::put_file`].
    pub async fn put_file(&self, key: &Key, file: &Path, len: u64) -> Result<(), StoreError> {
        let (what, path) = (format!("write {key}"), key.to_string());
        let permit = self.uploads.acquire().await;
        let put = || async {
            let opened = File::open(file).await;
            let mut file = opened.map_err(|error| StoreError::from_io(&what, error))?;
            let metadata = file.metadata().await;
            let actual = metadata.map_err(|error| StoreError::from_io(&what, error))?.len();
            if actual != len {
                return Err(mismatch(key, len, actual));
            }
            let sent = if len < PIECE {
                self.send(key, file, len).await
            } else {
                let request = self
                    .transfer
                    .put_object_stream_builder(&path)
                    .with_max_concurrent_chunks(1);
                let request = request.with_content_type(key.content_type());
                request.execute_stream(&mut file).await.map(drop)
            };
            sent.map_err(|error| StoreError::from_s3(&what, None, error))
        };
        quickly(&what, put).await?;
        drop(permit);
        self.verify(key, len).await
    }

    /// Sends a file in one request. The signature does not cover its bytes, so the server is told the checksum of an original,
    /// which is in its key.
    async fn send(&self, key: &Key, file: File, len: u64) -> Result<(), S3Error> {
        let mut signed = HeaderMap::new();
        if key.is_original() {
            let checksum = BASE64_STANDARD.encode(key.digest().bytes());
            signed.insert("x-amz-checksum-sha256", HeaderValue::try_from(checksum)?);
        }
        let url = self
            .transfer
            .presign_put(key.to_string(), SIGNED_FOR, Some(signed.clone()), None)
            .await?;
        let request = self.transfer.http_client().put(url).headers(signed);
        let request = request
            .header(CONTENT_TYPE, key.content_type())
            .header(CONTENT_LENGTH, len);
        let body = Body::wrap_stream(ReaderStream::with_capacity(file, READ));
        // The address is as good as a key for a while, and errors come into the log.
        let answer = request
            .body(body)
            .send()
            .await
            .map_err(reqwest::Error::without_url)?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let why = answer.text().await.unwrap_or_default();
        Err(S3Error::HttpFailWithBody(status.as_u16(), why))
    }

    /// See [`super::Store::put_bytes`].
    pub async fn put_bytes(&self, key: &Key, bytes: &Bytes) -> Result<(), StoreError> {
        let (what, path) = (format!("write {key}"), key.to_string());
        let put = || async {
            let sent = self
                .transfer
                .put_object_with_content_type(&path, bytes, key.content_type())
                .await;
            sent.map(drop)
                .map_err(|error| StoreError::from_s3(&what, None, error))
        };
        quickly(&what, put).await?;
        self.verify(key, bytes.len() as u64).await
    }

    async fn verify(&self, key: &Key, expected: u64) -> Result<(), StoreError> {
        let actual = self.head(key).await?.map_or(0, |meta| meta.len);
        if actual == expected {
            return Ok(());
        }
        Err(mismatch(key, expected, actual))
    }

    /// See [`super::Store::get`].
    pub async fn get(&self, key: &Key) -> Result<Bytes, StoreError> {
        let (what, path) = (format!("read {key}"), key.to_string());
        let get = || async {
            match self.transfer.get_object(&path).await {
                Ok(mut answer) => Ok(std::mem::take(answer.bytes_mut())),
                Err(error) => Err(StoreError::from_s3(&what, Some(&path), error)),
            }
        };
        quickly(&what, get).await
    }

    /// See [`super::Store::get_to_file`].
    pub async fn get_to_file(&self, key: &Key, file: &Path) -> Result<u64, StoreError> {
        let what = format!("copy {key}");
        quickly(&what, || async {
            let (len, mut pieces) = self.open_stream(key).await?;
            let io = |error| StoreError::from_io(&what, error);
            let mut out = File::create(file).await.map_err(io)?;
            let mut actual = 0;
            while let Some(piece) = pieces.try_next().await? {
                out.write_all(&piece).await.map_err(io)?;
                actual += piece.len() as u64;
            }
            out.flush().await.map_err(io)?;
            if actual == len {
                return Ok(len);
            }
            Err(mismatch(key, len, actual))
        })
        .await
    }

    /// See [`super::Store::open_stream`].
    pub async fn open_stream(&self, key: &Key) -> Result<(u64, ObjectStream), StoreError> {
        let (what, path) = (format!("read {key}"), key.to_string());
        let not_found = || StoreError::NotFound { key: key.to_string() };
        let len = self.head(key).await?.ok_or_else(not_found)?.len;
        let get = || async {
            let got = self.transfer.get_object_stream(&path).await;
            got.map_err(|error| StoreError::from_s3(&what, Some(&path), error))
        };
        let pieces = quickly(&what, get).await?.bytes;
        Ok((
            len,
            pieces
                .map_err(move |error| StoreError::from_s3(&what, None, error))
                .boxed(),
        ))
    }

    /// See [`super::Store::head`].
    pub async fn head(&self, key: &Key) -> Result<Option<ObjectMeta>, StoreError> {
        let (what, path) = (format!("look at {key}"), key.to_string());
        let head = || async {
            match self.bucket.head_object(&path).await {
                Ok((head, _)) => {
                    let modified = head.last_modified.as_deref().and_then(|t| rfc2822::parse(t).ok());
                    let len = head.content_length.and_then(|len| u64::try_from(len).ok());
                    match (len, modified) {
                        (Some(len), Some(modified)) => Ok(Some(ObjectMeta {
                            len,
                            modified: modified.timestamp(),
                        })),
                        _ => Err(fault(
                            &what,
                            "the answer has no Content-Length or no Last-Modified",
                        )),
                    }
                }
                // A HEAD has no body that could say more.
                Err(S3Error::HttpFailWithBody(404, _)) => Ok(None),
                Err(error) => Err(StoreError::from_s3(&what, None, error)),
            }
        };
        quickly(&what, head).await
    }

    /// See [`super::Store::delete`].
    pub async fn delete(&self, key: &Key) -> Result<(), StoreError> {
        let (what, path) = (format!("delete {key}"), key.to_string());
        let delete = || async {
            match self.bucket.delete_object(&path).await {
                Err(S3Error::HttpFailWithBody(404, body)) if !no_such_bucket(&body) => Ok(()),
                done => done
                    .map(drop)
                    .map_err(|error| StoreError::from_s3(&what, None, error)),
            }
        };
        quickly(&what, delete).await?;
        if key.is_original() {
            self.abort_uploads_of(key).await?;
        }
        Ok(())
    }

    /// See [`super::Store::list_page`]; `after` is the last key of the page before.
    pub async fn list_page(&self, after: Option<&str>) -> Result<ListPage, StoreError> {
        let what = "list the objects";
        let list = || async {
            let after = after.map(str::to_owned);
            let page = self
                .transfer
                .list_page(PREFIX.into(), None, None, after, Some(1000))
                .await;
            page.map_err(|error| StoreError::from_s3(what, None, error))
        };
        let (page, _) = quickly(what, list).await?;
        let objects = page.contents.into_iter().map(|object| {
            let modified = object
                .last_modified
                .parse::<Timestamp>()
                .map_err(|error| fault(what, error))?;
            Ok(Listed {
                key: object.key,
                meta: ObjectMeta {
                    len: object.size,
                    modified,
                },
            })
        });
        let objects = objects.collect::<Result<Vec<_>, StoreError>>()?;
        let next = objects
            .last()
            .filter(|_| page.is_truncated)
            .map(|last| last.key.clone());
        Ok(ListPage { objects, next })
    }
}

fn mismatch(key: &Key, expected: u64, actual: u64) -> StoreError {
    StoreError::Mismatch {
        key: key.to_string(),
        expected,
        actual,
    }
}

fn fault(what: &str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
    StoreError::Fault {
        what: what.to_owned(),
        source: source.into(),
    }
}
