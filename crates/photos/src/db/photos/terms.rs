//! What photos are found by: the inverted index, and the counts of tags, both kept in the transaction of the change.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use super::rows::split;
use crate::db::connection::AnyConnection;
use crate::db::records::PhotoRecord;
use crate::db::sql::{Sql, Value};
use crate::domain::{PhotoRow, search_words};

/// Rows of one statement: six values each, far below what either database takes.
const CHUNK: usize = 400;

/// The words that a photo is found by: those of its name and caption, and its tags.
pub(super) fn words_of(photo: &PhotoRow) -> Vec<String> {
    let mut words = search_words(&photo.name);
    for word in search_words(&photo.caption)
        .into_iter()
        .chain(photo.tags.iter().cloned())
    {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

/// The term of a tag.
pub(super) fn tag_term(tag: &str) -> String {
    format!("#{tag}")
}

/// Where a photo stands in the index.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    draft: bool,
    sort_at: i64,
    photo_id: String,
    owner_id: String,
    created_at: i64,
}

/// What the index has of a photo; nothing of one in the trash.
pub(super) struct Indexed {
    place: Place,
    terms: BTreeSet<String>,
    tags: Vec<String>,
}

impl Indexed {
    /// Of a photo and the words that are stored with it.
    pub(super) fn new(photo: &PhotoRow, words: &[String]) -> Option<Self> {
        photo.deleted_at.is_none().then(|| Self {
            place: Place {
                draft: photo.draft,
                sort_at: photo.sort_at().as_microsecond(),
                photo_id: photo.id.to_string(),
                owner_id: photo.owner_id.to_string(),
                created_at: photo.created_at.as_microsecond(),
            },
            terms: words
                .iter()
                .cloned()
                .chain(photo.tags.iter().map(|tag| tag_term(tag)))
                .collect(),
            tags: photo.tags.clone(),
        })
    }
}

impl Indexed {
    /// Of a stored row.
    pub(super) fn of_record(record: &PhotoRecord) -> Option<Self> {
        let tags = split(&record.tags);
        record.deleted_at.is_none().then(|| Self {
            place: Place {
                draft: record.draft,
                sort_at: record.sort_at,
                photo_id: record.id.clone(),
                owner_id: record.owner_id.clone(),
                created_at: record.created_at,
            },
            terms: split(&record.words)
                .into_iter()
                .chain(tags.iter().map(|tag| tag_term(tag)))
                .collect(),
            tags,
        })
    }
}

/// How the counts of tags change. Applied once, in the order of tags, so that transactions cannot wait for each other.
#[derive(Debug, Default)]
pub(super) struct TagChanges(BTreeMap<String, i64>);

impl TagChanges {
    fn add(&mut self, indexed: &Indexed, by: i64) {
        if !indexed.place.draft {
            for tag in &indexed.tags {
                *self.0.entry(tag.clone()).or_default() += by;
            }
        }
    }

    /// Writes the counts. The last thing of a transaction, because others wait for it.
    pub(super) fn apply(self, connection: &mut AnyConnection) -> QueryResult<()> {
        for (tag, by) in self.0 {
            match by {
                0 => {}
                1.. => {
                    Sql::<()>::new("INSERT INTO tag_counts (tag, photos) VALUES (")
                        .bind(&tag)
                        .sql(", ")
                        .bind(by)
                        .sql(") ON CONFLICT (tag) DO UPDATE SET photos = tag_counts.photos + excluded.photos")
                        .execute(connection)?;
                }
                _ => {
                    Sql::<()>::new("UPDATE tag_counts SET photos = photos + ")
                        .bind(by)
                        .sql(" WHERE tag = ")
                        .bind(&tag)
                        .execute(connection)?;
                    Sql::<()>::new("DELETE FROM tag_counts WHERE photos = 0 AND tag = ")
                        .bind(&tag)
                        .execute(connection)?;
                }
            }
        }
        Ok(())
    }
}

/// Brings the index from what it has of a photo to what it should have, and notes the change of tag counts.
pub(super) fn reindex(
    connection: &mut AnyConnection,
    before: Option<&Indexed>,
    after: Option<&Indexed>,
    tags: &mut TagChanges,
) -> QueryResult<()> {
    if let Some(before) = before {
        tags.add(before, -1);
    }
    if let Some(after) = after {
        tags.add(after, 1);
    }
    let stays = before
        .zip(after)
        .filter(|(before, after)| before.place == after.place);
    let none = BTreeSet::new();
    if let Some(before) = before {
        let kept = stays.map_or(&none, |(_, after)| &after.terms);
        remove(
            connection,
            &before.place,
            &before.terms.difference(kept).collect::<Vec<_>>(),
        )?;
    }
    if let Some(after) = after {
        let there = stays.map_or(&none, |(before, _)| &before.terms);
        insert(
            connection,
            &after.place,
            &after.terms.difference(there).collect::<Vec<_>>(),
        )?;
    }
    Ok(())
}

fn remove(connection: &mut AnyConnection, place: &Place, terms: &[&String]) -> QueryResult<()> {
    for part in terms.chunks(CHUNK) {
        Sql::<()>::new("DELETE FROM photo_terms WHERE draft = ")
            .bind(place.draft)
            .sql(" AND sort_at = ")
            .bind(place.sort_at)
            .sql(" AND photo_id = ")
            .bind(&place.photo_id)
            .sql(" AND term IN ")
            .tuple(part.iter().copied())
            .execute(connection)?;
    }
    Ok(())
}

fn insert(connection: &mut AnyConnection, place: &Place, terms: &[&String]) -> QueryResult<()> {
    for part in terms.chunks(CHUNK) {
        Sql::<()>::new(
            "INSERT INTO photo_terms (term, draft, sort_at, photo_id, owner_id, created_at) VALUES ",
        )
        .rows(part.iter().map(|term| {
            [
                Value::from(*term),
                Value::from(place.draft),
                Value::from(place.sort_at),
                Value::from(&place.photo_id),
                Value::from(&place.owner_id),
                Value::from(place.created_at),
            ]
        }))
        .execute(connection)?;
    }
    Ok(())
}
