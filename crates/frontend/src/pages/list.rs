//! A page of photos, and the ways to the pages before and after it.

use photos_client::PhotosQuery;
use serde::Deserialize;

use crate::error::PageError;
use crate::links::{encode, parameter};
use crate::tile::Tile;
use crate::visit::Visit;

/// Photos on a page: some six rows of a wide screen.
const PAGE_SIZE: u32 = 36;

/// The query of a list.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct ListQuery {
    pub(crate) cursor: Option<String>,
}

/// A page of photos.
pub(crate) struct List {
    pub(crate) tiles: Vec<Tile>,
    /// The page of older photos.
    pub(crate) next: Option<String>,
    /// The page of newer photos.
    pub(crate) previous: Option<String>,
    /// Whether photos can be selected to be changed.
    pub(crate) selects: bool,
    /// Whether they are drafts.
    pub(crate) drafts: bool,
    /// Whether the owners are named.
    pub(crate) owners: bool,
}

impl List {
    /// Fetches a page. `path` is the list's own, to which a cursor is added.
    pub(crate) async fn fetch(
        visit: &Visit,
        query: PhotosQuery,
        at: ListQuery,
        path: &str,
    ) -> Result<Self, PageError> {
        let query = PhotosQuery {
            page_size: Some(PAGE_SIZE),
            cursor: at.cursor,
            ..query
        };
        let page = visit
            .ask(async |client| client.photos().page(&query).await)
            .await?;
        let to = |link: Option<String>| {
            let cursor = parameter(&link?, "cursor")?;
            let mark = if path.contains('?') { '&' } else { '?' };
            Some(format!("{path}{mark}cursor={}", encode(&cursor)))
        };
        Ok(Self {
            tiles: Tile::all(&page.results),
            next: to(page.next),
            previous: to(page.previous),
            selects: false,
            drafts: false,
            owners: true,
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.tiles.is_empty()
    }
}
