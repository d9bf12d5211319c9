//! Changes of photos: every one goes through here, a single one as a batch of one.

use std::collections::BTreeMap;
use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::Text;
use serde_json::{Map, Value, json};

use super::rows::{COLUMNS, Columns, Found, record, split};
use super::terms::{Indexed, TagChanges, reindex, words_of};
use crate::db::audit::{self, Subject};
use crate::db::connection::AnyConnection;
use crate::db::run::Step;
use crate::db::schema::{photos, users};
use crate::db::sql::{Sql, locking};
use crate::db::{Db, DbError};
use crate::domain::change::{Action, Change, Circumstances, Edit, changed};
use crate::domain::{Actor, PhotoId, PhotoRow, Refusal, Timestamp, UserId};

/// What a refusal of one change means for the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// All or nothing: one refusal undoes everything, and the others are [`Refusal::NotAttempted`].
    Atomic,
    /// Each for itself.
    Each,
}

/// A photo that is locked, as it is stored and as the changes make it.
struct Locked {
    stored: PhotoRow,
    words: Vec<String>,
    next: PhotoRow,
}

impl Db {
    /// Changes photos, and answers in the order of `changes`. Permissions, versions, terms, tag counts and audit are one transaction.
    /// A change without effect changes nothing: no version, no audit.
    ///
    /// `trash_ttl` is how long a photo can be restored; zero is never.
    pub async fn change_photos(
        &self,
        actor: &Actor,
        changes: Vec<Change>,
        mode: Mode,
        trash_ttl: Duration,
        now: Timestamp,
    ) -> Result<Vec<Result<PhotoRow, Refusal>>, DbError> {
        let actor = actor.clone();
        self.write(move |connection| {
            let mut locked = lock(connection, &changes)?;
            let owners = new_owners(connection, &changes)?;
            let username = |id: UserId| owners.get(&id).cloned();
            let by = Circumstances {
                actor: &actor,
                trash_ttl,
                now,
                username: &username,
            };
            let mut history = Vec::new();
            let answers: Vec<_> = changes
                .iter()
                .map(|change| one(&mut locked, change, &by, &mut history))
                .collect();
            if mode == Mode::Atomic && answers.iter().any(Result::is_err) {
                return Ok(answers
                    .into_iter()
                    .map(|answer| answer.and(Err(Refusal::NotAttempted)))
                    .collect());
            }
            let mut tags = TagChanges::default();
            for photo in locked.values() {
                store(connection, photo, &mut tags)?;
            }
            for (id, action, changes) in history {
                audit::record(
                    connection,
                    Some(&actor),
                    action,
                    Subject::Photo(id),
                    &changes,
                    now,
                )?;
            }
            tags.apply(connection)?;
            Ok(answers)
        })
        .await
    }
}

/// Locks the photos in the order of their ids, so that two batches cannot wait for each other.
fn lock(connection: &mut AnyConnection, changes: &[Change]) -> Step<BTreeMap<PhotoId, Locked>> {
    if changes.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut ids: Vec<PhotoId> = changes.iter().map(|change| change.id).collect();
    ids.sort_unstable();
    ids.dedup();
    let locking = locking(connection, " FOR NO KEY UPDATE OF p");
    let found = Sql::<(Columns, Text)>::new("SELECT ")
        .sql(COLUMNS)
        .sql(", p.words FROM photos p JOIN users u ON u.id = p.owner_id WHERE p.id IN ")
        .tuple(ids)
        .sql(" ORDER BY p.id")
        .sql(locking)
        .load::<(Found, String)>(connection)?;
    let mut locked = BTreeMap::new();
    for (found, words) in found {
        let stored = PhotoRow::try_from(found)?;
        let next = stored.clone();
        locked.insert(
            stored.id,
            Locked {
                stored,
                words: split(&words),
                next,
            },
        );
    }
    Ok(locked)
}

/// Names of the active users that photos are given to.
fn new_owners(connection: &mut AnyConnection, changes: &[Change]) -> Step<BTreeMap<UserId, String>> {
    let mut owners = BTreeMap::new();
    for change in changes {
        if let Action::Edit(Edit { owner: Some(id), .. }) = change.action
            && !owners.contains_key(&id)
        {
            let name: Option<String> = users::table
                .find(id.to_string())
                .filter(users::active.eq(true))
                .select(users::username)
                .first(connection)
                .optional()?;
            owners.extend(name.map(|name| (id, name)));
        }
    }
    Ok(owners)
}

type History = Vec<(PhotoId, &'static str, Value)>;

fn one(
    locked: &mut BTreeMap<PhotoId, Locked>,
    change: &Change,
    by: &Circumstances<'_>,
    history: &mut History,
) -> Result<PhotoRow, Refusal> {
    let photo = locked.get_mut(&change.id).ok_or(Refusal::NotFound)?;
    let next = changed(&photo.next, change, by)?;
    if next != photo.next {
        history.push((change.id, change.action.as_str(), differences(&photo.next, &next)));
        photo.next = next;
    }
    Ok(photo.next.clone())
}

/// Field → `[before, after]`, of those that differ.
fn differences(before: &PhotoRow, after: &PhotoRow) -> Value {
    let time = |at: Option<Timestamp>| at.map(|at| format!("{at:.6}"));
    let fields = [
        ("name", json!(before.name), json!(after.name)),
        ("caption", json!(before.caption), json!(after.caption)),
        ("draft", json!(before.draft), json!(after.draft)),
        ("owner", json!(before.owner), json!(after.owner)),
        (
            "published_at",
            json!(time(before.published_at)),
            json!(time(after.published_at)),
        ),
        (
            "deleted_at",
            json!(time(before.deleted_at)),
            json!(time(after.deleted_at)),
        ),
    ];
    let differing = fields.into_iter().filter(|(_, before, after)| before != after);
    differing
        .map(|(field, before, after)| (field.to_owned(), json!([before, after])))
        .collect::<Map<_, _>>()
        .into()
}

fn store(connection: &mut AnyConnection, photo: &Locked, tags: &mut TagChanges) -> Step<()> {
    let Locked { stored, words, next } = photo;
    if next == stored {
        return Ok(());
    }
    let next_words = words_of(next);
    let row = record(next, &next_words);
    diesel::update(photos::table.find(&row.id))
        .set((
            photos::version.eq(row.version),
            photos::owner_id.eq(&row.owner_id),
            photos::name.eq(&row.name),
            photos::caption.eq(&row.caption),
            photos::tags.eq(&row.tags),
            photos::words.eq(&row.words),
            photos::draft.eq(row.draft),
            photos::updated_at.eq(row.updated_at),
            photos::published_at.eq(row.published_at),
            photos::sort_at.eq(row.sort_at),
            photos::deleted_at.eq(row.deleted_at),
        ))
        .execute(connection)?;
    let before = Indexed::new(stored, words);
    let after = Indexed::new(next, &next_words);
    reindex(connection, before.as_ref(), after.as_ref(), tags)?;
    Ok(())
}
