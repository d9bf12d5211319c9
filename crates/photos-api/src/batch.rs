//! Batches: many photos in one call, all or each for itself.

use serde::{Deserialize, Serialize};

use crate::patch::present;
use crate::{Photo, PhotoId, Problem};

/// Query parameters of every batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams), into_params(parameter_in = Query))]
pub struct BatchQuery {
    /// By default `atomic`.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", param(required = false))]
    pub mode: BatchMode,
}

/// Whether one failing item stops the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum BatchMode {
    /// All items, or none and 422 `batch-rejected`.
    #[default]
    Atomic,
    /// Each item for itself, and 207.
    Each,
}

impl BatchMode {
    /// The parameter's value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Atomic => "atomic",
            Self::Each => "each",
        }
    }
}

/// One item of the first part, `items`, of `POST /photos/batch`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BatchCreateItem {
    /// Name of the part that has the file.
    pub image: String,
    /// 1–100 characters.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 100))]
    pub name: String,
    /// Up to 2,200 characters.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(nullable = false, max_length = 2200))]
    pub caption: Option<String>,
    /// By default published at once.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub draft: Option<bool>,
}

/// Body of `PATCH /photos/batch`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BatchEditRequest {
    /// 1–50 items, no id twice.
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 50))]
    pub items: Vec<BatchEdit>,
}

/// A change of one photo: what is there. `null` is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BatchEdit {
    /// Which photo.
    pub id: PhotoId,
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

/// Body of `POST /photos/batch/{delete,restore,publish,unpublish}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BatchIds {
    /// 1–50 ids, none twice.
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 50))]
    pub ids: Vec<PhotoId>,
}

/// The answer of a batch that was done (200) or partly done (207).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BatchResponse {
    /// Items that were done.
    pub succeeded: usize,
    /// Items that were not.
    pub failed: usize,
    /// One per item, in the order of the request.
    pub results: Vec<BatchResult>,
}

impl BatchResponse {
    /// Counts `results`, which are in the order of the request.
    pub fn new(results: Vec<BatchResult>) -> Self {
        let failed = results.iter().filter(|result| result.problem.is_some()).count();
        Self {
            succeeded: results.len() - failed,
            failed,
            results,
        }
    }
}

/// What became of one item of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BatchResult {
    /// Position in the request, from 0.
    pub index: usize,
    /// The photo; none if it was not created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<PhotoId>,
    /// The status that a call for this item alone would have had; 424 for an innocent item of a rejected batch.
    pub status: u16,
    /// The photo as it is now; none after a deletion or a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo: Option<Photo>,
    /// Why it was not done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(no_recursion))]
    pub problem: Option<Problem>,
}

impl BatchResult {
    /// An item that was done: 201 with the new photo, 200 with the changed one, 204 without.
    pub fn done(index: usize, id: PhotoId, status: u16, photo: Option<Photo>) -> Self {
        Self {
            index,
            id: Some(id),
            status,
            photo,
            problem: None,
        }
    }

    /// An item that was not done, with the status of its problem.
    pub fn failed(index: usize, id: Option<PhotoId>, problem: Problem) -> Self {
        Self {
            index,
            id,
            status: problem.status,
            photo: None,
            problem: Some(problem),
        }
    }
}
