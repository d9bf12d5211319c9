//! Sessions: a refresh token is good once, on however many replicas.

use std::time::Duration;

use photos::db::Db;
use photos::db::audit::AuditOf;
use photos::db::sessions::{NewSession, Refresh, Rotation, Session};
use photos::db::users::{User, UserFlags};
use photos::domain::time::after;
use photos::domain::{Actor, SessionId};
use rstest::rstest;
use serde_json::json;

use crate::database::{Backend, TestDatabase};
use crate::tools::{actor, at, user};

async fn open(db: &Db, user: &User, token: &str, second: i64) -> Session {
    let new = NewSession {
        user_id: user.id,
        address: "203.0.113.7".into(),
        user_agent: "browser".into(),
        refresh_hash: token.into(),
        expires_at: at(second + 1000),
    };
    db.open_session(new, at(second)).await.unwrap().unwrap()
}

fn refresh(old: &str, new: &str, second: i64) -> Refresh {
    Refresh {
        old_hash: old.into(),
        new_hash: new.into(),
        expires_at: at(second + 1000),
        address: "203.0.113.8".into(),
        user_agent: "other".into(),
    }
}

/// Who ended sessions of a user, by which call, the last first.
async fn ends_of(db: &Db, user: &User) -> Vec<String> {
    let history = db.list_audit(AuditOf::User(user.id), None, 9).await.unwrap();
    let ends = history.iter().filter(|entry| entry.action == "end-sessions");
    ends.map(|entry| {
        assert_eq!(entry.changes["sessions"], json!([1, 0]));
        format!(
            "{} by call {}",
            entry.actor,
            entry.request_id.as_deref().unwrap_or("-")
        )
    })
    .collect()
}

#[rstest]
#[case::sqlite(Backend::Sqlite)]
#[case::postgres(Backend::Postgres)]
#[tokio::test]
async fn a_token_is_good_once(#[case] backend: Backend) {
    let Some(test) = TestDatabase::new(backend).await else {
        return;
    };
    let db = &test.db;
    let ann = user(db, "ann").await;
    let session = open(db, &ann, "t1", 0).await;
    assert_eq!(db.authenticate(session.id).await.unwrap().unwrap().user, ann);

    let rotated = db.rotate_refresh(refresh("t1", "t2", 5), at(5)).await.unwrap();
    let Rotation::Rotated(next, owner) = rotated else {
        panic!("{rotated:?}")
    };
    assert_eq!((next.id, owner), (session.id, ann.clone()));
    assert_eq!((next.last_used_at, next.expires_at), (at(5), at(1005)));
    assert_eq!(
        (next.address.as_str(), next.user_agent.as_str()),
        ("203.0.113.8", "other")
    );

    assert_eq!(
        db.rotate_refresh(refresh("nonsense", "t9", 6), at(6))
            .await
            .unwrap(),
        Rotation::Unknown
    );
    // The first token again: a thief has it, or the owner has. Nobody goes on.
    assert_eq!(
        db.rotate_refresh(refresh("t1", "t3", 6), at(6)).await.unwrap(),
        Rotation::Reused
    );
    assert_eq!(db.authenticate(session.id).await.unwrap(), None);
    assert_eq!(
        db.rotate_refresh(refresh("t2", "t4", 7), at(7)).await.unwrap(),
        Rotation::Unknown
    );
    assert!(db.list_sessions(ann.id, at(7)).await.unwrap().is_empty());
    assert_eq!(ends_of(db, &ann).await, ["system by call -"]);
}

#[rstest]
#[case::sqlite(Backend::Sqlite)]
#[case::postgres(Backend::Postgres)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_replicas_one_rotates(#[case] backend: Backend) {
    let Some(test) = TestDatabase::new(backend).await else {
        return;
    };
    let ann = user(&test.db, "ann").await;
    let session = open(&test.db, &ann, "t1", 0).await;
    let mut replicas = Vec::new();
    for _ in 0..3 {
        replicas.push(test.replica().await);
    }
    let calls: Vec<_> = (0..12)
        .map(|n| {
            let db = replicas[n % 3].clone();
            tokio::spawn(async move {
                db.rotate_refresh(refresh("t1", &format!("n{n}"), 1), at(1))
                    .await
                    .unwrap()
            })
        })
        .collect();
    let mut rotated = 0;
    for call in calls {
        match call.await.unwrap() {
            Rotation::Rotated(..) => rotated += 1,
            other => assert_eq!(other, Rotation::Reused),
        }
    }
    assert_eq!(rotated, 1);
    assert_eq!(test.db.authenticate(session.id).await.unwrap(), None);
}

#[rstest]
#[case::sqlite(Backend::Sqlite)]
#[case::postgres(Backend::Postgres)]
#[tokio::test]
async fn sessions_end(#[case] backend: Backend) {
    let Some(test) = TestDatabase::new(backend).await else {
        return;
    };
    let db = &test.db;
    let (ann, bob) = (user(db, "ann").await, user(db, "bob").await);
    let one = open(db, &ann, "a1", 0).await;
    let two = open(db, &ann, "a2", 1).await;
    let three = open(db, &ann, "a3", 2).await;
    let bobs = open(db, &bob, "b1", 0).await;
    let listed: Vec<SessionId> = db
        .list_sessions(ann.id, at(3))
        .await
        .unwrap()
        .iter()
        .map(|s| s.id)
        .collect();
    assert_eq!(listed, [three.id, two.id, one.id]);

    assert!(
        !db.end_session(Some(&actor(&ann)), ann.id, bobs.id, at(3))
            .await
            .unwrap(),
        "another's session"
    );
    let end_one = async || {
        db.end_session(Some(&actor(&ann)), ann.id, one.id, at(3))
            .await
            .unwrap()
    };
    assert!(end_one().await);
    assert!(!end_one().await);
    assert!(db.end_session_by_refresh("a2", "request-2", at(3)).await.unwrap());
    let ends = ends_of(db, &ann).await;
    assert_eq!(ends, ["ann by call request-2", "ann by call request-1"]);
    assert_eq!(
        db.rotate_refresh(refresh("a2", "x", 4), at(4)).await.unwrap(),
        Rotation::Unknown
    );

    let four = open(db, &ann, "a4", 4).await;
    db.set_password(&actor(&ann), ann.id, "new".into(), Some(four.id), at(5))
        .await
        .unwrap();
    assert_eq!(db.authenticate(three.id).await.unwrap(), None);
    assert!(db.authenticate(four.id).await.unwrap().is_some());
    assert_eq!(db.credentials("ann").await.unwrap().unwrap().password_hash, "new");
    assert_eq!(db.end_all_sessions(&actor(&ann), at(6)).await.unwrap(), 1);
    assert_eq!(ends_of(db, &ann).await[0], "ann by call request-1");
    assert_eq!(ends_of(db, &ann).await.len(), 3);
    assert_eq!(db.authenticate(four.id).await.unwrap(), None);
    assert!(db.authenticate(bobs.id).await.unwrap().is_some());

    let staff = Actor {
        is_staff: true,
        ..actor(&ann)
    };
    let flags = UserFlags {
        active: Some(false),
        ..UserFlags::default()
    };
    db.set_user_flags(&staff, bob.id, flags, at(7)).await.unwrap();
    assert_eq!(db.authenticate(bobs.id).await.unwrap(), None);
    assert_eq!(
        db.rotate_refresh(refresh("b1", "y", 8), at(8)).await.unwrap(),
        Rotation::Unknown
    );
    let new = NewSession {
        user_id: bob.id,
        address: String::new(),
        user_agent: String::new(),
        refresh_hash: "b2".into(),
        expires_at: at(1000),
    };
    assert_eq!(
        db.open_session(new, at(8)).await.unwrap(),
        None,
        "a user who is not active"
    );
}

#[rstest]
#[case::sqlite(Backend::Sqlite)]
#[case::postgres(Backend::Postgres)]
#[tokio::test]
async fn old_sessions_are_swept(#[case] backend: Backend) {
    let Some(test) = TestDatabase::new(backend).await else {
        return;
    };
    let db = &test.db;
    let ann = user(db, "ann").await;
    open(db, &ann, "old", 0).await;
    let young = open(db, &ann, "young", 500).await;
    let late = after(at(1000), Duration::from_secs(1));
    assert_eq!(
        db.rotate_refresh(refresh("old", "x", 0), late).await.unwrap(),
        Rotation::Expired
    );
    assert_eq!(db.sweep_sessions(late, 10).await.unwrap(), 1);
    assert_eq!(db.sweep_sessions(late, 10).await.unwrap(), 0);
    assert_eq!(
        db.rotate_refresh(refresh("old", "x", 0), late).await.unwrap(),
        Rotation::Unknown
    );
    assert!(db.authenticate(young.id).await.unwrap().is_some());
}
