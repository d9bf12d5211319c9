//! A photo as the API shows it.

use std::fmt::Write as _;

use actix_web::HttpResponse;
use actix_web::http::header::{ETAG, LOCATION};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use photos_api::{BASE_PATH, ImageFormat, ImageLink, Owner, Photo, PhotoId};
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use crate::app::App;
use crate::domain::{PhotoRow, Timestamp};
use crate::media::presets::{PictureVersion, Presets};

/// What every absolute link of the API begins with, up to and with `/api/v1`.
pub(super) fn base(app: &App) -> String {
    format!("{}{BASE_PATH}", app.public_url.as_str().trim_end_matches('/'))
}

/// The photo with absolute links to its pictures.
pub(super) fn photo(app: &App, row: PhotoRow) -> Photo {
    photo_at(&base(app), app.media.presets(), row)
}

fn photo_at(base: &str, presets: &Presets, row: PhotoRow) -> Photo {
    let images = presets.iter().map(|preset| {
        let (name, (width, height)) = (&preset.spec.name, preset.size(&row));
        let mut url = images_url(base, row.id);
        finish_url(&mut url, name, preset.version(&row));
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

/// What the URLs of a photo's pictures begin with.
fn images_url(base: &str, id: PhotoId) -> String {
    let mut digits = [0; uuid::fmt::Hyphenated::LENGTH];
    let id: &str = id.as_uuid().hyphenated().encode_lower(&mut digits);
    [base, "/photos/", id, "/images/"].concat()
}

fn finish_url(url: &mut String, preset: &str, version: PictureVersion) {
    url.push_str(preset);
    // A text takes everything.
    let _ = write!(url, "?v={version}");
}

/// Writes what a [`Photo`] made by [`photo`] writes, without making one: on a page of photos, their memory is most of what
/// the page costs.
pub(super) struct Shown<'a> {
    pub(super) row: &'a PhotoRow,
    pub(super) base: &'a str,
    pub(super) presets: &'a Presets,
}

#[derive(Serialize)]
struct Fields<'a> {
    id: PhotoId,
    version: i64,
    name: &'a str,
    caption: &'a str,
    tags: &'a [String],
    draft: bool,
    owner: OwnerFields<'a>,
    format: ImageFormat,
    bytes: u64,
    width: u32,
    height: u32,
    placeholder: &'a str,
    #[serde(with = "photos_api::micros")]
    created_at: Timestamp,
    #[serde(with = "photos_api::micros")]
    updated_at: Timestamp,
    #[serde(with = "photos_api::micros::option")]
    published_at: Option<Timestamp>,
    images: Images<'a>,
}

#[derive(Serialize)]
struct OwnerFields<'a> {
    username: &'a str,
}

struct Images<'a>(&'a Shown<'a>);

#[derive(Serialize)]
struct Link<'a> {
    url: &'a str,
    width: u32,
    height: u32,
}

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let row = self.row;
        Fields {
            id: row.id,
            version: row.version,
            name: &row.name,
            caption: &row.caption,
            tags: &row.tags,
            draft: row.draft,
            owner: OwnerFields { username: &row.owner },
            format: row.format,
            bytes: row.bytes,
            width: row.width,
            height: row.height,
            placeholder: &STANDARD.encode(&row.placeholder),
            created_at: row.created_at,
            updated_at: row.updated_at,
            published_at: row.published_at,
            images: Images(self),
        }
        .serialize(serializer)
    }
}

impl Serialize for Images<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Shown { row, base, presets } = self.0;
        let mut url = images_url(base, row.id);
        let beginning = url.len();
        let mut map = serializer.serialize_map(None)?;
        for preset in presets.by_name() {
            let (width, height) = preset.size(row);
            url.truncate(beginning);
            finish_url(&mut url, &preset.spec.name, preset.version(row));
            map.serialize_entry(
                &preset.spec.name,
                &Link {
                    url: &url,
                    width,
                    height,
                },
            )?;
        }
        map.end()
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

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use config::{Preset, PresetMode};

    use super::*;
    use crate::domain::UserId;

    fn row(published: bool) -> PhotoRow {
        let at = |second: i64| Timestamp::from_second(1_767_323_045 + second).unwrap();
        PhotoRow {
            id: PhotoId::now(),
            version: 3,
            owner_id: UserId::now(),
            owner: "ann".into(),
            name: "A \"quoted\" name".into(),
            caption: "Lines\nand #тег".into(),
            tags: vec!["тег".into()],
            draft: !published,
            format: ImageFormat::Webp,
            bytes: 1_234_567,
            width: 4000,
            height: 3000,
            placeholder: vec![1, 2, 3, 250],
            sha256: "0123456789abcdef".repeat(4),
            created_at: at(0),
            updated_at: at(2),
            published_at: published.then(|| at(1)),
            deleted_at: None,
        }
    }

    #[test]
    fn a_photo_of_a_page_is_written_as_it_is_alone() {
        let preset = |name: &str, width, mode| Preset {
            name: name.into(),
            width,
            height: 200,
            mode,
        };
        // Not in the order of their names.
        let presets = Presets::new(&[
            preset("thumb", 200, PresetMode::Crop),
            preset("large", 1440, PresetMode::Fit),
            preset("small", 640, PresetMode::Fit),
        ]);
        let base = "http://localhost:8000/api/v1";
        for row in [row(true), row(false)] {
            let shown = Shown {
                row: &row,
                base,
                presets: &presets,
            };
            let of_a_page = serde_json::to_string(&shown).unwrap();
            let alone = serde_json::to_string(&photo_at(base, &presets, row)).unwrap();
            assert_eq!(of_a_page, alone);
        }
    }
}
