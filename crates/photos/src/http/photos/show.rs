//! A photo as the API shows it.

use actix_web::HttpResponse;
use actix_web::http::header::{ETAG, LOCATION};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use photos_api::{BASE_PATH, ImageLink, Owner, Photo};

use crate::app::App;
use crate::domain::PhotoRow;

/// What every absolute link of the API begins with, up to and with `/api/v1`.
pub(super) fn base(app: &App) -> String {
    format!("{}{BASE_PATH}", app.public_url.as_str().trim_end_matches('/'))
}

/// The photo with absolute links to its pictures.
pub(super) fn photo(app: &App, row: PhotoRow) -> Photo {
    photo_at(&base(app), app, row)
}

/// The same, of a list, whose photos all have one [`base`].
pub(super) fn photo_at(base: &str, app: &App, row: PhotoRow) -> Photo {
    let images = app.media.presets().iter().map(|preset| {
        let (name, (width, height)) = (&preset.spec.name, preset.size(&row));
        let url = format!(
            "{base}/photos/{}/images/{name}?v={}",
            row.id,
            preset.version(&row)
        );
        (name.clone(), ImageLink { url, width, height })
    });
    Photo {
        images: images.collect(),
        id: row.id,
        version: row.version,
        name: row.name,
        caption: row.caption,
        tags: row.tags,
        draft: row.draft,
        owner: Owner { username: row.owner },
        format: row.format,
        bytes: row.bytes,
        width: row.width,
        height: row.height,
        placeholder: STANDARD.encode(&row.placeholder),
        created_at: row.created_at,
        updated_at: row.updated_at,
        published_at: row.published_at,
    }
}

/// 200 with a photo and its version.
pub(super) fn ok(app: &App, row: PhotoRow) -> HttpResponse {
    let photo = photo(app, row);
    HttpResponse::Ok().insert_header((ETAG, photo.etag())).json(photo)
}

/// The headers of a 201 for a photo.
pub(super) fn created_headers(app: &App, photo: &Photo) -> Vec<(String, String)> {
    vec![
        (LOCATION.to_string(), format!("{}/photos/{}", base(app), photo.id)),
        (ETAG.to_string(), photo.etag()),
        ("content-type".to_owned(), "application/json".to_owned()),
    ]
}
