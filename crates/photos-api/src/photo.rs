//! Photos, pages of photos, tags.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::PhotoId;
use crate::patch::present;

/// A photo as its viewers see it. The original is kept and never served; `images` has the way to its pictures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Photo {
    /// Id.
    pub id: PhotoId,
    /// Grows with every change; the `ETag` is this number in quotes.
    pub version: i64,
    /// 1–100 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 100))]
    pub name: String,
    /// Up to 2,200 characters.
    pub caption: String,
    /// Tags of the caption, normalised, each once.
    pub tags: Vec<String>,
    /// Drafts are seen by their owner and by staff.
    pub draft: bool,
    /// Whose photo it is.
    pub owner: Owner,
    /// Format of the original.
    pub format: ImageFormat,
    /// Size of the original.
    pub bytes: u64,
    /// Pixels after orientation.
    pub width: u32,
    /// Pixels after orientation.
    pub height: u32,
    /// Thumbhash in base64, to be shown until a picture is there.
    pub placeholder: String,
    /// When it was uploaded.
    #[serde(with = "crate::micros")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub created_at: Timestamp,
    /// When it was last changed.
    #[serde(with = "crate::micros")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub updated_at: Timestamp,
    /// When it was published; none for a draft. Editing does not move it.
    #[serde(with = "crate::micros::option", default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub published_at: Option<Timestamp>,
    /// Preset name → picture.
    pub images: BTreeMap<String, ImageLink>,
}

impl Photo {
    /// The value of `ETag`, and of `If-Match` for a change of just this version.
    pub fn etag(&self) -> String {
        format!("\"{}\"", self.version)
    }
}

/// Owner of a photo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Owner {
    /// Username.
    pub username: String,
}

/// Format of an original.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ImageFormat {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// WebP.
    Webp,
    /// GIF, of which the first frame counts.
    Gif,
}

/// Where a picture is and how large it is, so that a page can leave room for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImageLink {
    /// Absolute URL; its `v` changes with the picture, so that what it gives may be cached for ever.
    pub url: String,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
}

/// What `PATCH /photos/{id}` changes: what is there. `null` is refused.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PhotoEdit {
    /// 1–100 characters.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(
        feature = "openapi",
        schema(nullable = false, min_length = 1, max_length = 100)
    )]
    pub name: Option<String>,
    /// Up to 2,200 characters.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(nullable = false, max_length = 2200))]
    pub caption: Option<String>,
    /// `false` publishes, `true` takes back to the drafts.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub draft: Option<bool>,
}

/// A page of photos.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PhotoPage {
    /// How many photos there are on all pages; only with `count=true`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// Absolute URL of the next page, of which a client uses the query.
    pub next: Option<String>,
    /// Absolute URL of the page before.
    pub previous: Option<String>,
    /// The photos, in the order asked for.
    pub results: Vec<Photo>,
}

/// The answer of `GET /tags`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TagList {
    /// Tags of published photos.
    pub results: Vec<TagCount>,
}

/// A tag and how many published photos have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TagCount {
    /// Without `#`.
    pub name: String,
    /// Published photos.
    pub count: u64,
}
