//! Changing a photo's name and caption, and whether it is published.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Path;
use askama::Template;
use photos_client::{Photo, PhotoEdit, PhotoId, ProblemCode};
use serde::Deserialize;

use crate::csrf::Checked;
use crate::error::PageError;
use crate::flash::Flash;
use crate::form::Faults;
use crate::layout::{Layout, html, ok, see};
use crate::tile::Tile;
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "edit.html")]
struct EditPage {
    layout: Layout,
    id: PhotoId,
    version: i64,
    name: String,
    caption: String,
    draft: bool,
    tile: Tile,
    faults: Faults,
}

#[derive(Deserialize)]
pub(super) struct EditForm {
    name: String,
    #[serde(default)]
    caption: String,
    /// The version that was edited: a change made meanwhile is not overwritten unseen.
    version: i64,
    visibility: Visibility,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Visibility {
    Draft,
    Published,
}

pub(super) async fn show(visit: Visit, id: Path<PhotoId>) -> Result<HttpResponse, PageError> {
    let photo = own(&visit, *id).await?;
    ok(&page(&visit, &photo))
}

pub(super) async fn save(
    visit: Visit,
    id: Path<PhotoId>,
    Checked(form): Checked<EditForm>,
) -> Result<HttpResponse, PageError> {
    visit.member()?;
    let edit = PhotoEdit {
        name: Some(form.name.clone()),
        // Browsers send line ends as CRLF.
        caption: Some(form.caption.replace("\r\n", "\n")),
        draft: Some(form.visibility == Visibility::Draft),
    };
    let photos = visit.client().photos().if_version(form.version);
    let error = match photos.update(*id, &edit).await {
        Ok(photo) => {
            visit.leave(&Flash::done("Saved."));
            return Ok(see(&format!("/photos/{}", photo.id)));
        }
        Err(error) => error,
    };
    let photo = own(&visit, *id).await?;
    let mut page = page(&visit, &photo);
    let (status, faults) = if error.code() == Some(ProblemCode::PreconditionFailed) {
        let text = format!(
            "The photo was changed elsewhere meanwhile: it is called “{}” now. Save again to replace that with yours.",
            photo.name
        );
        (StatusCode::CONFLICT, Faults::general(text))
    } else {
        (StatusCode::UNPROCESSABLE_ENTITY, Faults::of(error)?)
    };
    page.faults = faults;
    page.name = form.name;
    page.caption = form.caption;
    page.draft = form.visibility == Visibility::Draft;
    html(status, &page)
}

fn page(visit: &Visit, photo: &Photo) -> EditPage {
    EditPage {
        layout: Layout::new(visit, format!("Edit {} · hmlet", photo.name)),
        id: photo.id,
        version: photo.version,
        name: photo.name.clone(),
        caption: photo.caption.clone(),
        draft: photo.draft,
        tile: Tile::new(photo),
        faults: Faults::default(),
    }
}

/// The photo, if it is the visitor's to change.
async fn own(visit: &Visit, id: PhotoId) -> Result<Photo, PageError> {
    visit.member()?;
    let photo = visit.client().photos().get(id).await?;
    if visit.may_change(&photo.owner.username) {
        Ok(photo)
    } else {
        Err(PageError::Forbidden)
    }
}
