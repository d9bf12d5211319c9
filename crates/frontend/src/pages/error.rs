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
    /// After a form: the page that it was on. The form's own address is no page.
    back: Option<String>,
}

/// The page; without a photos service too. `back` is the page of the form, if it was one that went wrong.
pub(crate) fn page(visit: &Visit, error: &PageError, back: Option<String>) -> HttpResponse {
    let Told {
        status,
        heading,
        mut text,
    } = error.told();
    let mut layout = Layout::new(visit, heading);
    if let Some(back) = &back {
        layout.here.clone_from(back);
        if status.is_server_error() {
            text.push_str(" Whether what you sent was done is not certain: look first.");
        }
    }
    let page = ErrorPage {
        layout,
        status: status.as_u16(),
        heading,
        text,
        request_id: visit.request_id().to_owned(),
        is_ours: status.is_server_error(),
        back,
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
    let mut body = serde_json::json!({ "title": heading, "detail": text });
    if error.is_login_needed() {
        // In a tab of its own: what is in the page of the script is not lost then.
        body["login"] = "/login".into();
        body["detail"] = "You are logged out. Log in, then try again: nothing that you chose is lost.".into();
    }
    let mut answer = HttpResponse::build(status).json(body);
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
