//! The first page: everybody's published photos, newest first.

use actix_web::HttpResponse;
use actix_web::web::Query;
use askama::Template;
use photos_client::PhotosQuery;

use super::list::{List, ListQuery};
use crate::error::PageError;
use crate::layout::{Layout, ok};
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "gallery.html")]
struct GalleryPage {
    layout: Layout,
    list: List,
    is_first: bool,
}

pub(super) async fn show(visit: Visit, Query(at): Query<ListQuery>) -> Result<HttpResponse, PageError> {
    let is_first = at.cursor.is_none();
    let list = List::fetch(&visit, PhotosQuery::default(), at, "/").await?;
    let layout = Layout::new(&visit, "hmlet: photos, quietly");
    ok(&GalleryPage {
        layout,
        list,
        is_first,
    })
}
