//! The pages: one file each, its template's struct beside its handler.

pub(crate) mod error;

mod drafts;
mod edit;
mod gallery;
mod list;
mod login;
mod outcome;
mod photo;
mod register;
mod search;
mod selection;
mod settings;
mod suggest;
mod tag;
mod theme;
mod upload;
mod user;

use actix_web::http::Method;
use actix_web::web::{self, PathConfig, QueryConfig, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, ResponseError as _};

use crate::error::PageError;
use crate::layout::{moved, see};
use crate::{assets, links, pictures};

/// Paths that take forms and are no pages, as `routes` below has them, each with the page that stands for it.
const FORMS: &[(&str, &str)] = &[
    ("/upload/file", "/upload"),
    ("/photos/selection", "/"),
    ("/logout", "/"),
    ("/settings/password", "/settings"),
    ("/settings/sessions/", "/settings"),
    ("/theme", "/"),
    ("/dismiss", "/"),
];

/// Where a login or a message leads to: a page of this site, or the first one.
pub(crate) fn page_or_home(path: Option<&str>) -> &str {
    let path = links::local_or_home(path);
    let bare = path.split(['?', '#']).next().unwrap_or_default();
    let is_at = |form: &str| bare == form || (form.ends_with('/') && bare.starts_with(form));
    let form = FORMS.iter().find(|(form, _)| is_at(form));
    form.map_or(path, |(_, page)| page)
}

/// Registers every route.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .app_data(PathConfig::default().error_handler(|_, _| PageError::NotFound.into()))
        .app_data(
            QueryConfig::default()
                .error_handler(|error, _| PageError::Unreadable(format!("{error}.")).into()),
        )
        .route("/", web::get().to(gallery::show))
        .route("/tags/{tag}", web::get().to(tag::show))
        .route("/search", web::get().to(search::show))
        .route("/@{username}", web::get().to(user::show))
        .route("/drafts", web::get().to(drafts::show))
        .route("/upload", web::get().to(upload::show))
        .route("/upload", web::post().to(upload::send_many))
        .route("/upload/file", web::post().to(upload::send_one))
        .route("/upload/token", web::get().to(upload::token))
        .route("/photos/selection", web::post().to(selection::change))
        .route("/photos/selection", web::get().to(no_route))
        .route("/photos/{id}", web::get().to(photo::show))
        .route("/photos/{id}/edit", web::get().to(edit::show))
        .route("/photos/{id}/edit", web::post().to(edit::save))
        .route(
            "/photos/{id}/images/{preset}",
            web::get().to(pictures::get_published),
        )
        .route("/photos/{id}/drafts/{preset}", web::get().to(pictures::get_draft))
        .route("/login", web::get().to(login::show))
        .route("/login", web::post().to(login::log_in))
        .route("/logout", web::post().to(login::log_out))
        .route("/register", web::get().to(register::show))
        .route("/register", web::post().to(register::register))
        .route("/settings", web::get().to(settings::show))
        .route("/settings/password", web::post().to(settings::change_password))
        .route(
            "/settings/sessions/{id}/end",
            web::post().to(settings::end_session),
        )
        .route("/settings/sessions/end", web::post().to(settings::end_all))
        .route("/theme", web::post().to(theme::choose))
        .route("/dismiss", web::post().to(selection::dismiss))
        .route("/suggest/tags", web::get().to(suggest::tags))
        .route("/assets/{file}", web::get().to(assets::get_asset))
        .route("/favicon.ico", web::get().to(no_icon))
        .route("/robots.txt", web::get().to(robots));
}

/// What answers when no route does. A page is also found with a slash behind it, and who opens the address of an answer to a
/// form comes to its page.
pub(crate) async fn no_route(request: HttpRequest) -> Result<HttpResponse, PageError> {
    let path = links::local(request.path()).filter(|_| request.method() == Method::GET);
    let path = path.ok_or(PageError::NotFound)?;
    let page = page_or_home(Some(path));
    if page != path {
        return Ok(see(page));
    }
    match path.strip_suffix('/').filter(|bare| !bare.is_empty()) {
        Some(bare) => Ok(moved(bare, request.query_string())),
        None => Err(PageError::NotFound),
    }
}

/// Browsers ask for it unless a page names an icon, as all pages here do.
async fn no_icon() -> HttpResponse {
    PageError::NotFound.error_response()
}

async fn robots() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .body("User-agent: *\nDisallow: /upload\nDisallow: /drafts\nDisallow: /settings\nDisallow: /login\n")
}
