//! Photos with all of some words in their names, captions or tags.

use actix_web::HttpResponse;
use actix_web::web::Query;
use askama::Template;
use photos_client::{PhotosQuery, TagCount};
use serde::Deserialize;

use super::list::{List, ListQuery};
use crate::bidi::isolated;
use crate::error::PageError;
use crate::layout::{Layout, ok};
use crate::links::{encode, segment};
use crate::visit::Visit;

/// Tags that are offered where there is nothing to show.
const OFFERED: usize = 24;

#[derive(Deserialize)]
pub(super) struct SearchQuery {
    #[serde(default)]
    q: String,
    cursor: Option<String>,
}

#[derive(Template)]
#[template(path = "search.html")]
struct SearchPage {
    layout: Layout,
    list: Option<List>,
    tags: Vec<TagLink>,
}

struct TagLink {
    name: String,
    href: String,
    count: u64,
}

pub(super) async fn show(visit: Visit, Query(asked): Query<SearchQuery>) -> Result<HttpResponse, PageError> {
    let words = asked.q.split_whitespace().collect::<Vec<_>>().join(" ");
    let list = if words.is_empty() {
        None
    } else {
        let query = PhotosQuery {
            search: Some(words.clone()),
            ..PhotosQuery::default()
        };
        let at = ListQuery { cursor: asked.cursor };
        Some(List::fetch(&visit, query, at, &format!("/search?q={}", encode(&words))).await?)
    };
    let tags = if list.as_ref().is_none_or(List::is_empty) {
        popular(visit.ask(async |client| client.tags("").await).await?)
    } else {
        Vec::new()
    };
    let title = if words.is_empty() {
        "Search · hmlet".to_owned()
    } else {
        format!("{} · Search · hmlet", isolated(&words))
    };
    let mut layout = Layout::new(&visit, title);
    layout.query = words;
    ok(&SearchPage { layout, list, tags })
}

fn popular(mut tags: Vec<TagCount>) -> Vec<TagLink> {
    tags.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.name.cmp(&b.name)));
    tags.truncate(OFFERED);
    // The most used, where one finds them.
    tags.sort_by(|a, b| a.name.cmp(&b.name));
    tags.into_iter()
        .map(|tag| TagLink {
            href: format!("/tags/{}", segment(&tag.name)),
            name: tag.name,
            count: tag.count,
        })
        .collect()
}
