//! Photos: the list, the pages of its dates, one photo with its history, what is done with many, pictures.

mod bulk;
mod dates;
mod detail;
mod image;
mod list;
pub(super) mod query;
pub(super) mod row;

use actix_web::HttpResponse;
use actix_web::web::{self, ServiceConfig};

use super::layout::see;

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .route("/photos", web::get().to(list::show))
        .route("/photos/bulk", web::get().to(to_list))
        .route("/photos/bulk", web::post().to(bulk::ask_or_act))
        .route("/photos/{id}", web::get().to(detail::show))
        .route("/photos/{id}", web::post().to(detail::save))
        .route("/photos/{id}/images/{preset}", web::get().to(image::get_image));
}

/// The page that asks has the address of its form: who opens that comes to the list.
async fn to_list() -> HttpResponse {
    see(query::PATH)
}
