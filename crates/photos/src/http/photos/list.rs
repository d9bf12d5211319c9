//! Lists of photos.

use actix_web::web::{Data, Json};
use actix_web::{Responder, get};
use photos_api::{PhotoPage, PhotosQuery};

use super::cursor::Cursors;
use super::{filter, show};
use crate::app::App;
use crate::db::photos::Position;
use crate::error::Error;
use crate::http::caller::Viewer;
use crate::http::query::Query;

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
) -> Result<impl Responder, Error> {
    let Some(mut list) = filter::read(&query, &viewer)? else {
        let count = query.count.unwrap_or_default().then_some(0);
        return Ok(Json(PhotoPage {
            count,
            next: None,
            previous: None,
            results: Vec::new(),
        }));
    };
    let filters = filter::text(&list);
    let cursors = Cursors::new(app.env.jwt_secret.expose().as_bytes(), &filters);
    list.position = query
        .cursor
        .as_deref()
        .map(|cursor| cursors.open(cursor))
        .transpose()?;
    let page = app.db.list_photos(&list).await?;
    let link = |position: Position| link(&app, &query, cursors.seal(&position));
    Ok(Json(PhotoPage {
        count: page.count,
        next: page.next.map(link).transpose()?,
        previous: page.previous.map(link).transpose()?,
        results: page.rows.into_iter().map(|row| show::photo(&app, row)).collect(),
    }))
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
