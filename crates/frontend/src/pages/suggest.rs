//! Tags for who begins to type one.

use actix_web::HttpResponse;
use actix_web::web::Query;
use photos_client::types::TAG_MAX_CHARS;
use serde::Deserialize;

use crate::error::PageError;
use crate::visit::Visit;

/// As many as fit below a field.
const MOST: usize = 6;

#[derive(Deserialize)]
pub(super) struct Prefix {
    prefix: String,
}

pub(super) async fn tags(visit: Visit, Query(asked): Query<Prefix>) -> Result<HttpResponse, PageError> {
    if asked.prefix.is_empty() || asked.prefix.chars().count() > TAG_MAX_CHARS {
        return Ok(HttpResponse::Ok().json([(); 0]));
    }
    let mut tags = visit.ask(async |client| client.tags(&asked.prefix).await).await?;
    tags.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.name.cmp(&b.name)));
    tags.truncate(MOST);
    // Not kept: a tag that somebody has just made is offered at once.
    Ok(HttpResponse::Ok().json(tags))
}
