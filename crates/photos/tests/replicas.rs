//! Several replicas at once: they share the database, the store and Redis, and nothing else.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use config::Secret;
use futures_util::future::join_all;
use photos_client::{NewPhoto, ProblemCode};
use reqwest::StatusCode;
use rstest::rstest;
use serde_json::json;
use support::app::{Login, PASSWORD, refusal};
use support::{Answer, Backend, TestApp};
use url::Url;

async fn refresh_with(app: &TestApp, token: &str) -> Answer {
    app.post(None, "/auth/refresh", &json!({ "refresh_token": token }))
        .await
}

/// The Redis that stories share, if there is one; in CI there must be.
fn redis() -> Option<(Url, Option<Secret>)> {
    let Ok(url) = std::env::var("PHOTOS_TEST_REDIS_URL") else {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "PHOTOS_TEST_REDIS_URL is not set, and in CI it must be"
        );
        eprintln!("skipped: no Redis, because PHOTOS_TEST_REDIS_URL is not set");
        return None;
    };
    let mut url = Url::parse(&url).unwrap();
    let password = url.password().map(Secret::from);
    url.set_password(None).unwrap();
    Some((url, password))
}

#[rstest]
#[case::sqlite(Backend::SqliteDisk)]
#[case::postgres(Backend::PostgresS3)]
#[tokio::test]
async fn a_session_ended_here_is_ended_there(#[case] backend: Backend) {
    let Some(here) = TestApp::on(backend).await else {
        return;
    };
    let there = here.replica().await;
    let ann = here.user("ann").await;
    there.by(&ann).users().me().await.unwrap();
    let logout = json!({"refresh_token": ann.refresh});
    here.post(None, "/auth/logout", &logout)
        .await
        .expect(StatusCode::NO_CONTENT);
    there
        .get(Some(&ann), "/users/me")
        .await
        .expect_problem("invalid-token");
}

#[rstest]
#[case::sqlite(Backend::SqliteDisk)]
#[case::postgres(Backend::PostgresS3)]
#[tokio::test]
async fn a_refresh_token_is_good_for_one_call_on_one_replica(#[case] backend: Backend) {
    let Some(here) = TestApp::on(backend).await else {
        return;
    };
    let there = here.replica().await;
    let ann = here.user("ann").await;
    let next = refresh_with(&here, &ann.refresh)
        .await
        .expect(StatusCode::OK)
        .json();
    refresh_with(&there, &ann.refresh)
        .await
        .expect_problem("refresh-reused");
    let next = Login::read("ann", &next);
    for replica in [&here, &there] {
        replica
            .get(Some(&next), "/users/me")
            .await
            .expect_problem("invalid-token");
        refresh_with(replica, &next.refresh)
            .await
            .expect(StatusCode::UNAUTHORIZED);
    }
}

#[rstest]
#[case::sqlite(Backend::SqliteDisk)]
#[case::postgres(Backend::PostgresS3)]
#[tokio::test]
async fn of_many_calls_with_one_refresh_token_at_most_one_gets_the_next(#[case] backend: Backend) {
    let Some(here) = TestApp::on(backend).await else {
        return;
    };
    let there = here.replica().await;
    let ann = here.user("ann").await;
    let calls = (0..16).map(|n| refresh_with(if n % 2 == 0 { &here } else { &there }, &ann.refresh));
    let (won, lost): (Vec<_>, Vec<_>) = join_all(calls).await.into_iter().partition(|a| a.status == 200);
    assert_eq!(won.len(), 1);
    for answer in lost {
        answer.expect(StatusCode::UNAUTHORIZED);
    }
    // Somebody used it twice, so nobody goes on, not even who was first.
    here.get(Some(&Login::read("ann", &won[0].json())), "/users/me")
        .await
        .expect_problem("invalid-token");
}

#[rstest]
#[case::sqlite(Backend::SqliteDisk)]
#[case::postgres(Backend::PostgresS3)]
#[tokio::test]
async fn replicas_that_start_at_once_migrate_once_and_make_one_superuser(#[case] backend: Backend) {
    let Some(first) = TestApp::on(backend).await else {
        return;
    };
    first.app().db.revert_all().await.unwrap();
    let replicas = join_all((0..4).map(|_| first.replica())).await;
    let mut users = Vec::new();
    for replica in &replicas {
        let admin = replica.admin().await;
        users.push(replica.by(&admin).users().me().await.unwrap().id);
    }
    users.dedup();
    assert_eq!(users.len(), 1);
}

#[tokio::test]
async fn replicas_count_failed_logins_together() {
    let Some((url, password)) = redis() else { return };
    let build = TestApp::build(Backend::SqliteDisk).with(|env| {
        env.redis_url = Some(url);
        env.redis_password = password;
    });
    let here = build.start().await.unwrap();
    let there = here.replica().await;
    // Redis outlives the story, so its users and addresses are its own.
    let name = format!("u{}", &uuid::Uuid::new_v4().simple().to_string()[..20]);
    here.user(&name).await;
    let body = |password: &str| json!({"username": name, "password": password});
    for n in 0..10 {
        let replica = if n % 2 == 0 { &here } else { &there };
        let failed = replica.post(None, "/auth/token", &body("wrong password")).await;
        failed.expect_problem("invalid-credentials");
    }
    for replica in [&here, &there] {
        let refused = replica
            .post(None, "/auth/token", &body(PASSWORD))
            .await
            .expect_problem("rate-limited");
        let wait: u64 = refused.header("retry-after").parse().unwrap();
        assert!((1..=900).contains(&wait), "{wait}");
    }
}

#[tokio::test]
async fn a_redis_that_is_away_stops_nobody() {
    let app = TestApp::build(Backend::SqliteDisk)
        // Nothing listens on port 1 of the loopback.
        .set("PS_REDIS_URL", "redis://127.0.0.1:1")
        .start()
        .await
        .unwrap();
    app.user("ann").await;
    let body = json!({"username": "ann", "password": "wrong password"});
    for _ in 0..10 {
        app.post(None, "/auth/token", &body)
            .await
            .expect_problem("invalid-credentials");
    }
    app.post(None, "/auth/token", &body)
        .await
        .expect_problem("rate-limited");
}

#[tokio::test]
async fn two_stand_on_one_postgresql_one_s3_and_one_redis() {
    let Some((url, password)) = redis() else { return };
    let build = TestApp::build(Backend::PostgresS3).with(|env| {
        env.redis_url = Some(url);
        env.redis_password = password;
    });
    let Some(here) = build.start().await else { return };
    let there = here.replica().await;
    let both = [&here, &there];
    // Redis outlives the story, so its users are its own.
    let name = format!("u{}", &uuid::Uuid::new_v4().simple().to_string()[..20]);
    let ann = here.user(&name).await;

    // One key at once on both is one photo.
    let mut picture = std::io::Cursor::new(Vec::new());
    image::RgbImage::new(64, 48)
        .write_to(&mut picture, image::ImageFormat::Png)
        .unwrap();
    let photo = NewPhoto::from_bytes("Pier", picture.into_inner()).idempotency_key("once");
    let tries = (0..8).map(|n| {
        let photos = both[n % 2].by(&ann).photos();
        let photo = photo.clone();
        async move { photos.create(photo).await }
    });
    let mut made: Vec<_> = join_all(tries)
        .await
        .into_iter()
        .filter_map(|answer| match answer {
            Ok(photo) => Some(photo.id),
            refused => {
                assert_eq!(refusal(refused), ProblemCode::IdempotencyInProgress);
                None
            }
        })
        .collect();
    made.dedup();
    let [id] = made[..] else { panic!("{made:?}") };

    // What one does, the other knows at once.
    for replica in both {
        let guest = replica.guest().photos();
        assert_eq!(guest.get(id).await.unwrap().name, "Pier");
        guest.image(id, "thumb").await.unwrap();
    }
    there.by(&ann).photos().delete(id).await.unwrap();
    let gone = here.by(&ann).photos().get(id).await;
    assert_eq!(refusal(gone), ProblemCode::NotFound);

    // Of one refresh token at once on both, at most one gets the next, and the family ends.
    let calls = (0..8).map(|n| refresh_with(both[n % 2], &ann.refresh));
    let won = join_all(calls)
        .await
        .into_iter()
        .filter(|answer| answer.status == 200);
    assert_eq!(won.count(), 1);
    for replica in both {
        replica
            .get(Some(&ann), "/users/me")
            .await
            .expect_problem("invalid-token");
    }

    // Both count the same failures.
    for n in 0..10 {
        let failed = both[n % 2].guest().auth().login(&name, "wrong password").await;
        assert_eq!(refusal(failed), ProblemCode::InvalidCredentials);
    }
    for replica in both {
        let refused = replica.guest().auth().login(&name, PASSWORD).await;
        assert_eq!(refusal(refused), ProblemCode::RateLimited);
    }
}
