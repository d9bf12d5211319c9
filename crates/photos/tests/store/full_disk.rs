//! A disk without room.

use std::path::{Path, PathBuf};
use std::process::Command;

use futures_util::TryStreamExt as _;
use photos::store::{Store, StoreError};

use super::{an_original, noise};

/// A file system of one MiB.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` where mounting is not allowed.
    fn mount(at: &Path) -> Option<Self> {
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
            .arg(at)
            .output();
        match mount {
            Ok(output) if output.status.success() => Some(Self(at.to_owned())),
            _ => {
                eprintln!("skipped: a full disk needs the right to mount a tmpfs");
                None
            }
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[tokio::test]
async fn a_full_disk_is_told_as_full_and_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(dir.path()) else {
        return;
    };
    let store = Store::disk(disk.0.join("objects")).await.unwrap();
    let bytes = noise(2 * 1024 * 1024);
    let key = an_original(&bytes);
    let error = store.put_bytes(&key, bytes.into()).await.unwrap_err();
    assert!(matches!(error, StoreError::Full { .. }), "{error}");
    assert!(error.to_string().contains("free space"));
    assert_eq!(store.head(&key).await.unwrap(), None);
    assert_eq!(store.list().try_collect::<Vec<_>>().await.unwrap(), []);
    assert_eq!(std::fs::read_dir(disk.0.join("objects/tmp")).unwrap().count(), 0);

    // What fits still does.
    let small = noise(1000);
    let key = an_original(&small);
    store.put_bytes(&key, small.into()).await.unwrap();
    assert_eq!(store.head(&key).await.unwrap().unwrap().len, 1000);
}

#[tokio::test]
async fn a_folder_that_went_away_does_not_answer() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::disk(dir.path().join("objects")).await.unwrap();
    store.ping().await.unwrap();
    std::fs::remove_dir_all(dir.path().join("objects")).unwrap();
    let error = store.ping().await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
}
