//! The visitor's drafts, which nobody else sees.

use actix_web::HttpResponse;
use actix_web::web::Query;
use askama::Template;
use photos_client::PhotosQuery;
use photos_client::types::OWNER_ME;

use super::list::{List, ListQuery};
use crate::error::PageError;
use crate::layout::{Layout, ok};
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "drafts.html")]
struct DraftsPage {
    layout: Layout,
    list: List,
}

pub(super) async fn show(visit: Visit, Query(at): Query<ListQuery>) -> Result<HttpResponse, PageError> {
    visit.member()?;
    let query = PhotosQuery {
        owner: Some(OWNER_ME.to_owned()),
        draft: Some(true),
        ..PhotosQuery::default()
    };
    let mut list = List::fetch(&visit, query, at, "/drafts").await?;
    list.selects = !list.is_empty();
    list.drafts = true;
    list.owners = false;
    let layout = Layout::new(&visit, "Drafts · hmlet");
    ok(&DraftsPage { layout, list })
}
