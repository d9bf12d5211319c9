//! Objects that nobody knows: deleted late, and never in bulk.

use photos::domain::now_micros;
use photos::store::Key;
use rstest::rstest;

use crate::world::{HOUR, Home, World, later};

#[rstest]
#[tokio::test]
async fn an_unknown_object_goes_at_the_second_look(#[values(Home::SqliteDisk, Home::PostgresS3)] home: Home) {
    let Some(world) = World::open(home).await else {
        return;
    };
    let kept = world.photo().await;
    let strays = world.new_keys();
    world.put(&strays).await;
    let mut sweeper = world.sweeper();
    for _ in 0..3 {
        assert!(
            sweeper.tick(now_micros()).await.unwrap().unwrap().is_idle(),
            "they are too young"
        );
    }
    let first = sweeper.tick(later(HOUR * 2)).await.unwrap().unwrap();
    assert_eq!((first.strays, world.stored().await.len()), (0, 6));
    let second = sweeper.tick(later(HOUR * 2)).await.unwrap().unwrap();
    assert_eq!(second.strays, 3);
    assert!(world.has_only(&kept.keys).await);
    world.close().await;
}

#[rstest]
#[tokio::test]
async fn an_object_that_got_its_row_between_the_looks_stays(
    #[values(Home::SqliteDisk, Home::PostgresS3)] home: Home,
) {
    let Some(world) = World::open(home).await else {
        return;
    };
    let kept = world.photo().await;
    let keys = world.new_keys();
    world.put(&keys).await;
    let mut sweeper = world.sweeper();
    sweeper.tick(later(HOUR * 2)).await.unwrap().unwrap();
    world.reserve(&keys, later(HOUR * 2)).await;
    let second = sweeper.tick(later(HOUR * 2)).await.unwrap().unwrap();
    assert!(second.is_idle(), "{second}");
    world.insert(&keys, later(HOUR * 2)).await;
    let all: Vec<Key> = kept.keys.into_iter().chain(keys).collect();
    assert!(world.has_only(&all).await);
    world.close().await;
}

#[rstest]
#[tokio::test]
async fn what_is_not_ours_stays(#[values(Home::SqliteDisk, Home::PostgresS3)] home: Home) {
    let Some(world) = World::open(home).await else {
        return;
    };
    world.photo().await;
    world.objects.put_foreign("photos/notes.txt", b"mine").await;
    let before = world.stored().await;
    let mut sweeper = world.sweeper();
    for _ in 0..3 {
        assert!(sweeper.tick(later(HOUR * 2)).await.unwrap().unwrap().is_idle());
    }
    assert_eq!(world.stored().await, before);
    world.close().await;
}

#[rstest]
#[tokio::test]
async fn a_new_database_before_an_old_store_deletes_nothing(
    #[values(Home::SqliteDisk, Home::PostgresS3)] home: Home,
) {
    let Some(world) = World::open(home).await else {
        return;
    };
    world.put(&world.new_keys()).await;
    let mut sweeper = world.sweeper();
    for _ in 0..3 {
        assert!(sweeper.tick(later(HOUR * 2)).await.unwrap().unwrap().is_idle());
    }
    assert_eq!(world.stored().await.len(), 3, "the ledger is empty");

    world.photo().await;
    for _ in 0..5 {
        world.put(&world.new_keys()).await;
    }
    for _ in 0..3 {
        assert!(sweeper.tick(later(HOUR * 2)).await.unwrap().unwrap().is_idle());
    }
    assert_eq!(world.stored().await.len(), 21, "most of the store is unknown");
    world.close().await;
}
