//! How many published photos have a tag.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::db::records::read_size;
use crate::db::sql::Sql;
use crate::db::{Db, DbError};

/// A tag and the number of published photos that have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagCount {
    /// The tag, normalised.
    pub name: String,
    /// Published photos.
    pub count: u64,
}

impl Db {
    /// Tags that begin with a normalised prefix, most used first, then by name.
    pub async fn list_tags(&self, prefix: &str, limit: u32) -> Result<Vec<TagCount>, DbError> {
        let prefix = prefix.to_owned();
        self.read(move |connection| {
            let mut statement = Sql::<(Text, BigInt)>::new("SELECT tag, photos FROM tag_counts ");
            if !prefix.is_empty() {
                // Behind every text that begins so, byte by byte.
                let end = format!("{prefix}{}", char::MAX);
                statement = statement
                    .sql("WHERE tag >= ")
                    .bind(&prefix)
                    .sql(" AND tag <= ")
                    .bind(end);
            }
            let found = statement
                .sql(" ORDER BY photos DESC, tag LIMIT ")
                .bind(i64::from(limit))
                .load::<(String, i64)>(connection)?;
            found
                .into_iter()
                .map(|(name, count)| {
                    Ok(TagCount {
                        name,
                        count: read_size("count", count)?,
                    })
                })
                .collect()
        })
        .await
    }
}
