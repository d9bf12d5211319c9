//! One's own sessions: which there are, and ending one.

use actix_web::web::{self, Data, Path};
use actix_web::{HttpResponse, Responder, delete, get};
use photos_api::{Session, SessionId, SessionList};
use utoipa_actix_web::service_config::ServiceConfig;

use super::caller::Caller;
use super::json::NoFields;
use super::query::NoQuery;
use crate::app::App;
use crate::domain::now_micros;
use crate::error::Error;

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list_sessions).service(delete_session);
}

/// My sessions
///
/// Last used first.
#[utoipa::path(
    tag = "users",
    security(("bearer" = [])),
    responses((status = 200, description = "Sessions that go on", body = SessionList))
)]
#[get("/users/me/sessions")]
async fn list_sessions(app: Data<App>, caller: Caller, _: NoQuery) -> Result<impl Responder, Error> {
    let sessions = app.db.list_sessions(caller.user.id, now_micros()).await?;
    let show = |session: crate::db::sessions::Session| Session {
        current: session.id == caller.session_id,
        id: session.id,
        created_at: session.created_at,
        last_used_at: session.last_used_at,
        address: Some(session.address).filter(|text| !text.is_empty()),
        user_agent: Some(session.user_agent).filter(|text| !text.is_empty()),
    };
    Ok(web::Json(SessionList {
        results: sessions.into_iter().map(show).collect(),
    }))
}

/// End a session
///
/// Its access tokens are refused at once.
#[utoipa::path(
    tag = "users",
    security(("bearer" = [])),
    params(("id" = SessionId, Path, description = "The session")),
    responses(
        (status = 204, description = "Ended"),
        (status = 404, description = "`not-found`: not one of one's own, or ended before"),
    )
)]
#[delete("/users/me/sessions/{id}")]
async fn delete_session(
    app: Data<App>,
    caller: Caller,
    id: Path<SessionId>,
    _: NoQuery,
    _: NoFields,
) -> Result<impl Responder, Error> {
    let (actor, user) = (caller.actor(), caller.user.id);
    if app.db.end_session(Some(&actor), user, *id, now_micros()).await? {
        Ok(HttpResponse::NoContent().finish())
    } else {
        Err(Error::NotFound)
    }
}
