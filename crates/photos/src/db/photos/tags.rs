//! How many published photos have a tag.

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
        let _ = (prefix, limit);
        Err(self.not_yet())
    }
}
