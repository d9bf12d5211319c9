//! The shell around every call: who calls, its line in the log, its counters, its headers, and the one place where an
//! error becomes a page.

use std::time::{Duration, Instant};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse};
use photos_client::types::REQUEST_ID;
use tracing::Instrument as _;

use crate::app::App;
use crate::error::PageError;
use crate::flash::Flash;
use crate::layout::see;
use crate::visit::Visit;
use crate::{assets, links, packing, pages, pictures};

/// Only what this site brings itself, and nothing inside the page's text.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; \
                      base-uri 'none'";

pub(crate) async fn shell<B: MessageBody + 'static>(
    app: Data<App>,
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let started = Instant::now();
    let method = request.method().clone();
    let packs = packing::is_taken(request.headers());
    if method == Method::HEAD {
        // Routed as GET; the connection knows that it was HEAD, and leaves the body out.
        request.head_mut().method = Method::GET;
    }
    if assets::is_asset(request.path()) || pictures::is_public(request.path()) {
        // The same for everybody, and kept by caches: no cookie is read or set.
        let request_id = uuid::Uuid::now_v7().to_string();
        let span = tracing::info_span!("call", request_id);
        let call = async {
            let answer = next.call(request).await?.map_into_boxed_body();
            let mut answer = settle_file(answer, &request_id);
            complete(answer.headers_mut());
            count(&app, &answer, &method, started.elapsed());
            Ok(answer)
        };
        return call.instrument(span).await;
    }
    let (visit, refused) = match Visit::read(&request, app.clone()).await {
        Ok(visit) => (visit, None),
        Err((visit, error)) => (visit, Some(error)),
    };
    request.extensions_mut().insert(visit.clone());
    let span = tracing::info_span!("call", request_id = visit.request_id());
    async {
        let answer = match refused {
            Some(error) => request.error_response(error),
            None => next.call(request).await?.map_into_boxed_body(),
        };
        // Only the pages of guests: doc/frontend.md.
        let mut answer = packing::page(settle(answer, &visit), packs && visit.session().is_none());
        complete(answer.headers_mut());
        for cookie in visit.take_cookies() {
            answer.headers_mut().append(header::SET_COOKIE, cookie);
        }
        sign(answer.headers_mut(), visit.request_id());
        let caching = caching(&method, answer.headers());
        set_default(answer.headers_mut(), header::CACHE_CONTROL, caching);
        count(&app, &answer, &method, started.elapsed());
        Ok(answer)
    }
    .instrument(span)
    .await
}

/// Turns whatever went wrong into a page, a way to the login, or JSON for scripts.
fn settle(answer: ServiceResponse<BoxBody>, visit: &Visit) -> ServiceResponse<BoxBody> {
    settled(answer, |error, request| {
        let accept = request.headers().get(header::ACCEPT);
        if accept.is_some_and(|accept| accept.as_bytes().starts_with(b"application/json")) {
            pages::error::json(error)
        } else if error.is_login_needed() {
            to_login(visit, request.method(), error)
        } else {
            pages::error::page(visit, error, request.method() == Method::POST)
        }
    })
}

/// A picture or a file that is not there: no cache must keep that, for it may be there a moment later.
fn settle_file(answer: ServiceResponse<BoxBody>, request_id: &str) -> ServiceResponse<BoxBody> {
    settled(answer, |error, _| {
        let mut said = pages::error::plain(error);
        sign(said.headers_mut(), request_id);
        said
    })
}

/// What `page` makes of what went wrong, if something did; the cause is logged.
fn settled(
    answer: ServiceResponse<BoxBody>,
    page: impl FnOnce(&PageError, &HttpRequest) -> HttpResponse,
) -> ServiceResponse<BoxBody> {
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
    if let Some(cause) = error.cause() {
        tracing::error!(%cause, "what was asked for could not be made");
    }
    let page = page(error, answer.request());
    let (request, _) = answer.into_parts();
    ServiceResponse::new(request, page)
}

fn from_framework(status: StatusCode, reason: String) -> PageError {
    match status {
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => PageError::NotFound,
        StatusCode::PAYLOAD_TOO_LARGE => PageError::TooLarge("Send something smaller.".to_owned()),
        status if status.is_client_error() => PageError::Unreadable(format!("{reason}.")),
        _ => PageError::Internal(reason),
    }
}

/// To the login, and from there back to where the visitor was.
fn to_login(visit: &Visit, method: &Method, error: &PageError) -> HttpResponse {
    if visit.has_ended() || !matches!(error, PageError::LoginNeeded) {
        visit.end();
        visit.leave(&Flash::problem(if method == Method::POST {
            "Your session has ended, and what you sent was not done. Please log in again."
        } else {
            "Your session has ended. Please log in again."
        }));
    }
    see(&format!("/login?next={}", links::encode(visit.here())))
}

/// Whose page it is and in which colours can change before somebody comes back to it. But a page that answers a form cannot
/// be fetched again without sending the form again: it is shown as it was, and the browser has no question to ask.
fn caching(method: &Method, headers: &HeaderMap) -> &'static str {
    if method == Method::POST && packing::is_page(headers) {
        "private, no-cache"
    } else {
        "private, no-store"
    }
}

fn sign(headers: &mut HeaderMap, request_id: &str) {
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(HeaderName::from_static(REQUEST_ID), id);
    }
}

fn complete(headers: &mut HeaderMap) {
    set_default(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set_default(headers, header::X_FRAME_OPTIONS, "DENY");
    set_default(headers, header::REFERRER_POLICY, "same-origin");
    set_default(headers, header::CONTENT_SECURITY_POLICY, POLICY);
    set_default(
        headers,
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    );
}

fn set_default(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    if !headers.contains_key(&name) {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

fn count(app: &App, answer: &ServiceResponse<BoxBody>, method: &Method, took: Duration) {
    let route = answer
        .request()
        .match_pattern()
        .unwrap_or_else(|| "unmatched".to_owned());
    let status = answer.status().as_u16();
    let method = match method.as_str() {
        known @ ("GET" | "HEAD" | "POST") => known,
        _ => "other",
    };
    app.metrics.answered(&route, method, status, took);
    let ms = took.as_secs_f64() * 1000.0;
    tracing::info!(method, route, status, ms, "answered");
}
