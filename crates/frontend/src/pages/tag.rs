//! The photos with a tag.

use actix_web::HttpResponse;
use actix_web::web::{Path, Query};
use askama::Template;
use photos_client::PhotosQuery;
use photos_client::types::TAG_MAX_CHARS;

use super::list::{List, ListQuery};
use crate::error::PageError;
use crate::layout::{Layout, ok};
use crate::links::segment;
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "tag.html")]
struct TagPage {
    layout: Layout,
    list: List,
    tag: String,
}

pub(super) async fn show(
    visit: Visit,
    tag: Path<String>,
    Query(at): Query<ListQuery>,
) -> Result<HttpResponse, PageError> {
    let tag = tag.into_inner();
    // A comma would mean two tags.
    if tag.contains(',') || tag.chars().count() > TAG_MAX_CHARS {
        return Err(PageError::NotFound);
    }
    let query = PhotosQuery {
        tag: Some(tag.clone()),
        ..PhotosQuery::default()
    };
    let list = List::fetch(&visit, query, at, &format!("/tags/{}", segment(&tag))).await?;
    let layout = Layout::new(&visit, format!("#{tag} · hmlet"));
    ok(&TagPage { layout, list, tag })
}
