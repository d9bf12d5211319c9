//! The first page: what waits, what came last, what was done last.

use actix_web::HttpResponse;
use askama::Template;

use super::error::PageError;
use super::history::Entry;
use super::layout::{Layout, ok, see};
use super::links::ROOT;
use super::photos::row::Row;
use super::shown::thousands;
use super::visit::Visit;
use crate::db::audit::AuditQuery;
use crate::db::photos::{Browse, Shelf};

/// Newest photos, and entries of the history.
const PHOTOS: u32 = 12;
const ENTRIES: u32 = 12;
/// Photos are counted up to here.
const COUNTED: u32 = 1_000;

#[derive(Template)]
#[template(path = "admin/home.html")]
struct HomePage {
    layout: Layout,
    tiles: Vec<Tile>,
    rows: Vec<Row>,
    entries: Vec<Entry>,
}

/// A number with the list behind it.
struct Tile {
    name: &'static str,
    href: &'static str,
    number: String,
}

pub(super) async fn show(visit: Visit) -> Result<HttpResponse, PageError> {
    visit.staff()?;
    let db = &visit.app().db;
    let mut tiles = Vec::new();
    for (shelf, name, href) in [
        (Shelf::Published, "Published", "/admin/photos?state=published"),
        (Shelf::Drafts, "Drafts", "/admin/photos?state=drafts"),
        (Shelf::Trash, "In the trash", "/admin/photos?state=trash"),
    ] {
        let browse = Browse {
            shelf,
            ..Browse::default()
        };
        let count = db.browse_count(&browse, COUNTED).await?;
        let number = if count > COUNTED {
            format!("{}+", thousands(COUNTED.into()))
        } else {
            thousands(count.into())
        };
        tiles.push(Tile { name, href, number });
    }
    let newest = Browse {
        descending: true,
        page_size: PHOTOS,
        ..Browse::default()
    };
    let mut newest = db.browse_photos(&newest).await?.rows;
    newest.truncate(usize::try_from(PHOTOS).unwrap_or(usize::MAX));
    let entries = db.browse_audit(&AuditQuery::default(), ENTRIES).await?.entries;
    ok(&HomePage {
        rows: Row::all(visit.app(), &newest),
        entries: Entry::all(visit.app(), entries).await?,
        layout: Layout::new(&visit, "Overview"),
        tiles,
    })
}

pub(super) async fn from_slash() -> HttpResponse {
    see(ROOT)
}
