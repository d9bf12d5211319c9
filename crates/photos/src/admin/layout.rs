//! What every page has around it.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, LOCATION};
use askama::Template;

use super::error::PageError;
use super::flash::Flash;
use super::links;
use super::visit::Visit;

/// The sections of the admin: path, name.
const SECTIONS: [(&str, &str); 4] = [
    ("/admin/photos", "Photos"),
    ("/admin/users", "Users"),
    ("/admin/history", "History"),
    ("/admin/system", "System"),
];

/// The frame of a page.
pub(super) struct Layout {
    pub(super) title: String,
    pub(super) csrf: String,
    pub(super) username: Option<String>,
    pub(super) theme: &'static str,
    pub(super) flash: Option<Flash>,
    /// Path and query of this page, to come back to.
    pub(super) here: String,
    visit: Visit,
}

/// A section in the header.
pub(super) struct Section {
    pub(super) path: &'static str,
    pub(super) name: &'static str,
    pub(super) is_here: bool,
}

impl Layout {
    pub(super) fn new(visit: &Visit, title: impl Into<String>) -> Self {
        // A page that answers a form cannot be come back to.
        let here = links::local(visit.path()).unwrap_or(links::ROOT);
        Self {
            title: title.into(),
            csrf: visit.csrf(),
            username: visit.user().map(|user| user.username.clone()),
            theme: visit.theme().as_str(),
            flash: visit.take_flash(),
            here: here.to_owned(),
            visit: visit.clone(),
        }
    }

    /// The path of an embedded file.
    pub(super) fn asset(&self, name: &str) -> &str {
        self.visit.admin().assets.path(name)
    }

    pub(super) fn next_theme(&self) -> &'static str {
        self.visit.theme().next().0.as_str()
    }

    pub(super) fn next_theme_label(&self) -> &'static str {
        self.visit.theme().next().1
    }

    /// A page of the gallery, if it is known where that is.
    pub(super) fn gallery(&self, path: impl std::fmt::Display) -> Option<String> {
        let gallery = self.visit.app().env.gallery_url.as_ref()?;
        Some(format!("{}{path}", gallery.as_str().trim_end_matches('/')))
    }

    pub(super) fn sections(&self) -> [Section; 4] {
        SECTIONS.map(|(path, name)| Section {
            path,
            name,
            is_here: self.here.starts_with(path),
        })
    }
}

/// A page as an answer.
pub(super) fn html(status: StatusCode, page: &impl Template) -> Result<HttpResponse, PageError> {
    Ok(HttpResponse::build(status)
        .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
        .body(page.render()?))
}

/// A page that is well.
pub(super) fn ok(page: &impl Template) -> Result<HttpResponse, PageError> {
    html(StatusCode::OK, page)
}

/// To another page of the admin, which is then fetched.
pub(super) fn see(path: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, path)).finish()
}
