//! Changes of photos: who may, what moves, what is written down.

use photos::db::Db;
use photos::db::audit::AuditOf;
use photos::db::photos::{Action, Change, Edit, Mode};
use photos::domain::{Actor, PhotoId, PhotoRow, Refusal};
use rstest::rstest;
use serde_json::json;

use crate::database::{Backend, TestDatabase};
use crate::tools::{TTL, at, everything, ids, photo, somebody, staff};

fn change(id: PhotoId, action: Action) -> Change {
    Change {
        id,
        if_match: None,
        action,
    }
}

fn caption(text: &str) -> Action {
    Action::Edit(Edit {
        caption: Some(text.into()),
        ..Edit::default()
    })
}

async fn one(db: &Db, actor: &Actor, change: Change, second: i64) -> Result<PhotoRow, Refusal> {
    db.change_photos(actor, vec![change], Mode::Atomic, TTL, at(second))
        .await
        .unwrap()
        .remove(0)
}

async fn tags(db: &Db) -> Vec<(String, u64)> {
    db.list_tags("", 100)
        .await
        .unwrap()
        .into_iter()
        .map(|tag| (tag.name, tag.count))
        .collect()
}

#[rstest]
#[case::sqlite(Backend::Sqlite)]
#[case::postgres(Backend::Postgres)]
#[tokio::test]
async fn a_photo_s_life(#[case] backend: Backend) {
    let Some(test) = TestDatabase::new(backend).await else {
        return;
    };
    let db = &test.db;
    let ann = somebody(db, "ann").await;
    let draft = photo(db, &ann, "at #dawn, #Dawn #море", true, at(1)).await;
    assert_eq!((draft.version, draft.published_at), (1, None));
    assert_eq!(draft.tags, ["dawn", "море"]);
    assert_eq!(tags(db).await, [], "drafts are not counted");
    assert_eq!(db.get_photo(draft.id).await.unwrap().as_ref(), Some(&draft));

    let published = one(db, &ann, change(draft.id, Action::Publish), 2).await.unwrap();
    assert_eq!((published.version, published.published_at), (2, Some(at(2))));
    assert_eq!(tags(db).await, [("dawn".into(), 1), ("море".into(), 1)]);
    // Again, and by a PATCH: nothing happens.
    let again = one(db, &ann, change(draft.id, Action::Publish), 3).await.unwrap();
    assert_eq!(again, published);
    let edit = Edit {
        draft: Some(false),
        ..Edit::default()
    };
    assert_eq!(
        one(db, &ann, change(draft.id, Action::Edit(edit)), 3)
            .await
            .unwrap(),
        published
    );

    let edited = one(db, &ann, change(draft.id, caption("at #dusk #dawn")), 4)
        .await
        .unwrap();
    assert_eq!(
        (edited.version, edited.published_at, edited.updated_at),
        (3, Some(at(2)), at(4))
    );
    assert_eq!(tags(db).await, [("dawn".into(), 1), ("dusk".into(), 1)]);

    let hidden = one(db, &ann, change(draft.id, Action::Unpublish), 5)
        .await
        .unwrap();
    assert_eq!((hidden.draft, hidden.published_at), (true, None));
    assert_eq!(tags(db).await, []);
    let published = one(db, &ann, change(draft.id, Action::Publish), 6).await.unwrap();
    assert_eq!(published.published_at, Some(at(6)));

    one(db, &ann, change(draft.id, Action::Delete), 7).await.unwrap();
    assert_eq!(db.get_photo(draft.id).await.unwrap(), None);
    assert_eq!(tags(db).await, []);
    assert!(db.list_photos(&everything()).await.unwrap().rows.is_empty());
    assert_eq!(
        one(db, &ann, change(draft.id, Action::Delete), 8).await,
        Err(Refusal::NotFound)
    );
    assert_eq!(
        one(db, &ann, change(draft.id, Action::Publish), 8).await,
        Err(Refusal::NotFound)
    );
    let restored = one(db, &ann, change(draft.id, Action::Restore), 9).await.unwrap();
    assert_eq!((restored.published_at, restored.deleted_at), (Some(at(6)), None));
    assert_eq!(
        one(db, &ann, change(draft.id, Action::Restore), 10)
            .await
            .unwrap(),
        restored
    );
    assert_eq!(tags(db).await, [("dawn".into(), 1), ("dusk".into(), 1)]);
    assert_eq!(ids(&db.list_photos(&everything()).await.unwrap()), [draft.id]);

    let audit = db.list_audit(AuditOf::Photo(draft.id), None, 100).await.unwrap();
    let told: Vec<_> = audit.iter().rev().map(|entry| entry.action.as_str()).collect();
    assert_eq!(
        told,
        [
            "create",
            "publish",
            "edit",
            "unpublish",
            "publish",
            "delete",
            "restore"
        ]
    );
    assert_eq!(
        audit[4].changes,
        json!({"caption": ["at #dawn, #Dawn #море", "at #dusk #dawn"]}),
        "the edit tells before and after"
    );
    assert_eq!(audit[4].request_id.as_deref(), Some("request-1"));
    let older = db
        .list_audit(AuditOf::Photo(draft.id), Some(audit[4].id.clone()), 1)
        .await
        .unwrap();
    assert_eq!(older, audit[5..6]);
}

#[rstest]
#[case::sqlite(Backend::Sqlite)]
#[case::postgres(Backend::Postgres)]
#[tokio::test]
async fn others_keep_their_hands_off(#[case] backend: Backend) {
    let Some(test) = TestDatabase::new(backend).await else {
        return;
    };
    let db = &test.db;
    let (ann, bob, staff) = (
        somebody(db, "ann").await,
        somebody(db, "bob").await,
        staff(db).await,
    );
    let published = photo(db, &ann, "", false, at(1)).await;
    let draft = photo(db, &ann, "", true, at(1)).await;
    for action in [
        caption("mine"),
        Action::Publish,
        Action::Unpublish,
        Action::Delete,
    ] {
        let refused = one(db, &bob, change(published.id, action.clone()), 2).await;
        assert_eq!(refused, Err(Refusal::Forbidden), "{action:?}");
        let refused = one(db, &bob, change(draft.id, action.clone()), 2).await;
        assert_eq!(refused, Err(Refusal::NotFound), "{action:?}");
    }
    let give = Action::Edit(Edit {
        owner: Some(bob.user_id),
        ..Edit::default()
    });
    assert_eq!(
        one(db, &ann, change(published.id, give.clone()), 2).await,
        Err(Refusal::Forbidden)
    );

    one(db, &ann, change(published.id, Action::Delete), 3)
        .await
        .unwrap();
    assert_eq!(
        one(db, &bob, change(published.id, Action::Restore), 4).await,
        Err(Refusal::NotFound)
    );
    one(db, &staff, change(published.id, Action::Restore), 4)
        .await
        .unwrap();
    let given = one(db, &staff, change(published.id, give), 5).await.unwrap();
    assert_eq!((given.owner_id, given.owner.as_str()), (bob.user_id, "bob"));
    let audit = db
        .list_audit(AuditOf::Photo(published.id), None, 1)
        .await
        .unwrap();
    assert_eq!(
        (audit[0].actor.as_str(), &audit[0].changes),
        ("staff", &json!({"owner": ["ann", "bob"]}))
    );
    let of_bob = photos::db::photos::ListQuery {
        owner: Some(photos::db::photos::OwnerFilter::Username("bob".into())),
        words: vec!["pier".into()],
        ..everything()
    };
    assert_eq!(
        ids(&db.list_photos(&of_bob).await.unwrap()),
        [published.id],
        "the index knows the new owner"
    );
}

#[rstest]
#[case::sqlite(Backend::Sqlite)]
#[case::postgres(Backend::Postgres)]
#[tokio::test]
async fn batches(#[case] backend: Backend) {
    let Some(test) = TestDatabase::new(backend).await else {
        return;
    };
    let db = &test.db;
    let (ann, bob) = (somebody(db, "ann").await, somebody(db, "bob").await);
    let mine = photo(db, &ann, "", false, at(1)).await;
    let his = photo(db, &bob, "", false, at(1)).await;
    let other = photo(db, &ann, "", false, at(1)).await;
    // In another order than their rows.
    let changes = vec![
        change(other.id, caption("one")),
        change(his.id, caption("two")),
        change(mine.id, caption("three")),
        change(PhotoId::now(), caption("four")),
    ];
    let refused = db
        .change_photos(&ann, changes.clone(), Mode::Atomic, TTL, at(2))
        .await
        .unwrap();
    let expected = [
        Err(Refusal::NotAttempted),
        Err(Refusal::Forbidden),
        Err(Refusal::NotAttempted),
        Err(Refusal::NotFound),
    ];
    assert_eq!(refused, expected);
    assert_eq!(db.get_photo(mine.id).await.unwrap(), Some(mine.clone()));
    assert_eq!(
        db.list_audit(AuditOf::Photo(mine.id), None, 9)
            .await
            .unwrap()
            .len(),
        1
    );

    let each = db
        .change_photos(&ann, changes, Mode::Each, TTL, at(3))
        .await
        .unwrap();
    let captions: Vec<_> = each
        .iter()
        .map(|answer| answer.as_ref().map(|photo| photo.caption.as_str()))
        .collect();
    assert_eq!(
        captions,
        [
            Ok("one"),
            Err(&Refusal::Forbidden),
            Ok("three"),
            Err(&Refusal::NotFound)
        ]
    );
    assert_eq!(db.get_photo(mine.id).await.unwrap().unwrap().caption, "three");
    assert_eq!(db.get_photo(his.id).await.unwrap(), Some(his));
}

#[rstest]
#[case::sqlite(Backend::Sqlite)]
#[case::postgres(Backend::Postgres)]
#[tokio::test]
async fn versions_values_and_the_trash(#[case] backend: Backend) {
    let Some(test) = TestDatabase::new(backend).await else {
        return;
    };
    let db = &test.db;
    let ann = somebody(db, "ann").await;
    let row = photo(db, &ann, "", false, at(1)).await;
    let stale = Change {
        if_match: Some(2),
        ..change(row.id, caption("x"))
    };
    assert_eq!(
        one(db, &ann, stale, 2).await,
        Err(Refusal::PreconditionFailed { current: 1 })
    );
    let right = Change {
        if_match: Some(1),
        ..change(row.id, caption("x"))
    };
    assert_eq!(one(db, &ann, right, 2).await.unwrap().version, 2);

    let edit = Edit {
        name: Some("  ".into()),
        caption: Some("a\0b".into()),
        ..Edit::default()
    };
    let refused = one(db, &ann, change(row.id, Action::Edit(edit)), 3).await;
    let Err(Refusal::Invalid(faults)) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(
        faults
            .iter()
            .map(|fault| fault.field.as_str())
            .collect::<Vec<_>>(),
        ["name", "caption"]
    );

    one(db, &ann, change(row.id, Action::Delete), 10).await.unwrap();
    let never = std::time::Duration::ZERO;
    let restore = vec![change(row.id, Action::Restore)];
    let answers = db
        .change_photos(&ann, restore.clone(), Mode::Atomic, never, at(11))
        .await
        .unwrap();
    assert_eq!(answers, [Err(Refusal::NotFound)]);
    let answers = db
        .change_photos(&ann, restore, Mode::Atomic, TTL, at(610))
        .await
        .unwrap();
    assert_eq!(answers, [Err(Refusal::NotFound)], "ten minutes are over");

    assert_eq!(db.expire_trash(at(9), 10, at(700)).await.unwrap(), []);
    assert_eq!(db.expire_trash(at(10), 10, at(700)).await.unwrap(), [row.id]);
    assert_eq!(db.get_photo_even_deleted(row.id).await.unwrap(), None);
    let due = db.objects_due(TTL, None, 10, at(700)).await.unwrap();
    assert_eq!(
        due.iter().map(|object| object.photo_id).collect::<Vec<_>>(),
        [row.id]
    );
    let audit = db.list_audit(AuditOf::Photo(row.id), None, 1).await.unwrap();
    assert_eq!(
        (audit[0].action.as_str(), audit[0].actor.as_str()),
        ("expire", "system")
    );
    let name = serde_json::json!([row.name, null]);
    assert_eq!(audit[0].changes["name"], name, "the last entry says what it was");
}
