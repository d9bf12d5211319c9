//! The internal port: is it alive, is it ready, what did it count. Never to be made public.

use std::time::{Duration, Instant};

use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use photos_api::REQUEST_ID;
use serde::Serialize;

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

async fn wrong_method(request: HttpRequest) -> HttpResponse {
    refuse(
        &request,
        &Error::MethodNotAllowed(vec![Method::GET, Method::HEAD]),
    )
}

async fn no_page(request: HttpRequest) -> HttpResponse {
    refuse(&request, &Error::NotFound)
}

/// No shell is around these calls: they are not logged, for there is one every few seconds.
fn refuse(request: &HttpRequest, error: &Error) -> HttpResponse {
    let id = uuid::Uuid::now_v7().to_string();
    let mut answer = error.answer(Some(request.path()), Some(&id));
    if let Ok(id) = HeaderValue::from_str(&id) {
        answer
            .headers_mut()
            .insert(HeaderName::from_static(REQUEST_ID), id);
    }
    answer
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
        HttpResponse::ServiceUnavailable()
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
