//! The admin's lists: every filter in every order, a page at a time, whatever the number of photos.
//!
//! By upload or publication a list is a [`walk`] of an index. For the other orders a filter that leaves few photos is
//! walked first and its photos are sorted here; else the index of the order is [`scan`]ned, so far and no further: a page
//! may then end early, and says so.

use super::list::{Direction, ListQuery, OwnerFilter, Page, Position, Visibility};
use super::rows::load;
use super::{list, scan, walk};
use crate::db::connection::AnyConnection;
use crate::db::run::Step;
use crate::db::{Db, DbError};
use crate::domain::time::from_micros;
use crate::domain::{Ordering, PhotoId, PhotoRow, Timestamp};

/// Photos that are sorted here rather than by an index.
pub(super) const FEW: u32 = 2_000;

/// Where photos are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Shelf {
    /// Drafts and published ones.
    #[default]
    All,
    /// Published ones.
    Published,
    /// Drafts.
    Drafts,
    /// Those that were deleted and can still be restored, in the order of their deletion.
    Trash,
}

/// What a list is ordered by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SortBy {
    /// The upload; the deletion of photos in the trash.
    #[default]
    Uploaded,
    /// The publication, of drafts the upload.
    Published,
    /// The last change.
    Changed,
    /// The name, byte by byte.
    Name,
    /// The original's size in bytes.
    Size,
}

/// From one moment up to another, which is not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Its first moment.
    pub from: Timestamp,
    /// The first moment behind it.
    pub until: Timestamp,
}

/// A sort key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum MarkKey {
    /// A time in microseconds, or bytes.
    Number(i64),
    /// A name.
    Text(String),
}

/// A place in a list: behind (or before) a photo, which need not exist any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The photo's sort key.
    pub key: MarkKey,
    /// Its id.
    pub id: PhotoId,
    /// Which way the page goes.
    pub direction: Direction,
}

/// A list and which page of it.
#[derive(Debug, Clone, Default)]
pub struct Browse {
    /// Where the photos are.
    pub shelf: Shelf,
    /// Photos of the user of this name only.
    pub owner: Option<String>,
    /// Normalised tags; a photo has all of them.
    pub tags: Vec<String>,
    /// Normalised search words; a photo has all of them.
    pub words: Vec<String>,
    /// Photos of this time only: of the publication if the list is ordered by it, of the deletion in the trash, else of the upload.
    pub within: Option<Span>,
    /// What the list is ordered by.
    pub sort: SortBy,
    /// Whether the greatest is first.
    pub descending: bool,
    /// Photos on a page, at least 1.
    pub page_size: u32,
    /// Where the page begins; none for the first.
    pub from: Option<Mark>,
}

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrowsePage {
    /// The photos, in the list's order.
    pub rows: Vec<PhotoRow>,
    /// Where the next page begins, if there is more.
    pub next: Option<Mark>,
    /// Where the previous page begins, if there is one.
    pub previous: Option<Mark>,
    /// Photos that were looked through without filling the page, which therefore ends early: the next goes on from there.
    pub looked_through: Option<u32>,
}

impl Db {
    /// A page of an admin's list.
    pub async fn browse_photos(&self, browse: &Browse) -> Result<BrowsePage, DbError> {
        let browse = browse.clone();
        self.read(move |connection| match browse.walked() {
            Some(query) => walked(connection, &browse, &query),
            None => scan::page(connection, &browse),
        })
        .await
    }

    /// How many photos a list has, if they are at most `most`; else a greater number.
    pub async fn browse_count(&self, browse: &Browse, most: u32) -> Result<u32, DbError> {
        let browse = browse.clone();
        self.read(move |connection| {
            let places = if browse.shelf == Shelf::Trash {
                scan::places(connection, &browse, most + 1)?
            } else {
                walk::places(connection, &browse.uploads(1), browse.upload_span(), most + 1)?.len()
            };
            Ok(u32::try_from(places).unwrap_or(u32::MAX))
        })
        .await
    }

    /// The first and the last time of a list without regard to its span: what its dates are between. None if it is empty.
    pub async fn browse_bounds(&self, browse: &Browse) -> Result<Option<(Timestamp, Timestamp)>, DbError> {
        let mut browse = browse.clone();
        browse.within = None;
        self.read(move |connection| {
            let mut ends = [None, None];
            for (end, descending) in ends.iter_mut().zip([false, true]) {
                browse.descending = descending;
                let found = browse.times(connection, 1)?;
                *end = if descending {
                    found.into_iter().max()
                } else {
                    found.into_iter().min()
                };
            }
            let [first, last] = ends.map(|end| end.map(from_micros));
            Ok(first.zip(last))
        })
        .await
    }

    /// Which of some spans a list has photos in.
    pub async fn browse_spans(&self, browse: &Browse, spans: Vec<Span>) -> Result<Vec<Span>, DbError> {
        let browse = browse.clone();
        self.read(move |connection| {
            let mut some = Vec::new();
            for span in &spans {
                let within = Browse {
                    within: Some(*span),
                    ..browse.clone()
                };
                if !within.times(connection, 1)?.is_empty() {
                    some.push(*span);
                }
            }
            Ok(some)
        })
        .await
    }
}

impl Browse {
    /// The same list as the walk of an index, if there is one in its order.
    fn walked(&self) -> Option<ListQuery> {
        let by_time = matches!(self.sort, SortBy::Uploaded | SortBy::Published);
        if self.shelf == Shelf::Trash || !by_time {
            return None;
        }
        let position = self.from.as_ref().and_then(|mark| match mark.key {
            MarkKey::Number(key) => Some(Position {
                key: from_micros(key),
                id: mark.id,
                direction: mark.direction,
            }),
            MarkKey::Text(_) => None,
        });
        Some(ListQuery {
            position,
            ordering: self.ordering(),
            ..self.uploads(self.page_size)
        })
    }

    fn ordering(&self) -> Ordering {
        match (self.sort, self.descending) {
            (SortBy::Published, true) => Ordering::NewestPublished,
            (SortBy::Published, false) => Ordering::OldestPublished,
            (_, true) => Ordering::NewestCreated,
            (_, false) => Ordering::OldestCreated,
        }
    }

    /// The list without its order.
    pub(super) fn uploads(&self, page_size: u32) -> ListQuery {
        ListQuery {
            visibility: match self.shelf {
                Shelf::Published => Visibility::Published,
                Shelf::Drafts => Visibility::Drafts,
                Shelf::All | Shelf::Trash => Visibility::All,
            },
            owner: self.owner.clone().map(OwnerFilter::Username),
            tags: self.tags.clone(),
            words: self.words.clone(),
            ordering: self.ordering(),
            page_size,
            position: None,
            count: false,
        }
    }

    pub(super) fn upload_span(&self) -> walk::Within {
        self.within
            .map(|span| (span.from.as_microsecond(), span.until.as_microsecond()))
    }

    /// Times of the list's first photos, of published ones and drafts `limit` each.
    fn times(&self, connection: &mut AnyConnection, limit: u32) -> Step<Vec<i64>> {
        if self.shelf == Shelf::Trash {
            return scan::times(connection, self, limit);
        }
        let found = walk::places(connection, &self.uploads(1), self.upload_span(), limit)?;
        Ok(found.into_iter().map(|(_, time)| time).collect())
    }
}

fn walked(connection: &mut AnyConnection, browse: &Browse, query: &ListQuery) -> Step<BrowsePage> {
    let statement = walk::statement(connection, query, browse.upload_span())?;
    let Page {
        rows, next, previous, ..
    } = list::cut(query, load(connection, statement)?);
    let mark = |position: Position| Mark {
        key: MarkKey::Number(position.key.as_microsecond()),
        id: position.id,
        direction: position.direction,
    };
    Ok(BrowsePage {
        rows,
        next: next.map(mark),
        previous: previous.map(mark),
        looked_through: None,
    })
}
