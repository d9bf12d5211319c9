//! Lists of photos, a page at a time, by keyset: a page begins behind the sort key and the id of a photo, so that pages neither
//! repeat nor skip a photo while others come and go.

use super::rows::{load, load_editions, load_in_order};
use super::walk;
use crate::db::connection::AnyConnection;
use crate::db::run::Step;
use crate::db::{Db, DbError};
use crate::domain::{Edition, Ordering, PhotoId, PhotoRow, Timestamp, UserId};

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
pub struct Page<R = PhotoRow> {
    /// The photos, in the list's order.
    pub rows: Vec<R>,
    /// Where the next page begins, if there is one.
    pub next: Option<Position>,
    /// Where the previous page begins, if there is one.
    pub previous: Option<Position>,
    /// Photos of the whole list, if asked.
    pub count: Option<u64>,
}

/// A photo of a page whose reader may know it already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry<K> {
    /// What the reader knows of this edition.
    Known(K),
    /// One that it does not know.
    New(Box<PhotoRow>),
}

impl Db {
    /// A page of a list: walks an index in the list's order, from the most selective of the filters.
    pub async fn list_photos(&self, query: &ListQuery) -> Result<Page, DbError> {
        let query = query.clone();
        self.read(move |connection| page(connection, &query)).await
    }

    /// The same for a reader who knows most photos already: reads their editions, and in full only those of which `know` knows
    /// nothing. `make` is what the reader makes of the page, off the async threads.
    pub async fn list_photos_known<K: Send + 'static, T: Send + 'static>(
        &self,
        query: &ListQuery,
        know: impl Fn(&Edition) -> Option<K> + Send + 'static,
        make: impl FnOnce(Page<Entry<K>>) -> T + Send + 'static,
    ) -> Result<T, DbError> {
        let query = query.clone();
        self.read_then(move |connection| page_known(connection, &query, &know), make)
            .await
    }
}

fn page(connection: &mut AnyConnection, query: &ListQuery) -> Step<Page> {
    let statement = walk::statement(connection, query, None)?;
    let mut page = cut(query, load(connection, statement)?);
    page.count = count(connection, query)?;
    Ok(page)
}

fn page_known<K>(
    connection: &mut AnyConnection,
    query: &ListQuery,
    know: &impl Fn(&Edition) -> Option<K>,
) -> Step<Page<Entry<K>>> {
    let statement = walk::editions(connection, query)?;
    let listed = cut_at(query, load_editions(connection, statement)?, |(edition, key)| {
        (*key, edition.id)
    });
    let known: Vec<Option<K>> = listed.rows.iter().map(|(edition, _)| know(edition)).collect();
    let new: Vec<String> = listed
        .rows
        .iter()
        .zip(&known)
        .filter(|(_, known)| known.is_none())
        .map(|((edition, _), _)| edition.id.to_string())
        .collect();
    // Of a page that is mostly new, all is read at once.
    if new.len() * 2 > known.len() {
        return page(connection, query).map(|page| page.map(|row| Entry::New(Box::new(row))));
    }
    let mut new = load_in_order(connection, &new)?.into_iter();
    let mut rows = Vec::with_capacity(known.len());
    for ((edition, _), known) in listed.rows.iter().zip(known) {
        let entry = match known {
            Some(known) => Entry::Known(known),
            None => match new.next().filter(|row| row.edition() == *edition) {
                Some(row) => Entry::New(Box::new(row)),
                // Changed between the two statements, perhaps into what the list must not have.
                None => return page(connection, query).map(|page| page.map(|row| Entry::New(Box::new(row)))),
            },
        };
        rows.push(entry);
    }
    Ok(Page {
        rows,
        next: listed.next,
        previous: listed.previous,
        count: count(connection, query)?,
    })
}

fn count(connection: &mut AnyConnection, query: &ListQuery) -> Step<Option<u64>> {
    query.count.then(|| walk::count(connection, query)).transpose()
}

/// A page of what was found in the direction of the walk: the page's photos, and one more if there is one.
pub(super) fn cut(query: &ListQuery, rows: Vec<PhotoRow>) -> Page {
    cut_at(query, rows, |row| (key(query.ordering, row), row.id))
}

/// The same of anything that has a place in the list: a sort key and an id.
fn cut_at<R>(query: &ListQuery, mut rows: Vec<R>, place: impl Fn(&R) -> (Timestamp, PhotoId)) -> Page<R> {
    let size = usize::try_from(query.page_size).unwrap_or(usize::MAX);
    let more = rows.len() > size;
    rows.truncate(size);
    let backwards = query
        .position
        .is_some_and(|position| position.direction == Direction::Previous);
    if backwards {
        rows.reverse();
    }
    let at = |row: Option<&R>, direction| {
        row.map(|row| {
            let (key, id) = place(row);
            Position { key, id, direction }
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

impl<R> Page<R> {
    fn map<T>(self, into: impl Fn(R) -> T) -> Page<T> {
        Page {
            rows: self.rows.into_iter().map(into).collect(),
            next: self.next,
            previous: self.previous,
            count: self.count,
        }
    }
}

/// What a list is ordered by.
fn key(ordering: Ordering, photo: &PhotoRow) -> Timestamp {
    match ordering {
        Ordering::NewestPublished | Ordering::OldestPublished => photo.sort_at(),
        Ordering::NewestCreated | Ordering::OldestCreated => photo.created_at,
    }
}
