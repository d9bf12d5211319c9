//! One photo.

use actix_web::web::{Data, Path};
use actix_web::{Responder, get};
use photos_api::{Photo, PhotoId};

use super::show;
use crate::app::App;
use crate::domain::{PhotoRow, policy};
use crate::error::Error;
use crate::http::caller::Viewer;
use crate::http::query::NoQuery;

/// One photo
///
/// A draft is there for its owner and for staff only.
#[utoipa::path(
    tag = "photos",
    security((), ("bearer" = [])),
    params(("id" = PhotoId, Path, description = "The photo")),
    responses(
        (status = 200, description = "The photo", body = Photo,
            headers(("ETag" = String, description = "Its version, for `If-Match`"))),
        (status = 404, description = "`not-found`: no such photo, or another's draft"),
    )
)]
#[get("/photos/{id}")]
pub(super) async fn get_photo(
    app: Data<App>,
    viewer: Viewer,
    id: Path<PhotoId>,
    _: NoQuery,
) -> Result<impl Responder, Error> {
    let row = visible(&app, &viewer, *id).await?;
    Ok(show::ok(&app, row))
}

/// The photo, if the viewer may see it.
pub(super) async fn visible(app: &App, viewer: &Viewer, id: PhotoId) -> Result<PhotoRow, Error> {
    let row = app.db.get_photo(id).await?;
    row.filter(|row| policy::can_see(viewer.actor().as_ref(), row))
        .ok_or(Error::NotFound)
}
