//! The tags of published photos.

use actix_web::web::{Data, Json};
use actix_web::{Responder, get};
use photos_api::{TagCount, TagList, TagsQuery};
use unicode_normalization::UnicodeNormalization;

use crate::app::App;
use crate::error::Error;
use crate::http::caller::Viewer;
use crate::http::query::Query;

/// Tags of one answer.
const MOST: u32 = 100;

/// Tags
///
/// The most used first, at most 100; `prefix` finds the others.
#[utoipa::path(
    tag = "tags",
    security((), ("bearer" = [])),
    params(TagsQuery),
    responses((status = 200, description = "Tags of published photos, and how many photos have each", body = TagList))
)]
#[get("/tags")]
pub(super) async fn list_tags(
    app: Data<App>,
    _: Viewer,
    Query(query): Query<TagsQuery>,
) -> Result<impl Responder, Error> {
    let prefix = query.prefix.unwrap_or_default();
    let found = app.db.list_tags(&normal_prefix(&prefix), MOST).await?;
    let results = found
        .into_iter()
        .map(|tag| TagCount {
            name: tag.name,
            count: tag.count,
        })
        .collect();
    Ok(Json(TagList { results }))
}

/// As tags are stored, which a prefix need not be: NFKC, lower case, without `#`.
fn normal_prefix(text: &str) -> String {
    let text = text.trim();
    let text = text.strip_prefix('#').unwrap_or(text);
    text.nfkc().collect::<String>().to_lowercase().nfkc().collect()
}
