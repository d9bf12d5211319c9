//! The internal port: is it alive, is it ready, what did it count. Never to be made public.
//!
//! Readiness does not ask for the photos service: without it the frontend still has a page to show, which says so.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::{self, Data, ServiceConfig};

use crate::app::App;

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/healthz", web::get().to(is_alive))
        .route("/healthz", web::head().to(is_alive))
        .route("/readyz", web::get().to(is_ready))
        .route("/readyz", web::head().to(is_ready))
        .route("/metrics", web::get().to(get_metrics));
}

async fn is_alive() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(serde_json::json!({ "alive": true }))
}

async fn is_ready(app: Data<App>) -> HttpResponse {
    let stopping = app.is_stopping();
    let mut answer = if stopping {
        HttpResponse::ServiceUnavailable()
    } else {
        HttpResponse::Ok()
    };
    answer
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(serde_json::json!({ "ready": !stopping, "stopping": stopping }))
}

async fn get_metrics(app: Data<App>) -> HttpResponse {
    match app.metrics.text() {
        Ok(text) => HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, prometheus::TEXT_FORMAT))
            .body(text),
        Err(error) => {
            tracing::error!(%error, "the metrics cannot be written");
            HttpResponse::InternalServerError().finish()
        }
    }
}
