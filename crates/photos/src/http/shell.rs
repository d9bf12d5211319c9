//! The shell around every public call: its id, its span, its line in the log, its counters, its headers, and the one
//! place where an error becomes an answer.

use std::time::{Duration, Instant};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{HttpMessage as _, HttpResponse};
use photos_api::{BASE_PATH, PROBLEM_JSON};
use tracing::Instrument as _;

use super::call::Call;
use super::connection::Talk;
use super::query::is_utf8_when_decoded;
use crate::app::App;
use crate::error::Error;

/// Pages run nothing and frame nothing; the API's answers are data.
const DATA_ONLY: &str = "default-src 'none'; frame-ancestors 'none'";
/// The documentation's page brings its own scripts and writes styles into its elements.
const DOCS_ONLY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                         frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// Marks an answer as a page for people, which already says what went wrong.
pub(crate) struct Page;

pub(super) async fn shell<B: MessageBody + 'static>(
    app: Data<App>,
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let started = Instant::now();
    let call = Call::read(&request, &app.env.trusted_proxies);
    let method = request.method().clone();
    request.extensions_mut().insert(call.clone());
    let talk = request.conn_data::<Talk>().cloned().unwrap_or_default();
    talk.begin();
    // A body whose length was not said beforehand need not have an end.
    let linger = request
        .headers()
        .contains_key(header::TRANSFER_ENCODING)
        .then_some(app.options.linger);
    if method == Method::HEAD {
        // Routed as GET; the connection knows that it was HEAD, and leaves the body out.
        request.head_mut().method = Method::GET;
    }
    let span = tracing::info_span!("call", request_id = %call.request_id);
    async {
        let answer = if is_utf8_when_decoded(request.path()) {
            next.call(request).await?.map_into_boxed_body()
        } else {
            request.error_response(Error::Malformed("the path is not UTF-8".into()))
        };
        let mut answer = settle(answer, &call);
        complete(&mut answer, &call);
        report(&app, &answer, &call, &method, started.elapsed());
        talk.answered(linger);
        Ok(answer)
    }
    .instrument(span)
    .await
}

/// Turns whatever went wrong into the one kind of problem, and logs its cause.
fn settle(answer: ServiceResponse<BoxBody>, call: &Call) -> ServiceResponse<BoxBody> {
    let path = answer.request().path().to_owned();
    let known = answer
        .response()
        .error()
        .and_then(|error| error.as_error::<Error>());
    let problem = match known {
        Some(error) => {
            log_cause(error);
            error.answer(Some(&path), Some(&call.request_id))
        }
        None => match foreign(answer.response()) {
            Some(error) => {
                log_cause(&error);
                error.answer(Some(&path), Some(&call.request_id))
            }
            None => return answer,
        },
    };
    let (request, _) = answer.into_parts();
    ServiceResponse::new(request, problem)
}

/// The error behind an answer that the framework or a library made by itself.
fn foreign(response: &HttpResponse) -> Option<Error> {
    let status = response.status();
    if response.extensions().get::<Page>().is_some() {
        return None;
    }
    if !status.is_client_error() && !status.is_server_error() {
        return None;
    }
    let is_problem = |value: &HeaderValue| value.as_bytes().starts_with(PROBLEM_JSON.as_bytes());
    if response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(is_problem)
    {
        return None;
    }
    let reason = response
        .error()
        .map_or_else(|| status.to_string(), ToString::to_string);
    Some(match status {
        StatusCode::NOT_FOUND => Error::NotFound,
        status if status.is_client_error() => Error::Malformed(reason),
        _ => Error::internal(reason),
    })
}

/// Tells the log, and nobody else, why a call failed.
pub(crate) fn log_cause(error: &Error) {
    let cause = error.cause().map(|cause| config::with_causes(cause.as_ref()));
    match (error, cause) {
        (Error::Internal(_), Some(cause)) => tracing::error!(code = %error.code(), %cause, "a call failed"),
        (_, Some(cause)) => tracing::warn!(code = %error.code(), %cause, "a call could not be served"),
        (Error::Overloaded(what), None) => {
            tracing::warn!(code = %error.code(), what, "a call was turned away");
        }
        (Error::ImageCorrupt(why), None) => {
            tracing::info!(code = %error.code(), why, "an upload was refused");
        }
        (_, None) => {}
    }
}

fn complete(answer: &mut ServiceResponse<BoxBody>, call: &Call) {
    let path = answer.request().path();
    let (is_api, is_docs) = (path.starts_with(BASE_PATH), path.starts_with("/docs"));
    let headers = answer.headers_mut();
    call.sign(headers);
    set_default(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set_default(headers, header::X_FRAME_OPTIONS, "DENY");
    set_default(headers, header::REFERRER_POLICY, "no-referrer");
    set_default(
        headers,
        header::CONTENT_SECURITY_POLICY,
        if is_docs { DOCS_ONLY } else { DATA_ONLY },
    );
    if is_api {
        // Tokens, drafts and problems: whatever does not say otherwise is kept by nobody.
        set_default(headers, header::CACHE_CONTROL, "no-store");
    }
}

fn set_default(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    if !headers.contains_key(&name) {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

fn report(app: &App, answer: &ServiceResponse<BoxBody>, call: &Call, method: &Method, took: Duration) {
    let route = answer
        .request()
        .match_pattern()
        .unwrap_or_else(|| "unmatched".to_owned());
    let status = answer.status().as_u16();
    let method = known_method(method);
    app.metrics.answered(&route, method, status, took);
    let ms = took.as_secs_f64() * 1000.0;
    tracing::info!(method, route, status, ms, client = %call.address, "answered");
}

/// A caller may make methods up; the counters do not grow with them.
fn known_method(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}
