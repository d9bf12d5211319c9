//! Users: the list, what is done with many, new ones, and one with flags, password, sessions and history.

mod bulk;
mod create;
mod detail;
mod list;

use actix_web::HttpResponse;
use actix_web::web::{self, Path, Query, ServiceConfig};
use photos_api::UserId;
use serde::Deserialize;

use super::error::PageError;
use super::layout::see;
use super::shown::sentence;
use super::visit::Visit;
use crate::db::users::ChangeUserError;
use crate::http::users::is_username;

/// Names that are offered while one is typed.
const SUGGESTED: u32 = 8;

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .route("/users", web::get().to(list::show))
        .route("/users/bulk", web::get().to(to_list))
        .route("/users/bulk", web::post().to(bulk::ask_or_act))
        .route("/users/new", web::get().to(create::show))
        .route("/users/new", web::post().to(create::create))
        .route("/users/{id}", web::get().to(detail::show))
        .route("/users/{id}/flags", web::post().to(detail::set_flags))
        .route("/users/{id}/password", web::post().to(detail::set_password))
        .route("/users/{id}/sessions", web::post().to(detail::end_sessions))
        .route("/users/{id}/{form}", web::get().to(to_user));
}

/// The page that asks has the address of its form: who opens that comes to the list.
async fn to_list() -> HttpResponse {
    see("/admin/users")
}

/// A page that answers a form has its address: who opens that comes to the user.
async fn to_user(path: Path<(UserId, String)>) -> HttpResponse {
    see(&format!("/admin/users/{}", path.0))
}

#[derive(Deserialize)]
pub(super) struct SuggestQuery {
    q: String,
}

/// Names that begin with a text, as JSON, for the field of an owner.
pub(super) async fn suggest(visit: Visit, query: Query<SuggestQuery>) -> Result<HttpResponse, PageError> {
    visit.staff()?;
    let prefix = query.q.trim().to_lowercase();
    // Two letters more are a name if the prefix can be the beginning of one.
    let names = if is_username(&format!("{prefix}xx")) {
        visit.app().db.suggest_usernames(&prefix, SUGGESTED).await?
    } else {
        Vec::new()
    };
    Ok(HttpResponse::Ok().json(names))
}

/// What a refused change of a user is for a page.
pub(super) fn change_error(error: ChangeUserError) -> PageError {
    match error {
        ChangeUserError::NotFound => PageError::NotFound,
        ChangeUserError::Forbidden => PageError::Forbidden(
            "Superusers are for superusers to change, and so is the flag that makes one.".to_owned(),
        ),
        error @ ChangeUserError::LastSuperuser => PageError::Forbidden(sentence(&error.to_string())),
        ChangeUserError::Db(error) => error.into(),
    }
}
