//! The photos with a tag.

use actix_web::web::{Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use photos_client::{PhotosQuery, ProblemCode};

use super::list::{List, ListQuery};
use crate::bidi::isolated;
use crate::caption;
use crate::error::PageError;
use crate::layout::{Layout, moved, ok};
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
    asked: Path<String>,
    Query(at): Query<ListQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let tag = caption::normal_tag(&asked).ok_or(PageError::NotFound)?;
    let path = format!("/tags/{}", segment(&tag));
    if *asked != tag {
        return Ok(moved(&path, request.query_string()));
    }
    let query = PhotosQuery {
        tag: Some(tag.clone()),
        ..PhotosQuery::default()
    };
    let list = match List::fetch(&visit, query, at, &path).await {
        // The service has the last word on what is a tag.
        Err(error) if error.code() == Some(ProblemCode::ValidationFailed) => return Err(PageError::NotFound),
        list => list?,
    };
    let layout = Layout::new(&visit, format!("{} · hmlet", isolated(&format!("#{tag}"))));
    ok(&TagPage { layout, list, tag })
}
