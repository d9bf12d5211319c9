//! The ledger, idempotency keys and leases: what holds among replicas and after crashes.

use std::sync::Arc;
use std::time::Duration;

use photos::db::DbError;
use photos::db::idempotency::{Attempt, Begin, Completion, KEPT, StoredAnswer};
use photos::db::objects::Claim;
use photos::db::objects::ObjectState;
use photos::domain::PhotoId;
use photos::domain::time::after;
use rstest::rstest;

use crate::database::{Backend, TestDatabase};
use crate::tools::{TTL, at, key, new_photo, object, photo, somebody};

const GRACE: Duration = Duration::from_secs(60);

#[rstest]
#[case::sqlite(Backend::Sqlite)]
#[case::postgres(Backend::Postgres)]
#[tokio::test]
async fn a_photo_needs_its_objects(#[case] backend: Backend) {
    let Some(test) = TestDatabase::new(backend).await else {
        return;
    };
    let db = &test.db;
    let ann = somebody(db, "ann").await;
    let new = new_photo(&ann, "Pier", "#sea", false);
    db.reserve_objects(vec![object(new.id, &key(new.id))], "maker", at(0))
        .await
        .unwrap();
    assert_eq!(
        db.touch_objects(vec![key(new.id)], "other", at(50))
            .await
            .unwrap(),
        0
    );
    assert_eq!(
        db.touch_objects(vec![key(new.id)], "maker", at(50))
            .await
            .unwrap(),
        1
    );
    assert!(
        db.objects_due(GRACE, None, 10, at(100)).await.unwrap().is_empty(),
        "its maker lives"
    );
    let due = db.objects_due(GRACE, None, 10, at(110)).await.unwrap();
    assert_eq!(
        due.iter().map(|row| row.key.clone()).collect::<Vec<_>>(),
        [key(new.id)]
    );

    let id = new.id;
    let late = db.insert_photos(&ann, vec![new], None, at(111)).await;
    assert!(matches!(late, Err(DbError::Conflict(_))), "{late:?}");
    assert_eq!(db.get_photo(id).await.unwrap(), None, "nothing of it was done");
    assert!(db.list_tags("", 9).await.unwrap().is_empty());
    assert_eq!(db.forget_objects(vec![key(id)]).await.unwrap(), 1);
    assert!(db.find_objects(vec![key(id)]).await.unwrap().is_empty());

    let whole = photo(db, &ann, "", false, at(120)).await;
    let row = db.find_objects(vec![key(whole.id)]).await.unwrap().remove(0);
    assert_eq!(
        (row.state, row.bytes, row.maker),
        (ObjectState::Live, Some(2_190_194), None)
    );
    assert_eq!(
        db.forget_objects(vec![key(whole.id)]).await.unwrap(),
        0,
        "a live object stays"
    );
    let counted = db.count_objects_by_state().await.unwrap();
    assert_eq!(
        counted,
        [
            (ObjectState::Pending, 0),
            (ObjectState::Live, 1),
            (ObjectState::Deleting, 0)
        ]
    );
    assert_eq!(db.condemn_objects(vec![key(whole.id)], at(121)).await.unwrap(), 1);
    assert_eq!(
        db.objects_of_photo(whole.id).await.unwrap()[0].state,
        ObjectState::Deleting
    );
}

#[rstest]
#[case::sqlite(Backend::Sqlite)]
#[case::postgres(Backend::Postgres)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_variant_has_one_maker(#[case] backend: Backend) {
    let Some(test) = TestDatabase::new(backend).await else {
        return;
    };
    let ann = somebody(&test.db, "ann").await;
    let row = photo(&test.db, &ann, "", false, at(0)).await;
    let variant = object(row.id, "photos/variant.jpg");
    let mut claims = Vec::new();
    for n in 0..6 {
        let (db, variant) = (test.replica().await, variant.clone());
        claims.push(tokio::spawn(async move {
            (
                n,
                db.claim_variant(variant, &format!("maker{n}"), GRACE, at(1))
                    .await
                    .unwrap(),
            )
        }));
    }
    let mut maker = None;
    for claim in claims {
        match claim.await.unwrap() {
            (n, Claim::Mine) => assert_eq!(maker.replace(n), None, "two makers"),
            (_, other) => assert_eq!(other, Claim::Busy { until: at(61) }),
        }
    }
    let db = &test.db;
    let first = format!("maker{}", maker.unwrap());
    assert_eq!(
        db.claim_variant(variant.clone(), "late", GRACE, at(61))
            .await
            .unwrap(),
        Claim::Mine,
        "taken over"
    );
    assert!(
        !db.finish_variant(&variant.key, &first, 10, "cd", at(62))
            .await
            .unwrap()
    );
    assert!(
        db.finish_variant(&variant.key, "late", 10, "cd", at(62))
            .await
            .unwrap()
    );
    let claim = db
        .claim_variant(variant.clone(), "more", GRACE, at(63))
        .await
        .unwrap();
    assert!(
        matches!(&claim, Claim::Live(row) if row.bytes == Some(10)),
        "{claim:?}"
    );
    let nowhere = object(PhotoId::now(), "photos/nowhere.jpg");
    assert_eq!(
        db.claim_variant(nowhere, "m", GRACE, at(63)).await.unwrap(),
        Claim::Gone
    );

    let abandoned = object(row.id, "photos/other.jpg");
    assert_eq!(
        db.claim_variant(abandoned.clone(), "m", GRACE, at(70))
            .await
            .unwrap(),
        Claim::Mine
    );
    db.abandon_objects(vec![abandoned.key.clone()], "m", at(70))
        .await
        .unwrap();
    let claim = db
        .claim_variant(abandoned.clone(), "n", GRACE, at(70))
        .await
        .unwrap();
    assert!(
        matches!(claim, Claim::Busy { .. }),
        "not before its bytes are gone: {claim:?}"
    );
    db.forget_objects(vec![abandoned.key.clone()]).await.unwrap();
    assert_eq!(
        db.claim_variant(abandoned, "n", GRACE, at(71)).await.unwrap(),
        Claim::Mine
    );
}

#[rstest]
#[case::sqlite(Backend::Sqlite)]
#[case::postgres(Backend::Postgres)]
#[tokio::test]
async fn an_answer_is_kept_with_its_work(#[case] backend: Backend) {
    let Some(test) = TestDatabase::new(backend).await else {
        return;
    };
    let db = &test.db;
    let ann = somebody(db, "ann").await;
    let attempt = |holder: &str, head: &str| Attempt {
        user_id: ann.user_id,
        key: "key".into(),
        head: head.into(),
        holder: holder.into(),
    };
    let lease = Duration::from_secs(60);
    let begin = async |holder: &str, head: &str, second| {
        db.begin_idempotent(&attempt(holder, head), lease, at(second))
            .await
            .unwrap()
    };
    assert_eq!(begin("one", "POST", 0).await, Begin::Started);
    assert_eq!(begin("two", "POST", 1).await, Begin::InProgress);
    assert_eq!(begin("two", "PUT", 1).await, Begin::Mismatch);
    assert!(
        db.heartbeat_idempotent(&attempt("one", "POST"), lease, at(50))
            .await
            .unwrap()
    );
    assert_eq!(begin("two", "POST", 70).await, Begin::InProgress);
    assert_eq!(
        begin("two", "POST", 110).await,
        Begin::Started,
        "the first one died"
    );
    assert!(
        !db.heartbeat_idempotent(&attempt("one", "POST"), lease, at(111))
            .await
            .unwrap()
    );

    let completion = |holder: &str| Completion {
        attempt: attempt(holder, "POST"),
        answer: Arc::new(|rows| StoredAnswer {
            fingerprint: "whole".into(),
            status: 201,
            headers: vec![("etag".into(), "\"1\"".into())],
            body: rows
                .iter()
                .map(|row| row.id.to_string())
                .collect::<String>()
                .into_bytes(),
        }),
    };
    let new = new_photo(&ann, "Pier", "", false);
    db.reserve_objects(vec![object(new.id, &key(new.id))], "maker", at(112))
        .await
        .unwrap();
    let lost = db
        .insert_photos(&ann, vec![new.clone()], Some(completion("one")), at(112))
        .await;
    assert!(matches!(lost, Err(DbError::Conflict(_))), "{lost:?}");
    assert_eq!(
        db.get_photo(new.id).await.unwrap(),
        None,
        "whoever lost the key makes no second photo"
    );
    db.insert_photos(&ann, vec![new.clone()], Some(completion("two")), at(113))
        .await
        .unwrap();

    let replay = begin("three", "POST", 114).await;
    let Begin::Replay(answer) = replay else {
        panic!("{replay:?}")
    };
    assert_eq!((answer.status, answer.fingerprint.as_str()), (201, "whole"));
    assert_eq!(answer.headers, [("etag".to_owned(), "\"1\"".to_owned())]);
    assert_eq!(answer.body, new.id.to_string().into_bytes());
    db.release_idempotent(&attempt("two", "POST")).await.unwrap();
    assert!(
        matches!(begin("four", "POST", 115).await, Begin::Replay(_)),
        "what is done is not released"
    );

    assert_eq!(db.expire_idempotent(at(109), 10).await.unwrap(), 0);
    let next_day = after(at(110), KEPT);
    let fresh = db
        .begin_idempotent(&attempt("five", "PUT"), lease, next_day)
        .await
        .unwrap();
    assert_eq!(fresh, Begin::Started, "a day later the key is free");
    db.release_idempotent(&attempt("five", "PUT")).await.unwrap();
    assert_eq!(db.expire_idempotent(next_day, 10).await.unwrap(), 0);
}

#[rstest]
#[case::sqlite(Backend::Sqlite)]
#[case::postgres(Backend::Postgres)]
#[tokio::test]
async fn a_lease_has_one_holder(#[case] backend: Backend) {
    let Some(test) = TestDatabase::new(backend).await else {
        return;
    };
    let db = &test.db;
    assert!(db.acquire_lease("sweep", "a", TTL, at(0)).await.unwrap());
    assert!(!db.acquire_lease("sweep", "b", TTL, at(599)).await.unwrap());
    assert!(
        db.acquire_lease("sweep", "a", TTL, at(599)).await.unwrap(),
        "renewed"
    );
    assert!(!db.acquire_lease("sweep", "b", TTL, at(601)).await.unwrap());
    assert!(
        db.acquire_lease("sweep", "b", TTL, at(1199)).await.unwrap(),
        "it died"
    );
    db.release_lease("sweep", "a").await.unwrap();
    assert!(!db.acquire_lease("sweep", "a", TTL, at(1200)).await.unwrap());
    db.release_lease("sweep", "b").await.unwrap();
    assert!(db.acquire_lease("sweep", "a", TTL, at(1200)).await.unwrap());
}
