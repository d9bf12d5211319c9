//! The shell around every page of the admin, within the one around every call: who calls, the page's headers and cookies, and
//! the one place where an error becomes a page.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{HttpMessage as _, HttpResponse};
use askama::Template;

use super::assets;
use super::error::{PageError, Told};
use super::layout::{Layout, html};
use super::links::{self, encode};
use super::visit::Visit;
use crate::app::App;
use crate::error::{Error, whole_seconds};
use crate::http::call::Call;
use crate::http::shell::{Page, log_cause};

/// Only what the admin brings itself, and nothing inside the page's text.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

#[derive(Template)]
#[template(path = "admin/error.html")]
struct ErrorPage {
    layout: Layout,
    status: u16,
    heading: &'static str,
    text: String,
    request_id: String,
    is_ours: bool,
}

pub(super) async fn shell<B: MessageBody + 'static>(
    app: Data<App>,
    call: Call,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    if assets::is_asset(request.path()) {
        // The same for everybody, and kept by caches: no cookie is read or set.
        let mut answer = next.call(request).await?.map_into_boxed_body();
        complete(answer.headers_mut());
        return Ok(answer);
    }
    let (visit, outcome) = Visit::read(&request, app, call).await;
    request.extensions_mut().insert(visit.clone());
    let answer = match outcome {
        Err(error) => request.error_response(error),
        Ok(()) if visit.user().is_none() && !visit.is_open_to_all() => {
            request.error_response(PageError::LoginNeeded)
        }
        Ok(()) => next.call(request).await?.map_into_boxed_body(),
    };
    let mut answer = settle(answer, &visit);
    answer.response_mut().extensions_mut().insert(Page);
    complete(answer.headers_mut());
    for cookie in visit.take_cookies() {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    // A page that answers a form cannot be fetched again without sending the form again: on the way back the browser may show
    // it as it was.
    let is_page = answer.headers().contains_key(header::CONTENT_TYPE);
    let caching = if is_page && answer.request().method() == Method::POST {
        "private, no-cache"
    } else {
        "private, no-store"
    };
    set_default(answer.headers_mut(), header::CACHE_CONTROL, caching);
    Ok(answer)
}

/// Turns whatever went wrong into a page, or a way to the login.
fn settle(answer: ServiceResponse<BoxBody>, visit: &Visit) -> ServiceResponse<BoxBody> {
    let response = answer.response();
    let foreign;
    let error = match response.error() {
        Some(error) => match error.as_error::<PageError>() {
            Some(error) => error,
            None => {
                foreign = from_framework(response.status(), error.to_string());
                &foreign
            }
        },
        None => return answer,
    };
    if let PageError::Service(error) = error {
        log_cause(error);
    }
    let page = if matches!(error, PageError::LoginNeeded) {
        to_login(&answer, visit)
    } else {
        page(visit, error)
    };
    let (request, _) = answer.into_parts();
    ServiceResponse::new(request, page)
}

fn from_framework(status: StatusCode, reason: String) -> PageError {
    match status {
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => PageError::NotFound,
        StatusCode::PAYLOAD_TOO_LARGE => PageError::TooLarge,
        status if status.is_client_error() => PageError::Unreadable(reason),
        _ => PageError::internal(reason),
    }
}

/// To the login, and from there back to where the visitor was.
fn to_login(answer: &ServiceResponse<BoxBody>, visit: &Visit) -> HttpResponse {
    visit.keep_flash();
    let request = answer.request();
    let back = if request.method() == Method::GET {
        links::local(visit.path()).map(str::to_owned)
    } else {
        referer(request.headers())
    };
    let next = back.filter(|back| back != links::ROOT);
    let location = next.map_or("/admin/login".to_owned(), |next| {
        format!("/admin/login?next={}", encode(&next))
    });
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, location))
        .finish()
}

/// The path of the page before; its host does not matter, for only the path is used.
fn referer(headers: &HeaderMap) -> Option<String> {
    let url = url::Url::parse(headers.get(header::REFERER)?.to_str().ok()?).ok()?;
    links::local(url.path()).map(str::to_owned)
}

fn page(visit: &Visit, error: &PageError) -> HttpResponse {
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
        request_id: visit.call().request_id.clone(),
        is_ours: status.is_server_error(),
    };
    let mut answer = html(status, &page).unwrap_or_else(|_| HttpResponse::new(status));
    if let PageError::Service(error) = error
        && let Some(wait) = Error::retry_after(error)
    {
        let seconds = HeaderValue::from(whole_seconds(wait));
        answer.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    answer
}

fn complete(headers: &mut HeaderMap) {
    set_default(headers, header::CONTENT_SECURITY_POLICY, POLICY);
    // Logins and logouts go back to the page that they came from.
    set_default(headers, header::REFERRER_POLICY, "same-origin");
    set_default(
        headers,
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    );
    set_default(
        headers,
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    );
}

fn set_default(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    if !headers.contains_key(&name) {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
