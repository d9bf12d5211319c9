//! The page for what went wrong.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, HeaderValue, RETRY_AFTER};
use askama::Template;

use crate::error::{PageError, Told};
use crate::layout::{Layout, html};
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    layout: Layout,
    status: u16,
    heading: &'static str,
    text: String,
    request_id: String,
    is_ours: bool,
}

/// The page; without a photos service too.
pub(crate) fn page(visit: &Visit, error: &PageError) -> HttpResponse {
    let Told {
        status,
        heading,
        text,
    } = error.told();
    let page = ErrorPage {
        layout: Layout::new(visit, heading),
        status: status.as_u16(),
        heading,
        text,
        request_id: visit.request_id().to_owned(),
        is_ours: status.is_server_error(),
    };
    let mut answer = html(status, &page).unwrap_or_else(|_| HttpResponse::new(status));
    finish(&mut answer, status);
    answer
}

/// The same for scripts.
pub(crate) fn json(error: &PageError) -> HttpResponse {
    let Told {
        status,
        heading,
        text,
    } = error.told();
    let mut answer =
        HttpResponse::build(status).json(serde_json::json!({ "title": heading, "detail": text }));
    finish(&mut answer, status);
    answer
}

fn finish(answer: &mut HttpResponse, status: StatusCode) {
    let headers = answer.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
    }
}
