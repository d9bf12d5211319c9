//! HTTP: the routes, what they read requests with, and the shell around every call.

pub mod call;
pub mod caller;
pub mod idempotency;
pub mod json;
pub mod metrics;
pub mod openapi;
pub mod query;
pub mod server;

pub(crate) mod auth;
mod connection;
pub(crate) mod fallback;
pub(crate) mod internal;
mod pages;
pub(crate) mod photos;
mod sessions;
pub(crate) mod shell;
mod strict;
mod unreadable;
pub(crate) mod users;
mod wording;

use actix_web::web::PathConfig;
use utoipa_actix_web::scope::scope;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::error::Error;

/// Registers every route of the API, and with it its part of the OpenAPI document: one cannot be without the other.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.app_data(PathConfig::default().error_handler(|_, _| Error::NotFound.into()));
    config.service(
        scope(photos_api::BASE_PATH).configure(|config: &mut ServiceConfig<'_>| {
            auth::routes(config);
            users::routes(config);
            sessions::routes(config);
            photos::routes(config);
        }),
    );
}
