//! Lists of photos, a page at a time, by keyset: a page begins behind the sort key and the id of a photo, so that pages neither
//! repeat nor skip a photo while others come and go.

use super::rows::load;
use super::walk;
use crate::db::connection::AnyConnection;
use crate::db::run::Step;
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
        self.list_photos_as(query, |page| page).await
    }

    /// The same, and what the caller makes of the page, off the async threads.
    pub async fn list_photos_as<T: Send + 'static>(
        &self,
        query: &ListQuery,
        make: impl FnOnce(Page) -> T + Send + 'static,
    ) -> Result<T, DbError> {
        let query = query.clone();
        self.read_then(move |connection| page(connection, &query), make)
            .await
    }
}

fn page(connection: &mut AnyConnection, query: &ListQuery) -> Step<Page> {
    let statement = walk::statement(connection, query, None)?;
    let rows = load(connection, statement)?;
    let count = if query.count {
        Some(walk::count(connection, query)?)
    } else {
        None
    };
    Ok(Page {
        count,
        ..cut(query, rows)
    })
}

/// A page of what was found in the direction of the walk: the page's photos, and one more if there is one.
pub(super) fn cut(query: &ListQuery, mut rows: Vec<PhotoRow>) -> Page {
    let size = usize::try_from(query.page_size).unwrap_or(usize::MAX);
    let more = rows.len() > size;
    rows.truncate(size);
    let backwards = query
        .position
        .is_some_and(|position| position.direction == Direction::Previous);
    if backwards {
        rows.reverse();
    }
    let at = |photo: Option<&PhotoRow>, direction| {
        photo.map(|photo| Position {
            key: key(query.ordering, photo),
            id: photo.id,
            direction,
        })
    };
    let (has_next, has_previous) = if backwards {
        (true, more)
    } else {
        (more, query.position.is_some())
    };
    Page {
        next: at(rows.last().filter(|_| has_next), Direction::Next),
        previous: at(rows.first().filter(|_| has_previous), Direction::Previous),
        count: None,
        rows,
    }
}

/// What a list is ordered by.
fn key(ordering: Ordering, photo: &PhotoRow) -> Timestamp {
    match ordering {
        Ordering::NewestPublished | Ordering::OldestPublished => photo.sort_at(),
        Ordering::NewestCreated | Ordering::OldestCreated => photo.created_at,
    }
}
