//! The same random operations on both databases give the same answers, lists, tags and history.

use photos::db::Db;
use photos::db::audit::AuditOf;
use photos::db::photos::{Action, Change, Edit, ListQuery, Mode, OwnerFilter, Visibility};
use photos::domain::{Actor, Ordering, PhotoId, PhotoRow, search_words};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::database::{Backend, TestDatabase};
use crate::tools::{TTL, at, everything, insert, new_photo, somebody};

#[derive(Debug, Clone)]
enum Operation {
    Insert {
        owner: usize,
        caption: String,
        draft: bool,
    },
    Change {
        actor: usize,
        items: Vec<(usize, Option<i64>, Action)>,
        atomic: bool,
    },
    List {
        visibility: Visibility,
        owner: Option<&'static str>,
        tags: Vec<&'static str>,
        words: String,
        ordering: Ordering,
    },
    Expire {
        before: i64,
    },
}

const CAPTIONS: [&str; 9] = [
    "",
    "#a",
    "#A #b",
    "a b c",
    "#б #Б ß ẞ İ",
    "#1 #x_1",
    "ﬁ #ﬁ",
    "e\u{301} é #é",
    "_ #_ Z #z\tq",
];

fn captions() -> impl Strategy<Value = String> {
    prop_oneof![
        select(&CAPTIONS[..]).prop_map(str::to_owned),
        "[ab#éЖ標1_ ]{0,12}"
    ]
}

fn actions() -> impl Strategy<Value = Action> {
    prop_oneof![
        Just(Action::Publish),
        Just(Action::Unpublish),
        Just(Action::Delete),
        Just(Action::Restore),
        (
            option::of(select(&["new", "", "A b"][..])),
            option::of(captions()),
            option::of(any::<bool>())
        )
            .prop_map(|(name, caption, draft)| Action::Edit(Edit {
                name: name.map(str::to_owned),
                caption,
                draft,
                owner: None
            })),
    ]
}

fn operations() -> impl Strategy<Value = Operation> {
    let list = (
        select(&[Visibility::Published, Visibility::Drafts, Visibility::All][..]),
        option::of(select(&["ann", "bob", "nobody"][..])),
        vec(select(&["a", "b", "é", "б"][..]), 0..3),
        captions(),
        select(&Ordering::ALL[..]),
    );
    prop_oneof![
        3 => (0..2usize, captions(), any::<bool>())
            .prop_map(|(owner, caption, draft)| Operation::Insert { owner, caption, draft }),
        4 => (0..3usize, vec((0..12usize, option::weighted(0.2, 1..3i64), actions()), 1..4), any::<bool>())
            .prop_map(|(actor, items, atomic)| Operation::Change { actor, items, atomic }),
        2 => list.prop_map(|(visibility, owner, tags, words, ordering)| Operation::List {
            visibility, owner, tags, words, ordering,
        }),
        1 => (0..40i64).prop_map(|before| Operation::Expire { before }),
    ]
}

/// What is the same on both: all but the ids of users, which each database has of its own.
fn show(row: &PhotoRow) -> String {
    let PhotoRow {
        id,
        version,
        owner,
        name,
        caption,
        tags,
        draft,
        ..
    } = row;
    let times = (row.created_at, row.updated_at, row.published_at, row.deleted_at);
    format!("{id} {version} {owner} {name} {caption} {tags:?} {draft} {times:?}")
}

async fn run(db: &Db, operations: &[Operation], ids: &[PhotoId]) -> Vec<String> {
    let staff = Actor {
        is_staff: true,
        ..somebody(db, "staff").await
    };
    let actors = [somebody(db, "ann").await, somebody(db, "bob").await, staff];
    let mut told = Vec::new();
    let mut inserted = 0;
    for (n, operation) in operations.iter().enumerate() {
        // Two operations share a moment.
        let now = at(i64::try_from(n / 2).unwrap());
        match operation.clone() {
            Operation::Insert {
                owner,
                caption,
                draft,
            } => {
                let mut new = new_photo(&actors[owner], "Pier", &caption, draft);
                new.id = ids[inserted];
                new.objects[0].key = crate::tools::key(new.id);
                inserted += 1;
                told.push(show(&insert(db, &actors[owner], new, now).await));
            }
            Operation::Change { actor, items, atomic } => {
                let changes = items
                    .into_iter()
                    .map(|(k, if_match, action)| Change {
                        id: ids[k % ids.len()],
                        if_match,
                        action,
                    })
                    .collect();
                let mode = if atomic { Mode::Atomic } else { Mode::Each };
                let answers = db
                    .change_photos(&actors[actor], changes, mode, TTL, now)
                    .await
                    .unwrap();
                told.extend(answers.iter().map(|answer| match answer {
                    Ok(row) => show(row),
                    Err(refusal) => format!("{refusal:?}"),
                }));
            }
            Operation::List {
                visibility,
                owner,
                tags,
                words,
                ordering,
            } => {
                let mut query = ListQuery {
                    visibility,
                    owner: owner.map(|name| OwnerFilter::Username(name.to_owned())),
                    tags: tags.into_iter().map(str::to_owned).collect(),
                    words: search_words(&words),
                    ordering,
                    page_size: 2,
                    count: true,
                    ..everything()
                };
                loop {
                    let page = db.list_photos(&query).await.unwrap();
                    told.push(format!("{:?} {:?} {:?}", page.count, page.next, page.previous));
                    told.extend(page.rows.iter().map(show));
                    query.position = page.next;
                    if query.position.is_none() {
                        break;
                    }
                }
            }
            Operation::Expire { before } => {
                told.push(format!(
                    "{:?}",
                    db.expire_trash(at(before.min(4)), 9, now).await.unwrap()
                ));
            }
        }
        told.push(format!("{:?}", db.list_tags("", 99).await.unwrap()));
    }
    for entry in db.list_audit(AuditOf::All, None, 999).await.unwrap() {
        let about = (entry.action, entry.actor, entry.via, entry.photo_id, entry.at);
        told.push(format!("{about:?} {}", entry.changes));
    }
    told
}

#[test]
fn both_answer_alike() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let cases = Config {
        cases: 12,
        failure_persistence: None,
        max_shrink_iters: 40,
        ..Config::default()
    };
    let mut runner = TestRunner::new_with_rng(cases, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let outcome = runner.run(&vec(operations(), 20..40), |operations| {
        let ids: Vec<_> = (0..operations.len()).map(|_| PhotoId::now()).collect();
        runtime.block_on(async {
            let Some(sqlite) = TestDatabase::new(Backend::Sqlite).await else {
                return Ok(());
            };
            let Some(postgres) = TestDatabase::new(Backend::Postgres).await else {
                return Ok(());
            };
            let one = run(&sqlite.db, &operations, &ids).await;
            let other = run(&postgres.db, &operations, &ids).await;
            prop_assert_eq!(one, other);
            Ok(())
        })
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}
