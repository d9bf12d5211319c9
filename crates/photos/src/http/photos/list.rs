//! Lists of photos.

use actix_web::http::header::ContentType;
use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use photos_api::{PhotoPage, PhotosQuery};
use serde::{Serialize, Serializer};

use super::cursor::Cursors;
use super::{filter, show};
use crate::app::App;
use crate::db::photos::{Page, Position};
use crate::domain::PhotoRow;
use crate::error::Error;
use crate::http::caller::Viewer;
use crate::http::query::Query;

/// Bytes of a page without its photos, and of a photo with a caption of usual length.
const LINKS: usize = 1024;
const USUAL: usize = 1280;

/// Photos
///
/// Published photos, newest first. `owner=me` and `draft=true` are for users who are logged in. A cursor is good for the filters
/// and the order that it was made with.
#[utoipa::path(
    tag = "photos",
    security((), ("bearer" = [])),
    params(PhotosQuery),
    responses(
        (status = 200, description = "A page, with absolute links to the next and the previous one", body = PhotoPage),
        (status = 400, description = "`invalid-cursor`, `malformed-request`"),
        (status = 401, description = "`unauthenticated`: a guest has no drafts"),
        (status = 403, description = "`forbidden`: another's drafts"),
    )
)]
#[get("/photos")]
pub(super) async fn list_photos(
    app: Data<App>,
    viewer: Viewer,
    Query(query): Query<PhotosQuery>,
) -> Result<HttpResponse, Error> {
    let Some(mut list) = filter::read(&query, &viewer)? else {
        let nothing = Page {
            rows: Vec::new(),
            next: None,
            previous: None,
            count: query.count.unwrap_or_default().then_some(0),
        };
        return answer(json(&app, &query, "", &nothing)?);
    };
    let filters = filter::text(&list);
    list.position = match &query.cursor {
        Some(cursor) => Some(cursors(&app, &filters).open(cursor)?),
        None => None,
    };
    let shared = Data::clone(&app);
    let made = move |page| json(&shared, &query, &filters, &page);
    answer(app.db.list_photos_as(&list, made).await??)
}

fn cursors<'a>(app: &App, filters: &'a str) -> Cursors<'a> {
    Cursors::new(app.env.jwt_secret.expose().as_bytes(), filters)
}

fn answer(json: Vec<u8>) -> Result<HttpResponse, Error> {
    Ok(HttpResponse::Ok().content_type(ContentType::json()).body(json))
}

/// Writes what a [`photos_api::PhotoPage`] writes.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    next: Option<String>,
    previous: Option<String>,
    #[serde(serialize_with = "photos")]
    results: (&'a App, &'a [PhotoRow]),
}

fn photos<S: Serializer>((app, rows): &(&App, &[PhotoRow]), serializer: S) -> Result<S::Ok, S::Error> {
    let (base, presets) = (show::base(app), app.media.presets());
    serializer.collect_seq(rows.iter().map(|row| show::Shown {
        row,
        base: &base,
        presets,
    }))
}

/// The page of a list, with links to the pages beside it.
fn json(app: &App, query: &PhotosQuery, filters: &str, page: &Page) -> Result<Vec<u8>, Error> {
    let cursors = cursors(app, filters);
    let link = |position: Position| link(app, query, cursors.seal(&position));
    let mut json = Vec::with_capacity(LINKS + page.rows.len() * USUAL);
    let shown = Shown {
        count: page.count,
        next: page.next.map(link).transpose()?,
        previous: page.previous.map(link).transpose()?,
        results: (app, &page.rows),
    };
    serde_json::to_writer(&mut json, &shown).map_err(Error::internal)?;
    Ok(json)
}

/// The same list at another place.
fn link(app: &App, query: &PhotosQuery, cursor: String) -> Result<String, Error> {
    let query = PhotosQuery {
        cursor: Some(cursor),
        ..query.clone()
    };
    let query = serde_urlencoded::to_string(&query).map_err(Error::internal)?;
    Ok(format!("{}/photos?{query}", show::base(app)))
}
