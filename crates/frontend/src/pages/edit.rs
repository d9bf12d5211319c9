//! Changing a photo's name and caption, and whether it is published.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Path;
use askama::Template;
use photos_client::{Photo, PhotoEdit, PhotoId, ProblemCode};
use serde::Deserialize;

use crate::bidi::isolated;
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
    /// None while the photos service does not answer.
    tile: Option<Tile>,
    faults: Faults,
    /// After a change of somebody else: what is there now, beside what was typed.
    now: Option<Photo>,
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
    let error = match update(&visit, *id, &form).await {
        Ok(photo) => {
            visit.leave(&Flash::done("Saved."));
            return Ok(see(&format!("/photos/{}", photo.id)));
        }
        Err(error) => error,
    };
    let is_conflict = error.code() == Some(ProblemCode::PreconditionFailed);
    let faults = if is_conflict {
        Faults::general(CONFLICT)
    } else {
        Faults::of(error)?
    };
    // Should the service not answer now, the form is shown without the photo.
    let (photo, faults) = match own(&visit, *id).await {
        Ok(photo) => (Some(photo), faults),
        Err(error) => (None, Faults::of(error)?),
    };
    let status = faults.status(if is_conflict {
        StatusCode::CONFLICT
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    });
    let page = EditPage {
        layout: Layout::new(&visit, format!("Edit {} · hmlet", isolated(&form.name))),
        id: *id,
        version: photo.as_ref().map_or(form.version, |photo| photo.version),
        name: form.name,
        caption: form.caption,
        draft: form.visibility == Visibility::Draft,
        tile: photo.as_ref().map(Tile::new),
        faults,
        now: photo.filter(|_| is_conflict),
    };
    html(status, &page)
}

const CONFLICT: &str = "The photo was changed elsewhere meanwhile. Below stands what it is now, beside what you typed. \
                        Save again to replace that with yours.";

async fn update(visit: &Visit, id: PhotoId, form: &EditForm) -> Result<Photo, PageError> {
    visit.member()?;
    let edit = PhotoEdit {
        name: Some(form.name.clone()),
        // Browsers send line ends as CRLF.
        caption: Some(form.caption.replace("\r\n", "\n")),
        draft: Some(form.visibility == Visibility::Draft),
    };
    let photos = visit.client().photos().if_version(form.version);
    Ok(photos.update(id, &edit).await?)
}

fn page(visit: &Visit, photo: &Photo) -> EditPage {
    EditPage {
        layout: Layout::new(visit, format!("Edit {} · hmlet", isolated(&photo.name))),
        id: photo.id,
        version: photo.version,
        name: photo.name.clone(),
        caption: photo.caption.clone(),
        draft: photo.draft,
        tile: Some(Tile::new(photo)),
        faults: Faults::default(),
        now: None,
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
