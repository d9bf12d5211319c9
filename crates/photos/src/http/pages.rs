//! What stands beside the API: the way from `/` to the documentation, and the documentation.

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_TYPE, LOCATION};
use actix_web::web::{self, Data, ServiceConfig};
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::query::NoQuery;
use crate::app::App;

pub(super) fn pages(config: &mut ServiceConfig) {
    config
        .route("/", web::get().to(to_docs))
        .route("/docs", web::get().to(to_docs))
        .route("/openapi.json", web::get().to(get_document))
        .service(SwaggerUi::new("/docs/{_:.*}").config(Config::new(["/openapi.json"])));
}

async fn to_docs() -> HttpResponse {
    HttpResponse::TemporaryRedirect()
        .insert_header((LOCATION, "/docs/"))
        .finish()
}

async fn get_document(app: Data<App>, _: NoQuery) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/json"))
        .body(app.document.clone())
}
