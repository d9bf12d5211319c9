//! Photos: uploads, lists, changes, batches, pictures and tags.

mod batch;
mod change;
mod create;
mod cursor;
mod errors;
mod filter;
pub(crate) mod image;
mod list;
mod precondition;
mod read;
mod show;
mod tags;
mod upload;
pub(crate) mod written;

use utoipa_actix_web::service_config::ServiceConfig;

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    // Before the routes with an id, which `batch` would match.
    batch::routes(config);
    config.service(list::list_photos).service(create::create_photo);
    config
        .service(read::get_photo)
        .service(image::get_image)
        .service(tags::list_tags);
    change::routes(config);
}
