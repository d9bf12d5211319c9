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

/// The page; without a photos service too. It leads back to the form, if it was one that went wrong.
pub(crate) fn page(visit: &Visit, error: &PageError, was_form: bool) -> HttpResponse {
    let Told {
        status,
        heading,
        mut text,
    } = error.told();
    let layout = Layout::new(visit, heading);
    if was_form && status.is_server_error() {
        text.push_str(" Whether what you sent was done is not certain: look first.");
    }
    let page = ErrorPage {
        back: was_form.then(|| layout.here.clone()),
        layout,
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
    let mut body = serde_json::json!({ "title": heading, "detail": text });
    if error.is_login_needed() {
        // In a tab of its own: what is in the page of the script is not lost then.
        body["login"] = "/login".into();
        body["detail"] = "You are logged out. Log in, then try again: nothing that you chose is lost.".into();
    }
    let mut answer = HttpResponse::build(status)
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(body);
    finish(&mut answer, status);
    answer
}

/// The same where a picture or a file was asked for.
pub(crate) fn plain(error: &PageError) -> HttpResponse {
    let Told {
        status,
        heading,
        text,
    } = error.told();
    let mut answer = HttpResponse::build(status)
        .insert_header((CACHE_CONTROL, "no-store"))
        .content_type("text/plain; charset=utf-8")
        .body(format!("{heading}. {text}\n"));
    finish(&mut answer, status);
    answer
}

fn finish(answer: &mut HttpResponse, status: StatusCode) {
    if status == StatusCode::SERVICE_UNAVAILABLE {
        let headers = answer.headers_mut();
        headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
    }
}
