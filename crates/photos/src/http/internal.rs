//! The internal port: is it alive, is it ready, what did it count. Never to be made public.

use std::time::{Duration, Instant};

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::{self, Data, ServiceConfig};
use serde::Serialize;

use crate::app::App;
use crate::error::Error;

/// Slower than this counts as not answering.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .route("/healthz", web::get().to(is_alive))
        .route("/healthz", web::head().to(is_alive))
        .route("/readyz", web::get().to(is_ready))
        .route("/readyz", web::head().to(is_ready))
        .route("/metrics", web::get().to(get_metrics));
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

async fn answers<E: std::fmt::Display>(what: &str, ping: impl Future<Output = Result<(), E>>) -> bool {
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
