//! The list of photos.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use askama::Template;

use super::dates::DateBar;
use super::query::{PAGE, PATH, PhotosQuery};
use super::row::Row;
use crate::admin::chosen::MOST;
use crate::admin::error::PageError;
use crate::admin::flash::Flash;
use crate::admin::layout::{Layout, ok, see};
use crate::admin::shown::{self, thousands};
use crate::admin::visit::Visit;
use crate::app::App;
use crate::db::photos::{Browse, BrowsePage, Mark, Shelf, SortBy};

/// Tags that are offered.
const TAGS: u32 = 24;

#[derive(Template)]
#[template(path = "admin/photos.html")]
struct ListPage {
    layout: Layout,
    query: PhotosQuery,
    rows: Vec<Row>,
    total: String,
    /// How many photos "all that match" are; none where that is no more than the page.
    all: Option<String>,
    shelves: Vec<Tab>,
    sorts: Vec<Head>,
    dates: Option<DateBar>,
    tags: Vec<Tab>,
    next: Option<String>,
    previous: Option<String>,
    first: Option<String>,
    looked: Option<String>,
    clear: String,
    is_trash: bool,
}

/// A link that is chosen or not.
struct Tab {
    name: String,
    href: String,
    is_chosen: bool,
}

/// A column by which the list can be sorted.
struct Head {
    name: &'static str,
    href: String,
    /// For `aria-sort`.
    sorted: &'static str,
    label: String,
    class: &'static str,
}

pub(super) async fn show(visit: Visit, request: HttpRequest) -> Result<HttpResponse, PageError> {
    visit.staff()?;
    let app = visit.app().clone();
    let (query, is_misread) = PhotosQuery::read_and_doubt(request.query_string());
    if is_misread {
        visit.leave(&Flash::misread());
        return Ok(see(&query.href()));
    }
    if let Some(id) = query.photo_id()
        && app.db.get_photo_even_deleted(id).await?.is_some()
    {
        return Ok(see(&format!("{PATH}/{id}")));
    }
    let tags = tags(&app, &query).await?;
    let found = match query.browse(PAGE) {
        Some(browse) => Some(Found::read(&app, &query, &browse).await?),
        None => None,
    };
    let Found { page, dates, count } = found.unwrap_or_default();
    let to = |mark: Option<Mark>| {
        mark.map(|at| {
            PhotosQuery {
                at: Some(at),
                ..query.clone()
            }
            .href()
        })
    };
    let many = usize::try_from(count).unwrap_or(usize::MAX);
    let is_beyond = count > MOST;
    let total = if is_beyond {
        format!("More than {} photos", thousands(MOST.into()))
    } else {
        shown::count(many, "photo")
    };
    let total = match (query.is_filtered(), many) {
        (false, _) => total,
        (true, 1) => format!("{total} that matches"),
        (true, _) => format!("{total} that match"),
    };
    let all = (many > page.rows.len()).then(|| {
        let all = if is_beyond {
            "the first 1,000".to_owned()
        } else {
            format!("all {}", thousands(count.into()))
        };
        format!("{all} that match, on every page")
    });
    ok(&ListPage {
        layout: Layout::new(&visit, "Photos"),
        rows: page
            .rows
            .iter()
            .map(|photo| Row::new(&app, photo, &query))
            .collect(),
        total,
        all,
        shelves: shelves(&query),
        sorts: heads(&query),
        dates,
        tags,
        first: query.at.is_some().then(|| query.changed(|_| ())),
        next: to(page.next),
        previous: to(page.previous),
        looked: page.looked_through.map(|looked| thousands(looked.into())),
        clear: PhotosQuery {
            shelf: query.shelf,
            ..PhotosQuery::default()
        }
        .href(),
        is_trash: query.shelf == Shelf::Trash,
        query,
    })
}

/// What the database has for a list.
struct Found {
    page: BrowsePage,
    dates: Option<DateBar>,
    count: u32,
}

impl Default for Found {
    fn default() -> Self {
        let page = BrowsePage {
            rows: Vec::new(),
            next: None,
            previous: None,
            looked_through: None,
        };
        Self {
            page,
            dates: None,
            count: 0,
        }
    }
}

impl Found {
    async fn read(app: &App, query: &PhotosQuery, browse: &Browse) -> Result<Self, PageError> {
        Ok(Self {
            page: app.db.browse_photos(browse).await?,
            dates: DateBar::make(app, query, browse).await?,
            count: app.db.browse_count(browse, MOST).await?,
        })
    }
}

fn shelves(query: &PhotosQuery) -> Vec<Tab> {
    let shelves = [
        (Shelf::All, "All"),
        (Shelf::Published, "Published"),
        (Shelf::Drafts, "Drafts"),
        (Shelf::Trash, "Trash"),
    ];
    let tab = |(shelf, name): (Shelf, &str)| Tab {
        name: name.to_owned(),
        href: query.changed(|query| query.shelf = shelf),
        is_chosen: query.shelf == shelf,
    };
    shelves.map(tab).into()
}

/// The tags that most published photos have.
async fn tags(app: &App, query: &PhotosQuery) -> Result<Vec<Tab>, PageError> {
    let tags = app.db.list_tags("", TAGS).await?;
    let tab = |name: String| {
        let is_chosen = query.tag == name;
        Tab {
            href: query.changed(|query| query.tag = if is_chosen { String::new() } else { name.clone() }),
            is_chosen,
            name,
        }
    };
    Ok(tags.into_iter().map(|tag| tab(tag.name)).collect())
}

fn heads(query: &PhotosQuery) -> Vec<Head> {
    if query.shelf == Shelf::Trash {
        return vec![head(
            query,
            SortBy::Uploaded,
            "Deleted",
            "when",
            "by deletion",
            true,
        )];
    }
    vec![
        head(query, SortBy::Name, "Name", "name", "by name", false),
        head(query, SortBy::Uploaded, "Uploaded", "when", "by upload", true),
        head(
            query,
            SortBy::Published,
            "Published",
            "when",
            "by publication",
            true,
        ),
        head(query, SortBy::Changed, "Changed", "when", "by last change", true),
        head(query, SortBy::Size, "Size", "number", "by size", true),
    ]
}

/// The first click sorts as people mostly want it: names from A, the newest and the largest first.
fn head(
    query: &PhotosQuery,
    sort: SortBy,
    name: &'static str,
    class: &'static str,
    label: &str,
    descends_first: bool,
) -> Head {
    let is_sorted = query.sort == sort;
    let descends = if is_sorted {
        !query.descending
    } else {
        descends_first
    };
    Head {
        name,
        href: query.changed(|query| (query.sort, query.descending) = (sort, descends)),
        sorted: match (is_sorted, query.descending) {
            (false, _) => "none",
            (true, true) => "descending",
            (true, false) => "ascending",
        },
        label: format!(
            "Sort {label}, {}",
            if descends { "descending" } else { "ascending" }
        ),
        class,
    }
}
