//! Changes of several photos.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, Responder, patch, post};
use photos_api::{BatchEditRequest, BatchIds, BatchMode, BatchQuery, BatchResponse, BatchResult, PhotoId};
use utoipa_actix_web::service_config::ServiceConfig;

use super::{check_ids, mode, settle};
use crate::app::App;
use crate::db::photos::{Action, Change, Edit};
use crate::domain::{Via, now_micros};
use crate::error::Error;
use crate::http::caller::Caller;
use crate::http::json::Json;
use crate::http::photos::precondition::Precondition;
use crate::http::photos::show;
use crate::http::query::Query;

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(edit_photos)
        .service(delete_photos)
        .service(restore_photos)
        .service(publish_photos)
        .service(unpublish_photos);
}

/// Edit several photos
#[utoipa::path(
    tag = "batches",
    security(("bearer" = [])),
    params(BatchQuery, ("If-Match" = Option<String>, Header, description = "Versions that the photos may have")),
    request_body(content = BatchEditRequest,
        example = json!({"items": [{"id": "0199a3c4-5b6d-7e8f-9012-3456789abcde", "caption": "at #dawn"}]})),
    responses(
        (status = 200, description = "All were changed; `results` in the order of the request", body = BatchResponse),
        (status = 207, description = "With `mode=each`: what became of each", body = BatchResponse),
        (status = 422, description = "`batch-rejected` with `results`, nothing was done; `validation-failed`"),
    )
)]
#[patch("/photos/batch")]
async fn edit_photos(
    app: Data<App>,
    caller: Caller,
    request: HttpRequest,
    Query(query): Query<BatchQuery>,
    Json(body): Json<BatchEditRequest>,
) -> Result<impl Responder, Error> {
    let ids: Vec<_> = body.items.iter().map(|item| item.id).collect();
    check_ids("items", ".id", &ids)?;
    let actions = body.items.into_iter().map(|item| {
        let edit = Edit {
            name: item.name,
            caption: item.caption,
            draft: item.draft,
            owner: None,
        };
        (item.id, Action::Edit(edit))
    });
    change(&app, &caller, &request, query.mode, actions.collect()).await
}

/// Delete several photos
#[utoipa::path(
    tag = "batches",
    security(("bearer" = [])),
    params(BatchQuery, ("If-Match" = Option<String>, Header, description = "Versions that the photos may have")),
    request_body(content = BatchIds, example = json!({"ids": ["0199a3c4-5b6d-7e8f-9012-3456789abcde"]})),
    responses(
        (status = 200, description = "All were deleted; `results` in the order of the request", body = BatchResponse),
        (status = 207, description = "With `mode=each`: what became of each", body = BatchResponse),
        (status = 422, description = "`batch-rejected` with `results`, nothing was done; `validation-failed`"),
    )
)]
#[post("/photos/batch/delete")]
async fn delete_photos(
    app: Data<App>,
    caller: Caller,
    request: HttpRequest,
    Query(query): Query<BatchQuery>,
    Json(body): Json<BatchIds>,
) -> Result<impl Responder, Error> {
    change_all(&app, &caller, &request, query.mode, body, &Action::Delete).await
}

/// Restore several photos
#[utoipa::path(
    tag = "batches",
    security(("bearer" = [])),
    params(BatchQuery, ("If-Match" = Option<String>, Header, description = "Versions that the photos may have")),
    request_body(content = BatchIds, example = json!({"ids": ["0199a3c4-5b6d-7e8f-9012-3456789abcde"]})),
    responses(
        (status = 200, description = "All were restored; `results` in the order of the request", body = BatchResponse),
        (status = 207, description = "With `mode=each`: what became of each", body = BatchResponse),
        (status = 422, description = "`batch-rejected` with `results`, nothing was done; `validation-failed`"),
    )
)]
#[post("/photos/batch/restore")]
async fn restore_photos(
    app: Data<App>,
    caller: Caller,
    request: HttpRequest,
    Query(query): Query<BatchQuery>,
    Json(body): Json<BatchIds>,
) -> Result<impl Responder, Error> {
    change_all(&app, &caller, &request, query.mode, body, &Action::Restore).await
}

/// Publish several photos
#[utoipa::path(
    tag = "batches",
    security(("bearer" = [])),
    params(BatchQuery, ("If-Match" = Option<String>, Header, description = "Versions that the photos may have")),
    request_body(content = BatchIds, example = json!({"ids": ["0199a3c4-5b6d-7e8f-9012-3456789abcde"]})),
    responses(
        (status = 200, description = "All are published; `results` in the order of the request", body = BatchResponse),
        (status = 207, description = "With `mode=each`: what became of each", body = BatchResponse),
        (status = 422, description = "`batch-rejected` with `results`, nothing was done; `validation-failed`"),
    )
)]
#[post("/photos/batch/publish")]
async fn publish_photos(
    app: Data<App>,
    caller: Caller,
    request: HttpRequest,
    Query(query): Query<BatchQuery>,
    Json(body): Json<BatchIds>,
) -> Result<impl Responder, Error> {
    change_all(&app, &caller, &request, query.mode, body, &Action::Publish).await
}

/// Unpublish several photos
#[utoipa::path(
    tag = "batches",
    security(("bearer" = [])),
    params(BatchQuery, ("If-Match" = Option<String>, Header, description = "Versions that the photos may have")),
    request_body(content = BatchIds, example = json!({"ids": ["0199a3c4-5b6d-7e8f-9012-3456789abcde"]})),
    responses(
        (status = 200, description = "All are drafts; `results` in the order of the request", body = BatchResponse),
        (status = 207, description = "With `mode=each`: what became of each", body = BatchResponse),
        (status = 422, description = "`batch-rejected` with `results`, nothing was done; `validation-failed`"),
    )
)]
#[post("/photos/batch/unpublish")]
async fn unpublish_photos(
    app: Data<App>,
    caller: Caller,
    request: HttpRequest,
    Query(query): Query<BatchQuery>,
    Json(body): Json<BatchIds>,
) -> Result<impl Responder, Error> {
    change_all(&app, &caller, &request, query.mode, body, &Action::Unpublish).await
}

async fn change_all(
    app: &App,
    caller: &Caller,
    request: &HttpRequest,
    mode: BatchMode,
    body: BatchIds,
    action: &Action,
) -> Result<HttpResponse, Error> {
    check_ids("ids", "", &body.ids)?;
    let actions = body.ids.into_iter().map(|id| (id, action.clone())).collect();
    change(app, caller, request, mode, actions).await
}

async fn change(
    app: &App,
    caller: &Caller,
    request: &HttpRequest,
    batch_mode: BatchMode,
    actions: Vec<(PhotoId, Action)>,
) -> Result<HttpResponse, Error> {
    let precondition = Precondition::read(request)?;
    let asked: Vec<_> = actions
        .iter()
        .map(|(id, action)| (*id, *action == Action::Delete))
        .collect();
    let mut changes = Vec::with_capacity(actions.len());
    for (id, action) in actions {
        changes.push(Change {
            id,
            if_match: precondition.version_of(app, id).await?,
            action,
        });
    }
    let actor = caller.acting(Via::Batch);
    let done = app
        .db
        .change_photos(&actor, changes, mode(batch_mode), app.env.trash_ttl, now_micros())
        .await?;
    let results = asked
        .into_iter()
        .zip(done)
        .enumerate()
        .map(|(index, ((id, deletes), outcome))| match outcome {
            Ok(_) if deletes => BatchResult::done(index, id, 204, None),
            Ok(row) => BatchResult::done(index, id, 200, Some(show::photo(app, row))),
            Err(refusal) => BatchResult::failed(index, Some(id), Error::from(refusal).problem()),
        });
    settle(batch_mode, results.collect())
}
