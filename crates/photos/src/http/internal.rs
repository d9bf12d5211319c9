//! The internal port: is it alive, is it ready, what did it count. Never to be made public.

use std::time::{Duration, Instant};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use actix_web::middleware::Next;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse};
use serde::Serialize;

use super::call::Call;
use crate::app::App;
use crate::error::Error;

/// Slower than this counts as not answering.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) fn routes(config: &mut ServiceConfig) {
    let page = |path: &str| web::resource(path).default_service(web::to(wrong_method));
    config
        .service(
            page("/healthz")
                .route(web::get().to(is_alive))
                .route(web::head().to(is_alive)),
        )
        .service(
            page("/readyz")
                .route(web::get().to(is_ready))
                .route(web::head().to(is_ready)),
        )
        .service(
            page("/metrics")
                .route(web::get().to(get_metrics))
                .route(web::head().to(get_metrics)),
        )
        .default_service(web::to(no_page));
}

async fn wrong_method(request: HttpRequest, call: Call) -> HttpResponse {
    let error = Error::MethodNotAllowed(vec![Method::GET, Method::HEAD]);
    error.answer(Some(request.path()), Some(&call.request_id))
}

async fn no_page(request: HttpRequest, call: Call) -> HttpResponse {
    Error::NotFound.answer(Some(request.path()), Some(&call.request_id))
}

#[derive(Serialize)]
struct Readiness {
    ready: bool,
    database: bool,
    store: bool,
    stopping: bool,
}

async fn is_alive() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(serde_json::json!({ "alive": true }))
}

/// Gives every answer the id of its call, as the public port does. Nothing more is around these calls: they are not logged, for
/// there is one every few seconds.
pub(super) async fn shell<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let call = Call::read(&request, &[]);
    request.extensions_mut().insert(call.clone());
    let mut answer = next.call(request).await?;
    call.sign(answer.headers_mut());
    Ok(answer)
}

async fn is_ready(app: Data<App>) -> HttpResponse {
    let (database, store) = futures_util::future::join(
        answers("database", app.db.ping()),
        answers("store", app.store.ping()),
    )
    .await;
    let stopping = app.is_stopping();
    let ready = database && store && !stopping;
    let mut answer = if ready {
        HttpResponse::Ok()
    } else {
        let mut answer = HttpResponse::ServiceUnavailable();
        answer.insert_header((RETRY_AFTER, "1"));
        answer
    };
    answer.insert_header((CACHE_CONTROL, "no-store")).json(Readiness {
        ready,
        database,
        store,
        stopping,
    })
}

/// Whether a server behind this one answers in time; the log has why not.
pub(crate) async fn answers<E: std::fmt::Display>(
    what: &str,
    ping: impl Future<Output = Result<(), E>>,
) -> bool {
    match tokio::time::timeout(PATIENCE, ping).await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::warn!(what, %error, "not ready");
            false
        }
        Err(_) => {
            tracing::warn!(what, error = "no answer in time", "not ready");
            false
        }
    }
}

async fn get_metrics(app: Data<App>) -> Result<HttpResponse, Error> {
    if app.metrics.is_count_due() {
        let started = Instant::now();
        match app.db.count_objects_by_state().await {
            Ok(counts) => {
                let counts: Vec<(&str, u64)> = counts.iter().map(|(s, n)| (s.as_str(), *n)).collect();
                app.metrics.set_objects(&counts, started.elapsed());
            }
            Err(error) => tracing::warn!(%error, "the ledger cannot be counted"),
        }
    }
    app.metrics
        .decode_bytes
        .set(i64::try_from(app.media.decode_bytes()).unwrap_or(i64::MAX));
    let text = app.metrics.text().map_err(Error::internal)?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, prometheus::TEXT_FORMAT))
        .body(text))
}
