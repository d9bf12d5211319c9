//! Putting, reading, listing and deleting.

use std::collections::BTreeSet;

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use photos::store::{Key, Store, StoreError};
use rstest::rstest;

use super::object_store::{Backend, TestStore};
use super::{an_original, its_variants, noise};

async fn read(store: &Store, key: &Key) -> Vec<u8> {
    let (len, pieces) = store.open_stream(key).await.unwrap();
    let bytes = pieces.try_fold(Vec::new(), |mut all, piece| async move {
        all.extend_from_slice(&piece);
        Ok(all)
    });
    let bytes = bytes.await.unwrap();
    assert_eq!(bytes.len() as u64, len);
    bytes
}

#[rstest]
#[tokio::test]
async fn what_is_put_is_read_by_every_way(#[values(Backend::Disk, Backend::S3)] backend: Backend) {
    let Some(test) = TestStore::open(backend).await else {
        return;
    };
    let (store, dir) = (&test.store, tempfile::tempdir().unwrap());
    // In one request, in exactly one piece of a multipart upload, and in several.
    for len in [1, 5_000, 8 * 1024 * 1024, 20_000_000] {
        let bytes = noise(len);
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        std::fs::write(&from, &bytes).unwrap();
        let key = an_original(&bytes);
        assert_eq!(store.head(&key).await.unwrap(), None);
        store.put_file(&key, &from, len as u64).await.unwrap();
        assert_eq!(store.head(&key).await.unwrap().unwrap().len, len as u64);
        assert!(read(store, &key).await == bytes);
        assert_eq!(store.get_to_file(&key, &to).await.unwrap(), len as u64);
        assert!(std::fs::read(&to).unwrap() == bytes);
        assert!(store.get(&key).await.unwrap() == bytes);

        let [variant, _] = its_variants(&key);
        store.put_bytes(&variant, bytes.clone().into()).await.unwrap();
        assert!(store.get(&variant).await.unwrap() == bytes);
    }
    test.close().await;
}

#[tokio::test]
async fn a_bucket_refuses_bytes_that_changed_on_the_way() {
    let Some(test) = TestStore::open(Backend::S3).await else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("altered");
    std::fs::write(&file, b"fi?st").unwrap();
    let key = an_original(b"first");
    let refused = test.store.put_file(&key, &file, 5).await;
    assert!(matches!(refused, Err(StoreError::Fault { .. })), "{refused:?}");
    assert_eq!(test.store.head(&key).await.unwrap(), None);
    test.close().await;
}

#[rstest]
#[tokio::test]
async fn a_second_put_replaces_the_object(#[values(Backend::Disk, Backend::S3)] backend: Backend) {
    let Some(test) = TestStore::open(backend).await else {
        return;
    };
    let key = an_original(b"first");
    test.store
        .put_bytes(&key, Bytes::from_static(b"first"))
        .await
        .unwrap();
    test.store
        .put_bytes(&key, Bytes::from_static(b"the second"))
        .await
        .unwrap();
    assert_eq!(test.store.get(&key).await.unwrap(), "the second");
    assert_eq!(test.store.head(&key).await.unwrap().unwrap().len, 10);
    test.close().await;
}

#[rstest]
#[tokio::test]
async fn a_missing_object_is_not_found_and_may_be_deleted(
    #[values(Backend::Disk, Backend::S3)] backend: Backend,
) {
    let Some(test) = TestStore::open(backend).await else {
        return;
    };
    let (store, dir) = (&test.store, tempfile::tempdir().unwrap());
    let key = an_original(b"never put");
    let to = dir.path().join("to");
    let not_found =
        |error: &StoreError| matches!(error, StoreError::NotFound { key: k } if *k == key.to_string());
    assert!(not_found(&store.get(&key).await.unwrap_err()));
    assert!(not_found(&store.get_to_file(&key, &to).await.unwrap_err()));
    assert!(not_found(&store.open_stream(&key).await.err().unwrap()));
    assert!(!to.exists());
    assert_eq!(store.head(&key).await.unwrap(), None);
    store.delete(&key).await.unwrap();
    store.delete(&key).await.unwrap();
    test.close().await;
}

#[rstest]
#[tokio::test]
async fn deleting_one_object_leaves_the_others_of_its_photo(
    #[values(Backend::Disk, Backend::S3)] backend: Backend,
) {
    let Some(test) = TestStore::open(backend).await else {
        return;
    };
    let store = &test.store;
    let original = an_original(b"o");
    let [jpeg, webp] = its_variants(&original);
    for key in [&original, &jpeg, &webp] {
        store.put_bytes(key, key.to_string().into()).await.unwrap();
    }
    store.delete(&original).await.unwrap();
    store.delete(&jpeg).await.unwrap();
    assert_eq!(store.head(&jpeg).await.unwrap(), None);
    assert_eq!(store.get(&webp).await.unwrap(), webp.to_string());
    store.delete(&webp).await.unwrap();
    assert_eq!(store.list().try_collect::<Vec<_>>().await.unwrap(), []);
    test.close().await;
}

#[rstest]
#[tokio::test]
async fn a_listing_names_every_object_once_page_by_page(
    #[values(Backend::Disk, Backend::S3)] backend: Backend,
) {
    let Some(test) = TestStore::open(backend).await else {
        return;
    };
    let store = &test.store;
    let mut expected = BTreeSet::new();
    let keys: Vec<Key> = (0..350)
        .flat_map(|i: u32| {
            let original = an_original(&i.to_le_bytes());
            let variants = its_variants(&original);
            [original].into_iter().chain(variants)
        })
        .collect();
    let puts = keys
        .iter()
        .map(|key| store.put_bytes(key, Bytes::from_static(b"12345")));
    futures_util::stream::iter(puts.map(Ok))
        .try_for_each_concurrent(16, |put| put)
        .await
        .unwrap();
    expected.extend(keys.iter().map(Key::to_string));

    let (mut found, mut pages, mut after) = (BTreeSet::new(), 0, None);
    loop {
        let page = store.list_page(after.as_deref()).await.unwrap();
        pages += 1;
        for object in page.objects {
            assert_eq!(object.meta.len, 5);
            assert!(found.insert(object.key));
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(found, expected);
    assert_eq!(pages, 2);
    assert_eq!(store.list().try_collect::<Vec<_>>().await.unwrap().len(), 1050);
    test.close().await;
}

#[rstest]
#[tokio::test]
async fn what_is_not_ours_is_listed_under_a_name_that_is_no_key(
    #[values(Backend::Disk, Backend::S3)] backend: Backend,
) {
    let Some(test) = TestStore::open(backend).await else {
        return;
    };
    let names = ["photos/readme.txt", "photos/ab/c/d/e/deep.txt", "other/file"];
    for name in names {
        test.put_foreign(name, b"?").await;
    }
    let found: Vec<String> = test
        .store
        .list()
        .map_ok(|object| object.key)
        .try_collect()
        .await
        .unwrap();
    assert_eq!(
        found.len(),
        2,
        "what is outside of photos/ is not looked at: {found:?}"
    );
    for name in &found {
        assert!(
            names.contains(&name.as_str()) && Key::parse(name).is_err(),
            "{name}"
        );
    }
    test.close().await;
}

#[tokio::test]
async fn an_object_in_the_folder_of_others_is_not_taken_for_one_that_can_be_read() {
    let test = TestStore::open(Backend::Disk).await.unwrap();
    let original = an_original(b"moved");
    let rest = original.to_string();
    let rest = rest.strip_prefix("photos/").unwrap();
    // The shard is how the photo's id ends.
    let shard = |name: &str| name.split('/').next().unwrap()[34..].to_owned();
    let elsewhere = if shard(rest) == "00" { "01" } else { "00" };
    let moved = format!("photos/{elsewhere}/{rest}");
    test.put_foreign(&moved, b"moved").await;
    test.put_foreign(&format!("photos/{}/{rest}", shard(rest)), b"moved")
        .await;
    let found: Vec<_> = test
        .store
        .list()
        .map_ok(|object| object.key)
        .try_collect::<Vec<String>>()
        .await
        .unwrap();
    let (keys, strays): (Vec<_>, Vec<_>) = found.into_iter().partition(|name| Key::parse(name).is_ok());
    assert_eq!((keys, strays), (vec![original.to_string()], vec![moved]));
    test.close().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn puts_and_deletes_of_one_photo_at_once_do_not_disturb_each_other(
    #[values(Backend::Disk, Backend::S3)] backend: Backend,
) {
    let Some(test) = TestStore::open(backend).await else {
        return;
    };
    let store = &test.store;
    let original = an_original(b"o");
    let [kept, passing] = its_variants(&original);
    let flicker = async {
        for _ in 0..40 {
            store.put_bytes(&passing, Bytes::from_static(b"p")).await.unwrap();
            store.delete(&passing).await.unwrap();
        }
    };
    let steady = async {
        for _ in 0..40 {
            store.delete(&kept).await.unwrap();
            store.put_bytes(&kept, Bytes::from_static(b"k")).await.unwrap();
        }
    };
    tokio::join!(flicker, steady);
    assert_eq!(store.get(&kept).await.unwrap(), "k");
    assert_eq!(store.head(&passing).await.unwrap(), None);
    test.close().await;
}

#[rstest]
#[tokio::test]
async fn a_file_of_another_length_is_refused(#[values(Backend::Disk, Backend::S3)] backend: Backend) {
    let Some(test) = TestStore::open(backend).await else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, b"short").unwrap();
    let key = an_original(b"short");
    let error = test.store.put_file(&key, &file, 9).await.unwrap_err();
    assert!(
        matches!(
            error,
            StoreError::Mismatch {
                expected: 9,
                actual: 5,
                ..
            }
        ),
        "{error}"
    );
    let error = test
        .store
        .put_file(&key, &dir.path().join("none"), 9)
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::Fault { .. }), "{error}");
    test.close().await;
}

#[rstest]
#[tokio::test]
async fn an_open_store_answers_a_ping(#[values(Backend::Disk, Backend::S3)] backend: Backend) {
    let Some(test) = TestStore::open(backend).await else {
        return;
    };
    // Replicas that start together make the bucket together.
    let (one, two) = tokio::join!(test.store.ping(), test.store.ping());
    one.unwrap();
    two.unwrap();
    test.close().await;
}
