//! Variants for presets that came later, and the end of those that went.

use std::collections::BTreeSet;
use std::sync::Mutex;

use bytes::Bytes;
use photos::domain::{PhotoId, now_micros};
use photos::jobs::backfill::{Backfill, Progress};
use photos::media::Media;
use photos::store::{Key, Kind};
use rstest::rstest;

use crate::world::{Home, World, picture};

const OLD: &str = "thumb=20x20:crop";
const NEW: &str = "thumb=20x20:crop,small=60x60:fit";

fn backfill<'a>(world: &'a World, media: &'a Media) -> Backfill<'a> {
    Backfill {
        db: world.db(),
        store: world.store(),
        media,
        at_once: 2,
        prune: false,
        after: None,
        progress: &|_| {},
    }
}

async fn presets_of(world: &World, photo: PhotoId) -> BTreeSet<String> {
    let rows = world.db().objects_of_photo(photo).await.unwrap();
    let keys = rows.iter().map(|row| Key::parse(&row.key).unwrap());
    keys.filter_map(|key| match key.kind() {
        Kind::Variant { preset, .. } => Some(preset.split('-').next().unwrap().to_owned()),
        Kind::Original => None,
    })
    .collect()
}

#[rstest]
#[tokio::test]
async fn a_new_preset_is_made_for_every_photo_once(#[values(Home::SqliteDisk, Home::PostgresS3)] home: Home) {
    let Some(world) = World::open(home).await else {
        return;
    };
    let old = world.media(OLD);
    let shots = [
        world.upload(&old, &picture(1)).await,
        world.upload(&old, &picture(2)).await,
    ];
    let media = world.media(NEW);
    let told = Mutex::new(Vec::new());
    let progress = |progress: &Progress| told.lock().unwrap().push(*progress);
    let done = Backfill {
        progress: &progress,
        ..backfill(&world, &media)
    }
    .run()
    .await
    .unwrap();
    let last = Some(shots[1].row.id);
    assert_eq!(
        done,
        Progress {
            photos: 2,
            made: 4,
            failed: 0,
            pruned: 0,
            last
        }
    );
    assert_eq!(*told.lock().unwrap(), [done]);
    for shot in &shots {
        assert_eq!(
            presets_of(&world, shot.row.id).await,
            ["small", "thumb"].map(String::from).into()
        );
    }
    let again = backfill(&world, &media).run().await.unwrap();
    assert_eq!(
        again,
        Progress {
            photos: 2,
            last,
            ..Progress::default()
        }
    );
    world.close().await;
}

#[rstest]
#[tokio::test]
async fn a_run_goes_on_behind_a_photo_and_leaves_the_trash_alone(
    #[values(Home::SqliteDisk, Home::PostgresS3)] home: Home,
) {
    let Some(world) = World::open(home).await else {
        return;
    };
    let old = world.media(OLD);
    let first = world.upload(&old, &picture(1)).await;
    let (second, third) = (
        world.upload(&old, &picture(2)).await,
        world.upload(&old, &picture(3)).await,
    );
    world.trash(third.row.id, now_micros()).await;
    let media = world.media(NEW);
    let done = Backfill {
        after: Some(first.row.id),
        ..backfill(&world, &media)
    }
    .run()
    .await
    .unwrap();
    assert_eq!((done.photos, done.made), (2, 2));
    assert_eq!(presets_of(&world, second.row.id).await.len(), 2);
    for untouched in [first.row.id, third.row.id] {
        assert_eq!(presets_of(&world, untouched).await.len(), 1);
    }
    world.close().await;
}

#[rstest]
#[tokio::test]
async fn former_presets_are_pruned_only_if_asked(#[values(Home::SqliteDisk, Home::PostgresS3)] home: Home) {
    let Some(world) = World::open(home).await else {
        return;
    };
    let shot = world.upload(&world.media(NEW), &picture(1)).await;
    let media = world.media("big=90x90:fit");
    let done = backfill(&world, &media).run().await.unwrap();
    assert_eq!((done.made, done.pruned), (2, 0));
    assert_eq!(presets_of(&world, shot.row.id).await.len(), 3);
    let done = Backfill {
        prune: true,
        ..backfill(&world, &media)
    }
    .run()
    .await
    .unwrap();
    assert_eq!((done.made, done.pruned), (0, 4));
    assert_eq!(presets_of(&world, shot.row.id).await, ["big".to_owned()].into());
    assert_eq!(
        world.stored().await.len(),
        3,
        "the original and two encodings: the objects went with the rows"
    );
    world.close().await;
}

#[rstest]
#[tokio::test]
async fn a_photo_that_cannot_be_read_does_not_stop_the_others_nor_lose_what_it_has(
    #[values(Home::SqliteDisk, Home::PostgresS3)] home: Home,
) {
    let Some(world) = World::open(home).await else {
        return;
    };
    let old = world.media(OLD);
    let shots = [
        world.upload(&old, &picture(1)).await,
        world.upload(&old, &picture(2)).await,
        world.upload(&old, &picture(3)).await,
    ];
    let originals = shots
        .each_ref()
        .map(|shot| shot.keys.iter().find(|key| key.is_original()).unwrap());
    world
        .store()
        .put_bytes(originals[0], Bytes::from_static(b"no picture"))
        .await
        .unwrap();
    world.store().delete(originals[1]).await.unwrap();
    let media = world.media("small=60x60:fit");
    let done = Backfill {
        prune: true,
        ..backfill(&world, &media)
    }
    .run()
    .await
    .unwrap();
    assert_eq!((done.photos, done.made, done.failed, done.pruned), (3, 2, 2, 2));
    assert_eq!(
        presets_of(&world, shots[2].row.id).await,
        ["small".to_owned()].into()
    );
    for shot in &shots[..2] {
        assert!(
            presets_of(&world, shot.row.id).await.contains("thumb"),
            "the old variants stay"
        );
    }
    world.close().await;
}
