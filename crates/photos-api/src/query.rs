//! Query parameters of lists. Unknown and repeated parameters are refused.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Value of `owner` that means the caller's own photos, drafts included.
pub const OWNER_ME: &str = "me";

/// Which photos to list, and in what order. All filters must match; the default is every published photo, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
pub struct PhotosQuery {
    /// A username, or `me` for one's own photos and drafts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// `true`: one's own drafts; `false`: published photos.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft: Option<bool>,
    /// Tags separated by commas; a photo has all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Words; a photo has all of them in its name, caption or tags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<String>,
    /// Order, by default `-published_at`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordering: Option<Ordering>,
    /// Photos on a page, 1–100, by default 30.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", param(minimum = 1, maximum = 100))]
    pub page_size: Option<u32>,
    /// Where the page begins: from `next` or `previous` of a page with the same filters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Count the photos of all pages too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<bool>,
}

/// Order of a list. Drafts are ordered by `created_at` in either case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Ordering {
    /// Newest publication first.
    #[default]
    #[serde(rename = "-published_at")]
    NewestPublished,
    /// Oldest publication first.
    #[serde(rename = "published_at")]
    OldestPublished,
    /// Newest upload first.
    #[serde(rename = "-created_at")]
    NewestCreated,
    /// Oldest upload first.
    #[serde(rename = "created_at")]
    OldestCreated,
}

impl Ordering {
    /// Every order.
    pub const ALL: [Self; 4] = [
        Self::NewestPublished,
        Self::OldestPublished,
        Self::NewestCreated,
        Self::OldestCreated,
    ];

    /// The parameter's value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NewestPublished => "-published_at",
            Self::OldestPublished => "published_at",
            Self::NewestCreated => "-created_at",
            Self::OldestCreated => "created_at",
        }
    }

    /// Whether the newest comes first.
    pub const fn is_descending(self) -> bool {
        matches!(self, Self::NewestPublished | Self::NewestCreated)
    }
}

impl fmt::Display for Ordering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is not an [`Ordering`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidOrdering;

impl fmt::Display for InvalidOrdering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected published_at, -published_at, created_at or -created_at")
    }
}

impl std::error::Error for InvalidOrdering {}

impl FromStr for Ordering {
    type Err = InvalidOrdering;

    fn from_str(text: &str) -> Result<Self, InvalidOrdering> {
        Self::ALL
            .into_iter()
            .find(|ordering| ordering.as_str() == text)
            .ok_or(InvalidOrdering)
    }
}

/// Which tags to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
pub struct TagsQuery {
    /// What the names begin with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
}
