//! What every page has around it.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, LOCATION};
use askama::Template;

use crate::error::PageError;
use crate::flash::Flash;
use crate::links;
use crate::theme::Theme;
use crate::visit::Visit;

/// The frame of a page.
pub(crate) struct Layout {
    pub(crate) title: String,
    pub(crate) csrf: String,
    pub(crate) username: Option<String>,
    pub(crate) theme: &'static str,
    pub(crate) flash: Option<Flash>,
    /// Whether the visitor was logged in until it was found out for this page that the session has ended elsewhere.
    pub(crate) has_ended: bool,
    /// Path and query of this page; of the page that the form was on, if this one answers a form.
    pub(crate) here: String,
    /// What stands in the search field.
    pub(crate) query: String,
    visit: Visit,
}

impl Layout {
    /// For a page that has asked the photos service for all that it shows: only then it is known whether the session
    /// goes on. Texts of people in the title must be isolated.
    pub(crate) fn new(visit: &Visit, title: impl Into<String>) -> Self {
        let has_ended = visit.has_ended();
        if has_ended {
            visit.end();
        }
        Self {
            has_ended,
            title: title.into(),
            csrf: visit.csrf(),
            username: visit.session().map(|session| session.username().to_owned()),
            theme: visit.theme().as_str(),
            flash: visit.take_flash(),
            here: visit.here().to_owned(),
            query: String::new(),
            visit: visit.clone(),
        }
    }

    /// What no other answer has.
    pub(crate) fn number(&self) -> &str {
        self.visit.request_id()
    }

    /// The path of an embedded file.
    pub(crate) fn asset(&self, name: &str) -> &str {
        self.visit.app().assets.path(name)
    }

    /// The choice after this one.
    pub(crate) fn next_theme(&self) -> &'static str {
        match self.visit.theme() {
            Theme::Auto => "dark",
            Theme::Dark => "light",
            Theme::Light => "auto",
        }
    }

    /// What the button for it says.
    pub(crate) fn next_theme_label(&self) -> &'static str {
        match self.visit.theme() {
            Theme::Auto => "Switch to dark colours",
            Theme::Dark => "Switch to light colours",
            Theme::Light => "Use the colours of the system",
        }
    }

    /// The login, and from there back to this page.
    pub(crate) fn login(&self) -> String {
        let next = if self.is_at("/login") || self.is_at("/register") {
            links::parameter(&self.here, "next").unwrap_or_default()
        } else {
            self.here.clone()
        };
        match next.as_str() {
            "" | "/" => "/login".to_owned(),
            next => format!("/login?next={}", links::encode(next)),
        }
    }

    /// Whether a page of the header's links is this one.
    pub(crate) fn is_at(&self, path: &str) -> bool {
        self.here.split('?').next() == Some(path)
    }

    /// Whether the visitor is this user.
    pub(crate) fn is_me(&self, username: &str) -> bool {
        self.username.as_deref() == Some(username)
    }
}

/// A page as an answer.
pub(crate) fn html(status: StatusCode, page: &impl Template) -> Result<HttpResponse, PageError> {
    Ok(HttpResponse::build(status)
        .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
        .body(page.render()?))
}

/// A page that is well.
pub(crate) fn ok(page: &impl Template) -> Result<HttpResponse, PageError> {
    html(StatusCode::OK, page)
}

/// To another page of this site, which is then fetched.
pub(crate) fn see(path: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, path)).finish()
}

/// To the one address of a page that was asked for by another.
pub(crate) fn moved(path: &str, query: &str) -> HttpResponse {
    let mark = if query.is_empty() { "" } else { "?" };
    let to = (LOCATION, format!("{path}{mark}{query}"));
    HttpResponse::MovedPermanently().insert_header(to).finish()
}
