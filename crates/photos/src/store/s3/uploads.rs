//! Unfinished multipart uploads. They hold space and appear in no listing of objects, and the client library aborts them
//! only on an error, not when a request or the process ends: the sweeper does the rest.

use std::time::Duration;

use jiff::Timestamp;
use s3::error::S3Error;
use s3::serde_types::MultipartUpload;

use super::{S3Store, fault};
use crate::store::error::StoreError;
use crate::store::key::Key;
use crate::store::retry::quickly;

const WHAT: &str = "abort unfinished uploads";

impl S3Store {
    /// See [`super::super::Store::abort_stale_uploads`]. A shared bucket may hold uploads of others: only ours go.
    pub async fn abort_stale_uploads(&self, age: Duration) -> Result<usize, StoreError> {
        let before = Timestamp::now() - age;
        let mut aborted = 0;
        // MinIO matches a prefix against whole names only, so none is given.
        for upload in self.unfinished(None).await? {
            let began = upload
                .initiated
                .parse::<Timestamp>()
                .map_err(|error| fault(WHAT, error))?;
            if Key::parse(&upload.key).is_ok() && began <= before {
                self.abort(&upload).await?;
                aborted += 1;
            }
        }
        Ok(aborted)
    }

    /// Aborts the uploads of one object, whenever they began.
    pub(super) async fn abort_uploads_of(&self, key: &Key) -> Result<(), StoreError> {
        let key = key.to_string();
        for upload in self
            .unfinished(Some(&key))
            .await?
            .iter()
            .filter(|upload| upload.key == key)
        {
            self.abort(upload).await?;
        }
        Ok(())
    }

    async fn unfinished(&self, prefix: Option<&str>) -> Result<Vec<MultipartUpload>, StoreError> {
        let list = || async {
            let listed = self.bucket.list_multiparts_uploads(prefix, None).await;
            listed.map_err(|error| StoreError::from_s3(WHAT, None, error))
        };
        Ok(quickly(WHAT, list)
            .await?
            .into_iter()
            .flat_map(|page| page.uploads)
            .collect())
    }

    async fn abort(&self, upload: &MultipartUpload) -> Result<(), StoreError> {
        let abort = || async {
            match self.bucket.abort_upload(&upload.key, &upload.id).await {
                // It ended or was aborted meanwhile.
                Err(S3Error::HttpFailWithBody(404, _)) => Ok(()),
                done => done.map_err(|error| StoreError::from_s3(WHAT, None, error)),
            }
        };
        quickly(WHAT, abort).await
    }
}
