//! Backups, and the way back into an empty home of either kind.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use photos::db::DbError;
use photos::domain::now_micros;
use photos::jobs::JobError;
use photos::jobs::backup::{Backup, Contents, Restore, Restored};
use photos::jobs::fsck::Fsck;
use photos::store::{Encoding, Key};
use rstest::rstest;
use tempfile::TempDir;

use crate::world::{Home, Shot, World, picture};

const PRESETS: &str = "thumb=20x20:crop";

async fn backup(world: &World, folder: &Path, originals: bool) -> Result<Contents, JobError> {
    Backup {
        db: world.db(),
        store: world.store(),
        originals,
        progress: &|_| {},
    }
    .run(folder)
    .await
}

async fn restore(world: &World, folder: &Path) -> Result<Restored, JobError> {
    let restore = Restore {
        db: world.db(),
        store: world.store(),
        quick: false,
        allow_missing: false,
        progress: &|_| {},
    };
    restore.run(folder).await
}

fn original(shot: &Shot) -> &Key {
    shot.keys.iter().find(|key| key.is_original()).unwrap()
}

/// A folder for a backup that does not exist yet.
fn folder() -> (TempDir, PathBuf) {
    let dir = TempDir::new().unwrap();
    let folder = dir.path().join("backup");
    (dir, folder)
}

#[rstest]
#[case(Home::SqliteDisk, Home::SqliteDisk)]
#[case(Home::SqliteDisk, Home::PostgresS3)]
#[case(Home::PostgresS3, Home::SqliteDisk)]
#[case(Home::PostgresS3, Home::PostgresS3)]
#[tokio::test]
async fn a_backup_with_originals_fills_an_empty_home_of_either_kind(#[case] from: Home, #[case] to: Home) {
    let (Some(old), Some(new)) = (World::open(from).await, World::open_empty(to).await) else {
        return;
    };
    let media = old.media(PRESETS);
    let shots = [
        old.upload(&media, &picture(1)).await,
        old.upload(&media, &picture(2)).await,
    ];
    old.trash(shots[1].row.id, now_micros()).await;
    let (_dir, folder) = folder();
    let contents = backup(&old, &folder, true).await.unwrap();
    assert_eq!((contents.totals.objects, contents.totals.originals), (6, 2));
    assert_eq!(
        contents.totals.original_bytes,
        shots[0].row.bytes + shots[1].row.bytes
    );

    let restored = restore(&new, &folder).await.unwrap();
    assert_eq!(
        (restored.copied, restored.missing.len(), restored.forgotten),
        (2, 0, 4)
    );
    for shot in &shots {
        let same = |world: &World| {
            let db = world.db().clone();
            let id = shot.row.id;
            async move { db.get_photo_even_deleted(id).await.unwrap() }
        };
        assert_eq!(same(&new).await, same(&old).await);
        assert_eq!(
            new.store().get(original(shot)).await.unwrap(),
            old.store().get(original(shot)).await.unwrap()
        );
    }
    let ann = new.db().credentials("ann").await.unwrap().unwrap();
    assert_eq!(ann.user.id, old.ann.user_id);

    // The variants come back by themselves, once the sweeper cleared the rows away.
    new.sweeper().tick(now_micros()).await.unwrap().unwrap();
    let media = new.media(PRESETS);
    let thumb = media.presets().get("thumb").unwrap();
    let photo = new.db().get_photo(shots[0].row.id).await.unwrap().unwrap();
    assert!(
        media
            .variant(&photo, thumb, Encoding::Jpeg)
            .await
            .unwrap()
            .is_some()
    );
    let fsck = Fsck {
        db: new.db(),
        store: new.store(),
        quick: false,
        progress: &|_| {},
    };
    assert_eq!(fsck.look().await.unwrap().left, []);
    old.close().await;
    new.close().await;
}

#[rstest]
#[tokio::test]
async fn a_backup_without_originals_needs_the_store(
    #[values(Home::SqliteDisk, Home::PostgresS3)] home: Home,
) {
    let Some(world) = World::open(home).await else {
        return;
    };
    let media = world.media(PRESETS);
    let shots = [
        world.upload(&media, &picture(1)).await,
        world.upload(&media, &picture(2)).await,
    ];
    let (_dir, folder) = folder();
    backup(&world, &folder, false).await.unwrap();
    assert!(!folder.join("objects").exists());
    // The database is lost, the store is not, but for one original.
    let all = world.stored().await;
    let kept = world.store().get(original(&shots[1])).await.unwrap();
    world.store().delete(original(&shots[1])).await.unwrap();
    world.lose_database().await;

    let refused = restore(&world, &folder).await;
    let name = original(&shots[1]).to_string();
    assert!(
        matches!(&refused, Err(JobError::Refused(why)) if why.contains(&name)),
        "{refused:?}"
    );
    assert!(
        world.db().list_users(None, 1).await.unwrap().is_empty(),
        "nothing was restored"
    );

    let without = Restore {
        db: world.db(),
        store: world.store(),
        quick: true,
        allow_missing: true,
        progress: &|_| {},
    };
    let restored = without.run(&folder).await.unwrap();
    assert_eq!(
        (restored.missing, restored.copied, restored.forgotten),
        (vec![name], 0, 0)
    );
    world.store().put_bytes(original(&shots[1]), kept).await.unwrap();
    assert_eq!(world.stored().await, all);
    let fsck = Fsck {
        db: world.db(),
        store: world.store(),
        quick: false,
        progress: &|_| {},
    };
    assert_eq!(fsck.look().await.unwrap().left, []);
    world.close().await;
}

#[rstest]
#[tokio::test]
async fn a_restore_only_fills_an_empty_database(#[values(Home::SqliteDisk, Home::PostgresS3)] home: Home) {
    let Some(world) = World::open(home).await else {
        return;
    };
    world.photo().await;
    let (_dir, folder) = folder();
    backup(&world, &folder, false).await.unwrap();
    let before = (world.stored().await, world.ledger().await);
    let refused = restore(&world, &folder).await;
    assert!(
        matches!(&refused, Err(JobError::Refused(why)) if why.contains("not empty")),
        "{refused:?}"
    );
    assert_eq!((world.stored().await, world.ledger().await), before);
    world.close().await;
}

#[rstest]
#[tokio::test]
async fn a_damaged_or_unfinished_backup_is_refused(#[values(Home::SqliteDisk, Home::PostgresS3)] home: Home) {
    let Some(world) = World::open(home).await else {
        return;
    };
    world.photo().await;
    let (_dir, folder) = folder();
    backup(&world, &folder, false).await.unwrap();
    world.lose_database().await;
    for name in ["database.jsonl", "objects.jsonl"] {
        let path = folder.join(name);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        let refused = restore(&world, &folder).await;
        assert!(
            matches!(&refused, Err(JobError::Refused(why)) if why.contains(name)),
            "{refused:?}"
        );
        fs::write(&path, whole).unwrap();
    }
    let contents = fs::read_to_string(folder.join("backup.json")).unwrap();
    fs::write(
        folder.join("backup.json"),
        contents.replace("\"schema\": 1", "\"schema\": 2"),
    )
    .unwrap();
    let refused = restore(&world, &folder).await;
    assert!(
        matches!(&refused, Err(JobError::Refused(why)) if why.contains("schema")),
        "{refused:?}"
    );
    fs::remove_file(folder.join("backup.json")).unwrap();
    let refused = restore(&world, &folder).await;
    assert!(
        matches!(&refused, Err(JobError::Refused(why)) if why.contains("backup.json")),
        "{refused:?}"
    );
    assert!(world.db().list_users(None, 1).await.unwrap().is_empty());
    fs::write(folder.join("backup.json"), contents).unwrap();
    restore(&world, &folder).await.unwrap();
    world.close().await;
}

#[rstest]
#[tokio::test]
async fn a_backup_is_private_and_never_overwrites(#[values(Home::SqliteDisk, Home::PostgresS3)] home: Home) {
    let Some(world) = World::open(home).await else {
        return;
    };
    let (_dir, folder) = folder();
    backup(&world, &folder, false).await.unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(
        mode(&folder.join("database.jsonl")),
        0o600,
        "it has password hashes"
    );
    let refused = backup(&world, &folder, false).await;
    assert!(
        matches!(&refused, Err(JobError::Refused(why)) if why.contains("not empty")),
        "{refused:?}"
    );
    world.close().await;
}

#[rstest]
#[tokio::test]
async fn a_damaged_original_is_not_copied(#[values(Home::SqliteDisk, Home::PostgresS3)] home: Home) {
    let Some(world) = World::open(home).await else {
        return;
    };
    let shot = world.photo().await;
    world
        .store()
        .put_bytes(original(&shot), Bytes::from_static(b"damaged"))
        .await
        .unwrap();
    let (_dir, folder) = folder();
    let refused = backup(&world, &folder, true).await;
    assert!(
        matches!(&refused, Err(JobError::Refused(why)) if why.contains("fsck")),
        "{refused:?}"
    );
    assert!(
        !folder.join("backup.json").exists(),
        "what is unfinished is no backup"
    );
    // And the sweeper is free again.
    assert!(world.sweeper().tick(now_micros()).await.unwrap().is_some());
    world.close().await;
}

#[rstest]
#[tokio::test]
async fn a_restore_into_a_database_without_tables_is_refused(
    #[values(Home::SqliteDisk, Home::PostgresS3)] home: Home,
) {
    let Some(world) = World::open(home).await else {
        return;
    };
    let (_dir, folder) = folder();
    backup(&world, &folder, false).await.unwrap();
    world.db().revert_all().await.unwrap();
    let refused = restore(&world, &folder).await;
    assert!(
        matches!(refused, Err(JobError::Db(DbError::Fault(_)))),
        "{refused:?}"
    );
    world.close().await;
}
