//! The ledger and the store compared, and what differs repaired.

use std::time::Duration;

use bytes::Bytes;
use photos::domain::now_micros;
use photos::jobs::JobError;
use photos::jobs::fsck::{Fsck, Report};
use photos::store::{Encoding, Key};
use rstest::rstest;

use crate::world::{HOUR, Home, Shot, World, picture};

const PRESETS: &str = "thumb=20x20:crop,small=60x60:fit";

fn fsck(world: &World) -> Fsck<'_> {
    Fsck {
        db: world.db(),
        store: world.store(),
        quick: false,
        progress: &|_| {},
    }
}

async fn look(world: &World) -> Report {
    fsck(world).look().await.unwrap()
}

async fn repair(world: &World, grace: Duration) -> Report {
    fsck(world).repair(&world.media(PRESETS), grace).await.unwrap()
}

fn original(shot: &Shot) -> &Key {
    shot.keys.iter().find(|key| key.is_original()).unwrap()
}

fn variants(shot: &Shot) -> Vec<&Key> {
    shot.keys.iter().filter(|key| !key.is_original()).collect()
}

fn texts(keys: &[&Key]) -> Vec<String> {
    let mut texts: Vec<_> = keys.iter().map(ToString::to_string).collect();
    texts.sort_unstable();
    texts
}

#[rstest]
#[tokio::test]
async fn a_healthy_home_is_clean(#[values(Home::SqliteDisk, Home::PostgresS3)] home: Home) {
    let Some(world) = World::open(home).await else {
        return;
    };
    assert!(look(&world).await.is_clean(), "an empty home is clean");
    let media = world.media(PRESETS);
    let shot = world.upload(&media, &picture(1)).await;
    assert_eq!(shot.keys.len(), 5);
    // What is on its way is no fault.
    let pending = world.new_keys();
    world.reserve(&pending, now_micros()).await;
    world.put(&pending[..1]).await;
    let report = look(&world).await;
    assert!(report.is_clean(), "{report:?}");
    let json = serde_json::to_value(&report).unwrap();
    for (field, value) in [
        ("schema", serde_json::json!(1)),
        ("rows_without_objects", serde_json::json!([])),
        ("objects_without_rows", serde_json::json!([])),
        ("checksum_faults", serde_json::json!([])),
        ("repaired", serde_json::json!(false)),
    ] {
        assert_eq!(json[field], value, "{field}");
    }
    let report = repair(&world, HOUR).await;
    assert!(
        report.is_clean() && !report.repaired,
        "there was nothing to repair: {report:?}"
    );
    world.close().await;
}

#[rstest]
#[tokio::test]
async fn every_fault_is_found_and_a_dry_run_changes_nothing(
    #[values(Home::SqliteDisk, Home::PostgresS3)] home: Home,
) {
    let Some(world) = World::open(home).await else {
        return;
    };
    let media = world.media(PRESETS);
    let (one, two) = (
        world.upload(&media, &picture(1)).await,
        world.upload(&media, &picture(2)).await,
    );
    let (lost, flipped, cut) = (variants(&one)[0], variants(&one)[1], original(&two));
    world.store().delete(lost).await.unwrap();
    let mut bytes = world.store().get(flipped).await.unwrap().to_vec();
    bytes[30] ^= 1;
    world.store().put_bytes(flipped, bytes.into()).await.unwrap();
    world
        .store()
        .put_bytes(cut, Bytes::from_static(b"cut"))
        .await
        .unwrap();
    let strays = world.new_keys();
    world.put(&strays[..1]).await;
    world.objects.put_foreign("photos/notes.txt", b"?").await;

    let before = (world.stored().await, world.ledger().await);
    let report = look(&world).await;
    assert_eq!(report.rows_without_objects, texts(&[lost]));
    assert_eq!(report.checksum_faults, texts(&[flipped, cut]));
    assert_eq!(
        report.objects_without_rows,
        [strays[0].to_string(), "photos/notes.txt".into()]
    );
    assert!(!report.is_clean() && !report.repaired);
    assert_eq!((world.stored().await, world.ledger().await), before);

    let quick = Fsck {
        quick: true,
        ..fsck(&world)
    }
    .look()
    .await
    .unwrap();
    assert_eq!(
        quick.checksum_faults,
        texts(&[cut]),
        "a flipped bit keeps the length"
    );
    assert_eq!(quick.rows_without_objects, texts(&[lost]));
    world.close().await;
}

#[rstest]
#[tokio::test]
async fn faulty_variants_are_made_anew_from_a_sound_original(
    #[values(Home::SqliteDisk, Home::PostgresS3)] home: Home,
) {
    let Some(world) = World::open(home).await else {
        return;
    };
    let media = world.media(PRESETS);
    let shot = world.upload(&media, &picture(1)).await;
    let (lost, flipped) = (variants(&shot)[0], variants(&shot)[1]);
    let (good_lost, good_flipped) = (
        world.store().get(lost).await.unwrap(),
        world.store().get(flipped).await.unwrap(),
    );
    world.store().delete(lost).await.unwrap();
    world
        .store()
        .put_bytes(flipped, Bytes::from_static(b"flipped"))
        .await
        .unwrap();

    let report = repair(&world, HOUR).await;
    assert!(report.repaired && report.is_clean(), "{report:?}");
    assert_eq!(report.rows_without_objects, texts(&[lost]));
    assert_eq!(report.checksum_faults, texts(&[flipped]));
    assert_eq!(world.store().get(lost).await.unwrap(), good_lost);
    assert_eq!(world.store().get(flipped).await.unwrap(), good_flipped);
    assert!(world.has_only(&shot.keys).await);
    assert_eq!(look(&world).await.left, []);
    world.close().await;
}

#[rstest]
#[tokio::test]
async fn a_lost_original_is_told_and_its_photo_keeps_what_it_has(
    #[values(Home::SqliteDisk, Home::PostgresS3)] home: Home,
) {
    let Some(world) = World::open(home).await else {
        return;
    };
    let media = world.media(PRESETS);
    let shot = world.upload(&media, &picture(1)).await;
    world.store().delete(original(&shot)).await.unwrap();
    let damaged = variants(&shot)[0];
    world
        .store()
        .put_bytes(damaged, Bytes::from_static(b"damaged"))
        .await
        .unwrap();
    let before = (world.stored().await, world.ledger().await);

    let report = repair(&world, Duration::ZERO).await;
    assert!(!report.repaired && !report.is_clean());
    let left: Vec<_> = report.left.iter().map(|left| left.key.clone()).collect();
    assert_eq!(left.len(), 2);
    assert!(report.left[0].reason.contains("backup"), "{report:?}");
    assert_eq!(
        (world.stored().await, world.ledger().await),
        before,
        "nothing is made worse"
    );
    assert!(world.db().get_photo(shot.row.id).await.unwrap().is_some());
    world.close().await;
}

#[rstest]
#[tokio::test]
async fn unknown_objects_are_deleted_once_they_are_old(
    #[values(Home::SqliteDisk, Home::PostgresS3)] home: Home,
) {
    let Some(world) = World::open(home).await else {
        return;
    };
    let media = world.media(PRESETS);
    let shot = world.upload(&media, &picture(1)).await;
    let strays = world.new_keys();
    world.put(&strays).await;
    // A variant of a live photo that nobody asked for is unknown too.
    let former = Key::variant(shot.row.id, shot.keys[0].digest(), "huge", 1, Encoding::Jpeg).unwrap();
    world.put(std::slice::from_ref(&former)).await;

    let report = repair(&world, HOUR).await;
    assert_eq!(report.objects_without_rows.len(), 4);
    assert_eq!(report.left.len(), 4, "they are younger than an hour");
    assert_eq!(world.stored().await.len(), 9);
    let report = repair(&world, Duration::ZERO).await;
    assert!(report.repaired, "{report:?}");
    assert!(world.has_only(&shot.keys).await);
    world.close().await;
}

#[rstest]
#[tokio::test]
async fn an_original_that_lost_only_its_row_gets_it_back(
    #[values(Home::SqliteDisk, Home::PostgresS3)] home: Home,
) {
    let Some(world) = World::open(home).await else {
        return;
    };
    let media = world.media(PRESETS);
    let shot = world.upload(&media, &picture(1)).await;
    let key = original(&shot).to_string();
    world
        .db()
        .condemn_objects(vec![key.clone()], now_micros())
        .await
        .unwrap();
    assert_eq!(world.db().forget_objects(vec![key.clone()]).await.unwrap(), 1);

    assert_eq!(look(&world).await.objects_without_rows, [key]);
    let report = repair(&world, Duration::ZERO).await;
    assert!(report.repaired, "{report:?}");
    assert!(world.has_only(&shot.keys).await);
    assert!(look(&world).await.is_clean());
    world.close().await;
}

#[rstest]
#[tokio::test]
async fn a_store_of_another_database_is_not_touched(
    #[values(Home::SqliteDisk, Home::PostgresS3)] home: Home,
) {
    let Some(world) = World::open(home).await else {
        return;
    };
    world.put(&world.new_keys()).await;
    let refused = fsck(&world).repair(&world.media(PRESETS), Duration::ZERO).await;
    assert!(
        matches!(&refused, Err(JobError::Refused(why)) if why.contains("another database")),
        "{refused:?}"
    );
    assert_eq!(world.stored().await.len(), 3);
    // And it holds nobody up.
    assert!(world.sweeper().tick(now_micros()).await.unwrap().is_some());
    world.close().await;
}
