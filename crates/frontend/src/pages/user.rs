//! A user's published photos. Their owner can select some to change them.

use actix_web::web::{Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use photos_client::PhotosQuery;

use super::list::{List, ListQuery};
use crate::error::PageError;
use crate::layout::{Layout, moved, ok};
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "user.html")]
struct UserPage {
    layout: Layout,
    list: List,
    username: String,
    is_own: bool,
}

pub(super) async fn show(
    visit: Visit,
    username: Path<String>,
    Query(at): Query<ListQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let asked = username.into_inner();
    let username = asked.to_ascii_lowercase();
    if !is_username(&username) {
        return Err(PageError::NotFound);
    }
    if asked != username {
        return Ok(moved(&format!("/@{username}"), request.query_string()));
    }
    let query = PhotosQuery {
        owner: Some(username.clone()),
        draft: Some(false),
        ..PhotosQuery::default()
    };
    let mut list = List::fetch(&visit, query, at, &format!("/@{username}")).await?;
    list.selects = visit.may_change(&username) && !list.is_empty();
    list.owners = false;
    let layout = Layout::new(&visit, format!("@{username} · hmlet"));
    let is_own = layout.is_me(&username);
    ok(&UserPage {
        layout,
        list,
        username,
        is_own,
    })
}

/// Whether a user can be called so: `[a-z0-9][a-z0-9_.-]{2,31}`. `me` would mean somebody else.
fn is_username(text: &str) -> bool {
    let mut bytes = text.bytes();
    let first = bytes
        .next()
        .is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let rest = bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_.-".contains(&b));
    first && rest && photos_client::types::USERNAME_CHARS.contains(&text.len())
}
