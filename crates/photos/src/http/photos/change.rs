//! Changes of one photo: each is a batch of one.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, Responder, delete, patch, post};
use photos_api::{Photo, PhotoEdit, PhotoId};
use utoipa_actix_web::service_config::ServiceConfig;

use super::precondition::Precondition;
use super::show;
use crate::app::App;
use crate::db::photos::{Action, Change, Edit, Mode};
use crate::domain::{PhotoRow, now_micros};
use crate::error::Error;
use crate::http::caller::Caller;
use crate::http::json::{Json, NoFields};
use crate::http::query::NoQuery;

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(edit_photo)
        .service(delete_photo)
        .service(publish_photo)
        .service(unpublish_photo)
        .service(restore_photo);
}

/// Edit
///
/// Changes what is there. Editing never moves `published_at`.
#[utoipa::path(
    tag = "photos",
    security(("bearer" = [])),
    params(
        ("id" = PhotoId, Path, description = "The photo"),
        ("If-Match" = Option<String>, Header, description = "Only if this is its version"),
    ),
    request_body(content = PhotoEdit, example = json!({"caption": "at #dawn"})),
    responses(
        (status = 200, description = "The photo as it is now", body = Photo),
        (status = 403, description = "`forbidden`: another's photo"),
        (status = 404, description = "`not-found`"),
        (status = 412, description = "`precondition-failed`"),
    )
)]
#[patch("/photos/{id}")]
async fn edit_photo(
    app: Data<App>,
    caller: Caller,
    id: Path<PhotoId>,
    request: HttpRequest,
    _: NoQuery,
    Json(body): Json<PhotoEdit>,
) -> Result<impl Responder, Error> {
    let edit = Edit {
        name: body.name,
        caption: body.caption,
        draft: body.draft,
        owner: None,
    };
    let row = change(&app, &caller, *id, &request, Action::Edit(edit)).await?;
    Ok(show::ok(&app, row))
}

/// Delete
///
/// The photo is gone at once and everywhere. It can be restored for a while.
#[utoipa::path(
    tag = "photos",
    security(("bearer" = [])),
    params(
        ("id" = PhotoId, Path, description = "The photo"),
        ("If-Match" = Option<String>, Header, description = "Only if this is its version"),
    ),
    responses(
        (status = 204, description = "Deleted"),
        (status = 403, description = "`forbidden`: another's photo"),
        (status = 404, description = "`not-found`"),
        (status = 412, description = "`precondition-failed`"),
    )
)]
#[delete("/photos/{id}")]
async fn delete_photo(
    app: Data<App>,
    caller: Caller,
    id: Path<PhotoId>,
    request: HttpRequest,
    _: NoQuery,
    _: NoFields,
) -> Result<impl Responder, Error> {
    change(&app, &caller, *id, &request, Action::Delete).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Publish
///
/// Publishing a published photo changes nothing.
#[utoipa::path(
    tag = "photos",
    security(("bearer" = [])),
    params(
        ("id" = PhotoId, Path, description = "The photo"),
        ("If-Match" = Option<String>, Header, description = "Only if this is its version"),
    ),
    responses(
        (status = 200, description = "The photo as it is now", body = Photo),
        (status = 403, description = "`forbidden`: another's photo"),
        (status = 404, description = "`not-found`"),
        (status = 412, description = "`precondition-failed`"),
    )
)]
#[post("/photos/{id}/publish")]
async fn publish_photo(
    app: Data<App>,
    caller: Caller,
    id: Path<PhotoId>,
    request: HttpRequest,
    _: NoQuery,
    _: NoFields,
) -> Result<impl Responder, Error> {
    let row = change(&app, &caller, *id, &request, Action::Publish).await?;
    Ok(show::ok(&app, row))
}

/// Unpublish
///
/// The photo is a draft again and forgets when it was published.
#[utoipa::path(
    tag = "photos",
    security(("bearer" = [])),
    params(
        ("id" = PhotoId, Path, description = "The photo"),
        ("If-Match" = Option<String>, Header, description = "Only if this is its version"),
    ),
    responses(
        (status = 200, description = "The photo as it is now", body = Photo),
        (status = 403, description = "`forbidden`: another's photo"),
        (status = 404, description = "`not-found`"),
        (status = 412, description = "`precondition-failed`"),
    )
)]
#[post("/photos/{id}/unpublish")]
async fn unpublish_photo(
    app: Data<App>,
    caller: Caller,
    id: Path<PhotoId>,
    request: HttpRequest,
    _: NoQuery,
    _: NoFields,
) -> Result<impl Responder, Error> {
    let row = change(&app, &caller, *id, &request, Action::Unpublish).await?;
    Ok(show::ok(&app, row))
}

/// Restore
///
/// Takes a deleted photo out of the trash, as it was.
#[utoipa::path(
    tag = "photos",
    security(("bearer" = [])),
    params(
        ("id" = PhotoId, Path, description = "The photo"),
        ("If-Match" = Option<String>, Header, description = "Only if this is its version"),
    ),
    responses(
        (status = 200, description = "The photo as it is now", body = Photo),
        (status = 403, description = "`forbidden`: another's, and not in the trash"),
        (status = 404, description = "`not-found`: never there, another's, or gone for good"),
        (status = 412, description = "`precondition-failed`"),
    )
)]
#[post("/photos/{id}/restore")]
async fn restore_photo(
    app: Data<App>,
    caller: Caller,
    id: Path<PhotoId>,
    request: HttpRequest,
    _: NoQuery,
    _: NoFields,
) -> Result<impl Responder, Error> {
    let row = change(&app, &caller, *id, &request, Action::Restore).await?;
    Ok(show::ok(&app, row))
}

async fn change(
    app: &App,
    caller: &Caller,
    id: PhotoId,
    request: &HttpRequest,
    action: Action,
) -> Result<PhotoRow, Error> {
    let if_match = Precondition::read(request)?.version_of(app, id).await?;
    let changes = vec![Change { id, if_match, action }];
    let done = app
        .db
        .change_photos(
            &caller.actor(),
            changes,
            Mode::Atomic,
            app.env.trash_ttl,
            now_micros(),
        )
        .await?;
    match done.into_iter().next() {
        Some(row) => Ok(row?),
        None => Err(Error::internal("a change has no result")),
    }
}
