//! Lists of photos, a page at a time, by keyset: a page begins behind the sort key and the id of a photo, so that pages neither
//! repeat nor skip a photo while others come and go.

use crate::db::{Db, DbError};
use crate::domain::{Ordering, PhotoId, PhotoRow, Timestamp, UserId};

/// Which photos a list may have. Whether the caller may ask for it is for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Visibility {
    /// Published photos.
    Published,
    /// Drafts.
    Drafts,
    /// Both.
    All,
}

/// Whose photos.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum OwnerFilter {
    /// A user by id.
    Id(UserId),
    /// A user by name; the list of an unknown one is empty.
    Username(String),
}

/// Which way a page goes from its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// On in the list's order.
    Next,
    /// Back; the page's rows are still in the list's order.
    Previous,
}

/// A place between two photos: behind (or before) this one, which need not exist any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The photo's sort key: `PhotoRow::sort_at()` or `created_at`, by the ordering.
    pub key: Timestamp,
    /// Its id.
    pub id: PhotoId,
    /// Which way the page goes.
    pub direction: Direction,
}

/// A list and which page of it.
#[derive(Debug, Clone)]
pub struct ListQuery {
    /// Published photos, drafts or both.
    pub visibility: Visibility,
    /// Photos of one user only.
    pub owner: Option<OwnerFilter>,
    /// Normalised tags; a photo has all of them.
    pub tags: Vec<String>,
    /// Normalised search words; a photo has all of them in its name, caption or tags.
    pub words: Vec<String>,
    /// Order; drafts are ordered by their creation in any case.
    pub ordering: Ordering,
    /// Photos on a page, 1–100.
    pub page_size: u32,
    /// Where the page begins; none for the first.
    pub position: Option<Position>,
    /// Count all photos of the list too, which takes time in proportion to them.
    pub count: bool,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The photos, in the list's order.
    pub rows: Vec<PhotoRow>,
    /// Where the next page begins, if there is one.
    pub next: Option<Position>,
    /// Where the previous page begins, if there is one.
    pub previous: Option<Position>,
    /// Photos of the whole list, if asked.
    pub count: Option<u64>,
}

impl Db {
    /// A page of a list: walks an index in the list's order, from the most selective of the filters.
    pub async fn list_photos(&self, query: &ListQuery) -> Result<Page, DbError> {
        let _ = query;
        Err(self.not_yet())
    }
}
