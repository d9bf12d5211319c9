//! What a pass does, and who does it.

use std::time::Duration;

use photos::db::idempotency::{Attempt, Begin};
use photos::db::sessions::NewSession;
use photos::domain::now_micros;
use photos::jobs::sweeper::{Role, SweepSettings, Sweeper};
use photos::store::{S3Settings, Store};
use rstest::rstest;
use tokio_util::sync::CancellationToken;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::world::{HOUR, Home, MINUTES, World, later, settings};

#[rstest]
#[tokio::test]
async fn the_trash_is_emptied_when_its_time_is_over(
    #[values(Home::SqliteDisk, Home::PostgresS3)] home: Home,
) {
    let Some(world) = World::open(home).await else {
        return;
    };
    let (kept, gone) = (world.photo().await, world.photo().await);
    world.trash(gone.row.id, now_micros()).await;
    let mut sweeper = world.sweeper();
    assert!(sweeper.tick(later(MINUTES / 2)).await.unwrap().unwrap().is_idle());
    assert!(
        world
            .db()
            .get_photo_even_deleted(gone.row.id)
            .await
            .unwrap()
            .is_some()
    );
    let swept = sweeper.tick(later(MINUTES * 2)).await.unwrap().unwrap();
    assert_eq!((swept.photos, swept.objects, swept.faults), (1, 3, vec![]));
    assert!(
        world
            .db()
            .get_photo_even_deleted(gone.row.id)
            .await
            .unwrap()
            .is_none()
    );
    assert!(world.has_only(&kept.keys).await);
    world.close().await;
}

#[rstest]
#[tokio::test]
async fn without_a_trash_a_photo_goes_with_the_next_pass(
    #[values(Home::SqliteDisk, Home::PostgresS3)] home: Home,
) {
    let Some(world) = World::open(home).await else {
        return;
    };
    let gone = world.photo().await;
    let now = now_micros();
    world.trash(gone.row.id, now).await;
    let at_once = SweepSettings {
        trash_ttl: Duration::ZERO,
        ..settings()
    };
    let mut sweeper = Sweeper::new(world.db().clone(), world.store().clone(), at_once);
    let swept = sweeper.tick(now).await.unwrap().unwrap();
    assert_eq!((swept.photos, swept.objects), (1, 3));
    assert!(world.has_only(&[]).await);
    world.close().await;
}

#[rstest]
#[tokio::test]
async fn old_idempotency_keys_and_sessions_are_forgotten(
    #[values(Home::SqliteDisk, Home::PostgresS3)] home: Home,
) {
    let Some(world) = World::open(home).await else {
        return;
    };
    let attempt = Attempt {
        user_id: world.ann.user_id,
        key: "once".into(),
        head: "POST /photos".into(),
        holder: "one".into(),
    };
    let now = now_micros();
    let begun = world.db().begin_idempotent(&attempt, MINUTES, now).await.unwrap();
    assert_eq!(begun, Begin::Started);
    let session = NewSession {
        user_id: world.ann.user_id,
        address: "192.0.2.1".into(),
        user_agent: "a test".into(),
        refresh_hash: "ab".repeat(32),
        expires_at: later(HOUR),
    };
    world.db().open_session(session, now).await.unwrap().unwrap();
    let mut sweeper = world.sweeper();
    assert!(sweeper.tick(later(HOUR * 23)).await.unwrap().unwrap().is_idle());
    let swept = sweeper.tick(later(HOUR * 26)).await.unwrap().unwrap();
    assert_eq!((swept.idempotency_keys, swept.sessions), (1, 1));
    assert!(sweeper.tick(later(HOUR * 26)).await.unwrap().unwrap().is_idle());
    world.close().await;
}

#[rstest]
#[tokio::test]
async fn of_two_replicas_one_sweeps_until_it_stops_or_dies(
    #[values(Home::SqliteDisk, Home::PostgresS3)] home: Home,
) {
    let Some(world) = World::open(home).await else {
        return;
    };
    let second = world.database.replica().await;
    let (mut one, mut two) = (
        world.sweeper(),
        Sweeper::new(second, world.store().clone(), settings()),
    );
    let now = now_micros();
    assert!(one.tick(now).await.unwrap().is_some());
    assert_eq!(two.tick(now).await.unwrap(), None);
    assert_eq!(
        (one.status().borrow().role, two.status().borrow().role),
        (Role::Here, Role::Elsewhere)
    );
    assert!(
        one.tick(later(Duration::from_secs(60))).await.unwrap().is_some(),
        "it goes on"
    );

    // The first one dies and is not heard of again.
    assert!(two.tick(later(HOUR)).await.unwrap().is_some());
    assert_eq!(one.tick(later(HOUR)).await.unwrap(), None);

    // The second one stops as it should, and the first need not wait.
    let stop = CancellationToken::new();
    stop.cancel();
    two.run(stop).await;
    assert!(one.tick(later(HOUR)).await.unwrap().is_some());
    world.close().await;
}

#[rstest]
#[tokio::test]
async fn nothing_is_deleted_while_another_job_needs_the_objects(
    #[values(Home::SqliteDisk, Home::PostgresS3)] home: Home,
) {
    let Some(world) = World::open(home).await else {
        return;
    };
    let gone = world.photo().await;
    world.trash(gone.row.id, now_micros()).await;
    let held = world
        .db()
        .acquire_lease("deletions", "a backup", HOUR * 2, now_micros())
        .await
        .unwrap();
    assert!(held);
    let mut sweeper = world.sweeper();
    assert_eq!(sweeper.tick(later(HOUR)).await.unwrap(), None);
    assert_eq!(sweeper.status().borrow().role, Role::Held);
    assert!(world.has_only(&gone.keys).await);
    world.db().release_lease("deletions", "a backup").await.unwrap();
    assert_eq!(sweeper.tick(later(HOUR)).await.unwrap().unwrap().objects, 3);
    assert!(world.has_only(&[]).await);
    world.close().await;
}

#[rstest]
#[tokio::test]
async fn a_store_that_fails_delays_only_what_needs_it(
    #[values(Home::SqliteDisk, Home::PostgresS3)] home: Home,
) {
    let Some(world) = World::open(home).await else {
        return;
    };
    let gone = world.photo().await;
    world.trash(gone.row.id, now_micros()).await;
    let server = MockServer::start().await;
    Mock::given(wiremock::matchers::any())
        .respond_with(ResponseTemplate::new(500))
        .mount(&server)
        .await;
    let endpoint = server.uri();
    let failing = S3Settings {
        bucket: "photos",
        endpoint: Some(&endpoint),
        region: "us-east-1",
        access_key: "a",
        secret_key: "s",
    };
    let mut sweeper = Sweeper::new(world.db().clone(), Store::s3(&failing).unwrap(), settings());
    let swept = sweeper.tick(later(HOUR)).await.unwrap().unwrap();
    assert_eq!((swept.photos, swept.objects), (1, 0));
    assert_eq!(
        swept.faults.len(),
        3,
        "objects, uploads and strays: {:?}",
        swept.faults
    );
    drop(sweeper);

    // The store is back, with another replica.
    let swept = world.sweeper().tick(later(HOUR * 2)).await.unwrap().unwrap();
    assert_eq!((swept.objects, swept.faults), (3, vec![]));
    assert!(world.has_only(&[]).await);
    world.close().await;
}

#[rstest]
#[tokio::test]
async fn a_running_sweeper_goes_on_by_itself_and_tells_of_it(
    #[values(Home::SqliteDisk, Home::PostgresS3)] home: Home,
) {
    let Some(world) = World::open(home).await else {
        return;
    };
    let quick = SweepSettings {
        every: Duration::from_millis(20),
        trash_ttl: Duration::ZERO,
        ..settings()
    };
    let sweeper = Sweeper::new(world.db().clone(), world.store().clone(), quick);
    let (mut status, stop) = (sweeper.status(), CancellationToken::new());
    let running = tokio::spawn(sweeper.run(stop.clone()));
    status.wait_for(|status| status.last.is_some()).await.unwrap();
    let gone = world.photo().await;
    world.trash(gone.row.id, now_micros()).await;
    let swept = |status: &photos::jobs::sweeper::SweepStatus| {
        status
            .last
            .as_ref()
            .is_some_and(|last| last.swept.photos == 1 && last.swept.objects == 3)
    };
    status.wait_for(swept).await.unwrap();
    assert!(world.has_only(&[]).await);
    stop.cancel();
    running.await.unwrap();
    world.close().await;
}
