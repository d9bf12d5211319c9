//! Uploads that were begun and never ended.

use std::time::Duration;

use rstest::rstest;

use super::an_original;
use super::object_store::{Backend, Place, TestStore};

const HOUR: Duration = Duration::from_secs(3600);

/// Leaves behind what a killed process leaves; returns how many unfinished uploads there are now.
async fn begin(test: &TestStore, name: &str) {
    match &test.place {
        Place::Folder(folder) => {
            std::fs::write(folder.path().join("objects/tmp/put-killed"), b"half").unwrap();
        }
        Place::Bucket(bucket) => {
            let upload = bucket
                .initiate_multipart_upload(name, "image/jpeg")
                .await
                .unwrap();
            let piece = vec![7; 5 * 1024 * 1024];
            bucket
                .put_multipart_chunk(piece, name, 1, &upload.upload_id, "image/jpeg")
                .await
                .unwrap();
        }
    }
}

#[rstest]
#[tokio::test]
async fn only_uploads_older_than_the_grace_are_aborted(
    #[values(Backend::Disk, Backend::S3)] backend: Backend,
) {
    let Some(test) = TestStore::open(backend).await else {
        return;
    };
    begin(&test, &an_original(b"killed").to_string()).await;
    assert_eq!(test.store.abort_stale_uploads(HOUR).await.unwrap(), 0);
    assert_eq!(test.store.abort_stale_uploads(Duration::ZERO).await.unwrap(), 1);
    assert_eq!(test.store.abort_stale_uploads(Duration::ZERO).await.unwrap(), 0);
    test.close().await;
}

#[tokio::test]
async fn deleting_an_object_aborts_its_uploads_and_nobody_elses() {
    let Some(test) = TestStore::open(Backend::S3).await else {
        return;
    };
    let (mine, other) = (an_original(b"mine"), an_original(b"other"));
    begin(&test, &mine.to_string()).await;
    begin(&test, &other.to_string()).await;
    begin(&test, "not/of/photos").await;
    test.store.delete(&mine).await.unwrap();
    assert_eq!(
        test.store.abort_stale_uploads(Duration::ZERO).await.unwrap(),
        1,
        "that of the other photo"
    );
    let Place::Bucket(bucket) = &test.place else {
        panic!("asked for S3")
    };
    let left = bucket.list_multiparts_uploads(None, None).await.unwrap();
    let left: Vec<_> = left.into_iter().flat_map(|page| page.uploads).collect();
    assert_eq!(
        left.iter().map(|upload| upload.key.as_str()).collect::<Vec<_>>(),
        ["not/of/photos"]
    );
    bucket.abort_upload(&left[0].key, &left[0].id).await.unwrap();
    test.close().await;
}
