//! One photo, as large as the window, and what its owner says of it.

use actix_web::HttpResponse;
use actix_web::web::Path;
use askama::Template;
use photos_client::{Photo, PhotoId, PhotosQuery};

use crate::bidi::isolated;
use crate::caption::{self, Piece};
use crate::error::PageError;
use crate::layout::{Layout, ok};
use crate::shown::{self, Moment};
use crate::tile::{self, Picture, Tile};
use crate::visit::Visit;

/// Others of its owner that are shown below.
const OTHERS: u32 = 9;

#[derive(Template)]
#[template(path = "photo.html")]
struct PhotoPage {
    layout: Layout,
    photo: Photo,
    alt: String,
    caption: Vec<Piece>,
    large: Picture,
    tile: Tile,
    width_class: String,
    is_beyond: bool,
    moment: Moment,
    original: String,
    may_change: bool,
    others: Vec<Tile>,
    /// Where its owner goes when it is deleted.
    after: String,
}

pub(super) async fn show(visit: Visit, id: Path<PhotoId>) -> Result<HttpResponse, PageError> {
    let photo = visit.ask(async |client| client.photos().get(*id).await).await?;
    let query = PhotosQuery {
        owner: Some(photo.owner.username.clone()),
        draft: Some(false),
        page_size: Some(OTHERS),
        ..PhotosQuery::default()
    };
    // A photo is worth showing without them.
    let others = visit.ask(async |client| client.photos().page(&query).await).await;
    let others = others.map(|page| page.results).unwrap_or_default();
    let others: Vec<Tile> = others
        .iter()
        .filter(|other| other.id != photo.id)
        .take(OTHERS as usize - 1)
        .map(Tile::new)
        .collect();
    let layout = Layout::new(
        &visit,
        format!("{} by @{} · hmlet", isolated(&photo.name), photo.owner.username),
    );
    let tile = Tile::new(&photo);
    let large = tile.large.clone();
    let after = if photo.draft {
        "/drafts".to_owned()
    } else {
        format!("/@{}", photo.owner.username)
    };
    ok(&PhotoPage {
        alt: tile::alt(&photo),
        caption: caption::pieces(&photo.caption, &photo.tags),
        width_class: tile::width_class(&large),
        is_beyond: tile::is_beyond(&photo),
        moment: Moment::new(photo.published_at.unwrap_or(photo.created_at)),
        original: format!(
            "{} × {}, {}",
            photo.width,
            photo.height,
            shown::bytes(photo.bytes)
        ),
        may_change: visit.may_change(&photo.owner.username),
        layout,
        photo,
        large,
        tile,
        others,
        after,
    })
}
