//! Pictures of photos, for staff: of drafts and of the trash too. They come from the presets like all others; the original
//! stays in the store.

use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse};
use photos_api::PhotoId;

use crate::admin::error::PageError;
use crate::admin::visit::Visit;
use crate::app::App;
use crate::domain::PhotoRow;
use crate::http::photos::image::{find_preset, send};

/// The longest side that a page needs.
const LARGE: u32 = 1_600;

/// A picture in a page.
#[derive(Debug, Clone, Default)]
pub(in crate::admin) struct Shown {
    pub(in crate::admin) src: String,
    pub(in crate::admin) width: u32,
    pub(in crate::admin) height: u32,
}

pub(super) async fn get_image(
    visit: Visit,
    path: Path<(PhotoId, String)>,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    visit.staff()?;
    let (id, name) = path.into_inner();
    let app = visit.app();
    let preset = find_preset(app, &name).ok_or(PageError::NotFound)?;
    let row = app
        .db
        .get_photo_even_deleted(id)
        .await?
        .ok_or(PageError::NotFound)?;
    // Only this browser may keep it, and of what nobody is to see not even this one.
    let caching = if row.draft || row.deleted_at.is_some() {
        "private, no-store"
    } else {
        "private, max-age=600"
    };
    Ok(send(app, &row, preset, &request, caching).await?)
}

/// The smallest picture of a photo, or with `large` the largest that a page needs.
pub(in crate::admin) fn shown(app: &App, row: &PhotoRow, large: bool) -> Shown {
    let presets = app.media.presets();
    let side = |preset: &crate::media::presets::PresetRef<'_>| preset.spec.width.max(preset.spec.height);
    let chosen = if large {
        let fitting = presets
            .iter()
            .filter(|preset| side(preset) <= LARGE)
            .max_by_key(side);
        fitting.or_else(|| presets.iter().min_by_key(side))
    } else {
        presets.iter().min_by_key(side)
    };
    let Some(preset) = chosen else {
        return Shown::default();
    };
    let (width, height) = preset.size(row);
    Shown {
        src: format!(
            "/admin/photos/{}/images/{}?v={}",
            row.id,
            preset.spec.name,
            preset.version(row)
        ),
        width,
        height,
    }
}
