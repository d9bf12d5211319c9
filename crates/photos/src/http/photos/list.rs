//! Lists of photos.

use actix_web::http::header::ContentType;
use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use photos_api::{PhotoPage, PhotosQuery};
use serde::Serialize;
use serde_json::value::RawValue;

use super::cursor::Cursors;
use super::written::Json;
use super::{filter, show};
use crate::app::App;
use crate::db::photos::{Entry, Page, Position};
use crate::domain::Edition;
use crate::error::Error;
use crate::http::caller::Viewer;
use crate::http::query::Query;

/// Bytes of a page without its photos.
const LINKS: usize = 1024;

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
        return answer(json(&app, &query, "", nothing)?);
    };
    let filters = filter::text(&list);
    list.position = match &query.cursor {
        Some(cursor) => Some(cursors(&app, &filters).open(cursor)?),
        None => None,
    };
    let (knowing, making) = (Data::clone(&app), Data::clone(&app));
    let know = move |edition: &Edition| knowing.written.get(edition);
    let make = move |page| json(&making, &query, &filters, page);
    answer(app.db.list_photos_known(&list, know, make).await??)
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
    results: Vec<&'a RawValue>,
}

/// The page of a list, with links to the pages beside it.
fn json(app: &App, query: &PhotosQuery, filters: &str, page: Page<Entry<Json>>) -> Result<Vec<u8>, Error> {
    let cursors = cursors(app, filters);
    let link = |position: Position| link(app, query, cursors.seal(&position));
    let base = show::base(app);
    let photos = page.rows.into_iter().map(|entry| match entry {
        Entry::Known(json) => Ok(json),
        Entry::New(row) => app.written.write(&base, app.media.presets(), &row),
    });
    let photos = photos.collect::<Result<Vec<_>, _>>().map_err(Error::internal)?;
    let length = photos.iter().map(|photo| photo.get().len() + 1).sum::<usize>();
    let mut json = Vec::with_capacity(LINKS + length);
    let shown = Shown {
        count: page.count,
        next: page.next.map(link).transpose()?,
        previous: page.previous.map(link).transpose()?,
        results: photos.iter().map(|photo| &**photo).collect(),
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
