//! Photos out of a dump: the row as it was, and what is computed of it.

use diesel::prelude::*;

use super::rows::{load, select, split};
use super::terms::{Indexed, TagChanges, reindex, words_of};
use crate::db::connection::AnyConnection;
use crate::db::records::PhotoRecord;
use crate::db::run::Step;
use crate::db::schema::photos;
use crate::domain::tags;

/// Inserts a photo and its terms, as this version of the program finds them in its texts. Says how many.
pub(in crate::db) fn restore_photo(connection: &mut AnyConnection, mut record: PhotoRecord) -> Step<usize> {
    record.tags = tags(&record.caption).join(" ");
    diesel::insert_into(photos::table)
        .values(&record)
        .execute(connection)?;
    let found = load(connection, select().sql("WHERE p.id = ").bind(&record.id))?;
    for photo in &found {
        let words = words_of(photo);
        if words != split(&record.words) {
            diesel::update(photos::table.find(&record.id))
                .set(photos::words.eq(words.join(" ")))
                .execute(connection)?;
        }
        let mut tags = TagChanges::default();
        reindex(connection, None, Indexed::new(photo, &words).as_ref(), &mut tags)?;
        tags.apply(connection)?;
    }
    Ok(found.len())
}

/// Inserts photos and their terms, as they are.
pub(in crate::db) fn restore_photos(connection: &mut AnyConnection, records: &[PhotoRecord]) -> Step<()> {
    let mut tags = TagChanges::default();
    for record in records {
        diesel::insert_into(photos::table)
            .values(record)
            .execute(connection)?;
        reindex(connection, None, Indexed::of_record(record).as_ref(), &mut tags)?;
    }
    tags.apply(connection)?;
    Ok(())
}
