//! Stores for tests: a folder, and a bucket of its own where `PHOTOS_TEST_S3_ENDPOINT` names a server.

use std::env;

use photos::store::{S3Settings, Store};
use s3::creds::Credentials;
use s3::{Bucket, Region};
use tempfile::TempDir;
use uuid::Uuid;

/// Where a test keeps its objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Backend {
    Disk,
    S3,
}

/// A throwaway store, and a way around it for what only a fault would do.
pub(crate) struct TestStore {
    pub(crate) store: Store,
    pub(crate) place: Place,
}

pub(crate) enum Place {
    Folder(TempDir),
    Bucket(Box<Bucket>),
}

/// The test server: endpoint, access key and secret key.
pub(crate) fn s3_server() -> Option<(String, String, String)> {
    let Ok(endpoint) = env::var("PHOTOS_TEST_S3_ENDPOINT") else {
        assert!(
            env::var("CI").as_deref() != Ok("true"),
            "in CI, PHOTOS_TEST_S3_ENDPOINT must be set"
        );
        eprintln!("skipped: PHOTOS_TEST_S3_ENDPOINT is not set, so nothing runs on S3");
        return None;
    };
    let key = |name| env::var(name).unwrap_or_else(|_| panic!("{name} goes with PHOTOS_TEST_S3_ENDPOINT"));
    Some((
        endpoint,
        key("PHOTOS_TEST_S3_ACCESS_KEY"),
        key("PHOTOS_TEST_S3_SECRET_KEY"),
    ))
}

impl TestStore {
    /// An empty store; `None` where there is no S3 server to test with.
    pub(crate) async fn open(backend: Backend) -> Option<Self> {
        let test = match backend {
            Backend::Disk => {
                let folder = TempDir::new().unwrap();
                let store = Store::disk(folder.path().join("objects")).await.unwrap();
                Self {
                    store,
                    place: Place::Folder(folder),
                }
            }
            Backend::S3 => {
                let (endpoint, access_key, secret_key) = s3_server()?;
                let name = format!("test-{}", Uuid::now_v7());
                let settings = S3Settings {
                    bucket: &name,
                    endpoint: Some(&endpoint),
                    region: "us-east-1",
                    access_key: &access_key,
                    secret_key: &secret_key,
                };
                let store = Store::s3(&settings).unwrap();
                let keys = Credentials::new(Some(&access_key), Some(&secret_key), None, None, None).unwrap();
                let region = Region::Custom {
                    region: "us-east-1".into(),
                    endpoint: endpoint.clone(),
                };
                let bucket = Bucket::new(&name, region, keys).unwrap().with_path_style();
                Self {
                    store,
                    place: Place::Bucket(bucket),
                }
            }
        };
        test.store.ensure_bucket().await.unwrap();
        Some(test)
    }

    /// Puts bytes under any name, as somebody else would who uses the same folder or bucket.
    pub(crate) async fn put_foreign(&self, name: &str, bytes: &[u8]) {
        match &self.place {
            Place::Folder(folder) => {
                let path = folder.path().join("objects").join(name);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, bytes).unwrap();
            }
            Place::Bucket(bucket) => {
                bucket.put_object(name, bytes).await.unwrap();
            }
        }
    }

    /// Removes everything.
    pub(crate) async fn close(self) {
        if let Place::Bucket(bucket) = &self.place {
            for page in bucket.list(String::new(), None).await.unwrap() {
                for object in page.contents {
                    bucket.delete_object(&object.key).await.unwrap();
                }
            }
            bucket.delete().await.unwrap();
        }
    }
}
