//! A process may be killed between any two steps; the next pass finishes or undoes what it left.

use photos::domain::now_micros;
use rstest::rstest;

use crate::world::{HOUR, Home, MINUTES, World, later};

#[rstest]
#[tokio::test]
async fn killed_after_the_rows_were_reserved(#[values(Home::SqliteDisk, Home::PostgresS3)] home: Home) {
    let Some(world) = World::open(home).await else {
        return;
    };
    let keys = world.new_keys();
    world.reserve(&keys, now_micros()).await;
    let young = world.sweeper().tick(later(HOUR / 2)).await.unwrap().unwrap();
    assert!(young.is_idle(), "the upload may still go on: {young}");
    assert_eq!(world.ledger().await.len(), 3);
    let swept = world.sweeper().tick(later(HOUR * 2)).await.unwrap().unwrap();
    assert_eq!((swept.objects, swept.faults), (3, vec![]));
    assert!(world.has_only(&[]).await);
    world.close().await;
}

#[rstest]
#[tokio::test]
async fn killed_after_some_bytes_were_written(#[values(Home::SqliteDisk, Home::PostgresS3)] home: Home) {
    let Some(world) = World::open(home).await else {
        return;
    };
    let kept = world.photo().await;
    let keys = world.new_keys();
    world.reserve(&keys, now_micros()).await;
    world.put(&keys[..2]).await;
    let swept = world.sweeper().tick(later(HOUR * 2)).await.unwrap().unwrap();
    assert_eq!((swept.objects, swept.faults), (3, vec![]));
    assert!(world.has_only(&kept.keys).await);
    world.close().await;
}

#[rstest]
#[tokio::test]
async fn an_upload_that_shows_signs_of_life_is_left_alone(
    #[values(Home::SqliteDisk, Home::PostgresS3)] home: Home,
) {
    let Some(world) = World::open(home).await else {
        return;
    };
    let keys = world.new_keys();
    world.reserve(&keys, now_micros()).await;
    world.put(&keys).await;
    let names = keys.iter().map(ToString::to_string).collect();
    assert_eq!(
        world
            .db()
            .touch_objects(names, "maker", later(HOUR))
            .await
            .unwrap(),
        3
    );
    let swept = world
        .sweeper()
        .tick(later(HOUR + MINUTES))
        .await
        .unwrap()
        .unwrap();
    assert!(swept.is_idle(), "{swept}");
    world.insert(&keys, later(HOUR + MINUTES)).await;
    assert!(world.has_only(&keys).await);
    world.close().await;
}

#[rstest]
#[tokio::test]
async fn killed_after_the_upload_was_given_up(#[values(Home::SqliteDisk, Home::PostgresS3)] home: Home) {
    let Some(world) = World::open(home).await else {
        return;
    };
    let keys = world.new_keys();
    world.reserve(&keys, now_micros()).await;
    world.put(&keys).await;
    let names = keys.iter().map(ToString::to_string).collect();
    world
        .db()
        .abandon_objects(names, "maker", now_micros())
        .await
        .unwrap();
    // Nobody waits for a grace here: the maker itself gave up.
    let swept = world.sweeper().tick(now_micros()).await.unwrap().unwrap();
    assert_eq!(swept.objects, 3);
    assert!(world.has_only(&[]).await);
    world.close().await;
}

#[rstest]
#[tokio::test]
async fn killed_between_a_photos_rows_and_its_objects(
    #[values(Home::SqliteDisk, Home::PostgresS3)] home: Home,
) {
    let Some(world) = World::open(home).await else {
        return;
    };
    let (kept, gone) = (world.photo().await, world.photo().await);
    world.trash(gone.row.id, now_micros()).await;
    let expired = world
        .db()
        .expire_trash(later(MINUTES), 10, later(MINUTES))
        .await
        .unwrap();
    assert_eq!(expired, [gone.row.id]);
    assert_eq!(
        world.stored().await.len(),
        6,
        "its rows are gone, its objects are not"
    );
    let swept = world.sweeper().tick(now_micros()).await.unwrap().unwrap();
    assert_eq!((swept.photos, swept.objects), (0, 3));
    assert!(world.has_only(&kept.keys).await);
    world.close().await;
}

#[rstest]
#[tokio::test]
async fn killed_between_an_objects_bytes_and_its_row(
    #[values(Home::SqliteDisk, Home::PostgresS3)] home: Home,
) {
    let Some(world) = World::open(home).await else {
        return;
    };
    let (kept, gone) = (world.photo().await, world.photo().await);
    world.trash(gone.row.id, now_micros()).await;
    world
        .db()
        .expire_trash(later(MINUTES), 10, later(MINUTES))
        .await
        .unwrap();
    for key in &gone.keys[..2] {
        world.store().delete(key).await.unwrap();
    }
    let swept = world.sweeper().tick(now_micros()).await.unwrap().unwrap();
    assert_eq!((swept.objects, swept.faults), (3, vec![]));
    assert!(world.has_only(&kept.keys).await);
    world.close().await;
}
