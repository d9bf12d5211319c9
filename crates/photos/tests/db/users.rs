//! Users: names are unique, flags have their guards, and everything is audited.

use photos::db::audit::AuditOf;
use photos::db::users::{ChangeUserError, CreateUserError, NewUser, UserFlags};
use photos::domain::{Actor, Via};
use rstest::rstest;
use serde_json::json;

use crate::database::{Backend, TestDatabase};
use crate::tools::{actor, at, somebody, user};

fn new(username: &str, is_staff: bool, is_superuser: bool) -> NewUser {
    NewUser {
        username: username.to_owned(),
        password_hash: "hash".to_owned(),
        is_staff,
        is_superuser,
    }
}

#[rstest]
#[case::sqlite(Backend::Sqlite)]
#[case::postgres(Backend::Postgres)]
#[tokio::test]
async fn a_name_is_taken_once(#[case] backend: Backend) {
    let Some(test) = TestDatabase::new(backend).await else {
        return;
    };
    let db = &test.db;
    let ann = user(db, "ann").await;
    let again = db.create_user(new("ann", false, false), None, at(1)).await;
    assert!(matches!(again, Err(CreateUserError::UsernameTaken)), "{again:?}");
    assert_eq!(db.user_by_username("ann").await.unwrap(), Some(ann.clone()));
    assert_eq!(db.user_by_id(ann.id).await.unwrap(), Some(ann));
    assert_eq!(db.user_by_username("bob").await.unwrap(), None);
    user(db, "zoe").await;
    user(db, "bob").await;
    let names =
        |users: Vec<photos::db::users::User>| users.into_iter().map(|user| user.username).collect::<Vec<_>>();
    assert_eq!(names(db.list_users(None, 2).await.unwrap()), ["ann", "bob"]);
    assert_eq!(
        names(db.list_users(Some("bob".into()), 2).await.unwrap()),
        ["zoe"]
    );
}

#[rstest]
#[case::sqlite(Backend::Sqlite, false)]
#[case::sqlite_name_taken(Backend::Sqlite, true)]
#[case::postgres(Backend::Postgres, false)]
#[case::postgres_name_taken(Backend::Postgres, true)]
#[tokio::test]
async fn one_replica_makes_the_first_superuser(#[case] backend: Backend, #[case] name_taken: bool) {
    let Some(test) = TestDatabase::new(backend).await else {
        return;
    };
    if name_taken {
        user(&test.db, "admin").await;
    }
    let mut tries = Vec::new();
    for _ in 0..4 {
        let db = test.replica().await;
        tries.push(tokio::spawn(async move {
            db.ensure_superuser("admin".into(), "hash".into(), at(0))
                .await
                .unwrap()
        }));
    }
    let mut made = 0;
    for tried in tries {
        made += usize::from(tried.await.unwrap());
    }
    assert_eq!(made, 1);
    assert!(test.db.has_superuser().await.unwrap());
    assert!(
        !test
            .db
            .ensure_superuser("other".into(), "hash".into(), at(1))
            .await
            .unwrap()
    );
    let admin = test.db.user_by_username("admin").await.unwrap().unwrap();
    assert!(admin.is_superuser && admin.is_staff && admin.active);
}

#[rstest]
#[case::sqlite(Backend::Sqlite)]
#[case::postgres(Backend::Postgres)]
#[tokio::test]
async fn flags_have_guards(#[case] backend: Backend) {
    let Some(test) = TestDatabase::new(backend).await else {
        return;
    };
    let db = &test.db;
    db.ensure_superuser("admin".into(), "hash".into(), at(0))
        .await
        .unwrap();
    let admin = actor(&db.user_by_username("admin").await.unwrap().unwrap());
    let ann = somebody(db, "ann").await;
    let set = |is_staff, is_superuser, active| UserFlags {
        is_staff,
        is_superuser,
        active,
    };

    let refused = db
        .set_user_flags(&ann, ann.user_id, set(Some(true), None, None), at(1))
        .await;
    assert!(matches!(refused, Err(ChangeUserError::Forbidden)), "{refused:?}");
    let last = db
        .set_user_flags(&admin, admin.user_id, set(None, Some(false), None), at(1))
        .await;
    assert!(matches!(last, Err(ChangeUserError::LastSuperuser)), "{last:?}");
    // Without it there is no way into the admin, where it could be given back.
    let last = db
        .set_user_flags(&admin, admin.user_id, set(Some(false), None, None), at(1))
        .await;
    assert!(matches!(last, Err(ChangeUserError::LastSuperuser)), "{last:?}");
    let last = db
        .set_user_flags(&admin, admin.user_id, set(None, None, Some(false)), at(1))
        .await;
    assert!(matches!(last, Err(ChangeUserError::LastSuperuser)), "{last:?}");

    let staff = db
        .set_user_flags(&admin, ann.user_id, set(Some(true), None, None), at(2))
        .await
        .unwrap();
    assert!(staff.is_staff && !staff.is_superuser);
    let staff = Actor {
        via: Via::Admin,
        ..actor(&staff)
    };
    let power = db
        .set_user_flags(&staff, staff.user_id, set(None, Some(true), None), at(3))
        .await;
    assert!(matches!(power, Err(ChangeUserError::Forbidden)), "{power:?}");
    let power = db
        .create_user(new("eve", true, true), Some(staff.clone()), at(3))
        .await;
    assert!(matches!(power, Err(CreateUserError::Forbidden)), "{power:?}");
    let power = db
        .set_password(&staff, admin.user_id, "mine".into(), None, at(3))
        .await;
    assert!(matches!(power, Err(ChangeUserError::Forbidden)), "{power:?}");

    let bob = somebody(db, "bob").await;
    let gone = db
        .set_user_flags(&staff, bob.user_id, set(None, None, Some(false)), at(4))
        .await
        .unwrap();
    assert!(!gone.active);
    // Once more is no change.
    db.set_user_flags(&staff, bob.user_id, set(None, None, Some(false)), at(5))
        .await
        .unwrap();
    let audit = db.list_audit(AuditOf::User(bob.user_id), None, 10).await.unwrap();
    let told: Vec<_> = audit
        .iter()
        .map(|entry| (entry.action.as_str(), entry.actor.as_str(), entry.via))
        .collect();
    assert_eq!(
        told,
        [("flags", "ann", Via::Admin), ("create-user", "bob", Via::Api)]
    );
    assert_eq!(audit[0].changes, json!({"active": [true, false]}));
    assert_eq!(audit[0].at, at(4));
}

#[rstest]
#[case::sqlite(Backend::Sqlite)]
#[case::postgres(Backend::Postgres)]
#[tokio::test]
async fn two_replicas_cannot_take_the_last_two_superusers(#[case] backend: Backend) {
    let Some(test) = TestDatabase::new(backend).await else {
        return;
    };
    let db = &test.db;
    db.ensure_superuser("admin".into(), "hash".into(), at(0))
        .await
        .unwrap();
    let admin = actor(&db.user_by_username("admin").await.unwrap().unwrap());
    let other = db
        .create_user(new("other", true, true), Some(admin.clone()), at(0))
        .await
        .unwrap();
    let mut tries = Vec::new();
    for id in [admin.user_id, other.id] {
        let (db, admin) = (test.replica().await, admin.clone());
        tries.push(tokio::spawn(async move {
            let flags = UserFlags {
                active: Some(false),
                ..UserFlags::default()
            };
            db.set_user_flags(&admin, id, flags, at(1)).await
        }));
    }
    let mut refused = 0;
    for tried in tries {
        refused += usize::from(matches!(
            tried.await.unwrap(),
            Err(ChangeUserError::LastSuperuser)
        ));
    }
    assert_eq!(refused, 1);
}
