//! Photos of lists as JSON, kept: most lists are asked for again, and writing their photos is half of what they cost.

use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use serde_json::value::{RawValue, to_raw_value};

use super::show::Shown;
use crate::domain::{Edition, PhotoRow};
use crate::media::presets::Presets;

/// Bytes that are kept, of texts and of the table of them.
const BUDGET: u64 = 16 << 20;
/// Bytes of a photo with a caption of usual length, and of its place in the table.
const USUAL: u64 = 1280;
const PLACE: u64 = 128;

/// A photo as an answer has it.
pub(super) type Json = Arc<RawValue>;

/// The photos that were written last, by edition: one that is changed is another one, on whichever replica that happens, so that
/// nothing is ever out of date.
pub(crate) struct Written(Cache<Edition, Json, Bytes>);

#[derive(Clone)]
struct Bytes;

impl Weighter<Edition, Json> for Bytes {
    fn weight(&self, _: &Edition, json: &Json) -> u64 {
        json.get().len() as u64 + PLACE
    }
}

impl Default for Written {
    fn default() -> Self {
        let photos = usize::try_from(BUDGET / (USUAL + PLACE)).unwrap_or(usize::MAX);
        Self(Cache::with_weighter(photos, BUDGET, Bytes))
    }
}

impl Written {
    /// What was written of this edition, if it is still kept.
    pub(super) fn get(&self, edition: &Edition) -> Option<Json> {
        self.0.get(edition)
    }

    /// Writes a photo and keeps it.
    pub(super) fn write(&self, base: &str, presets: &Presets, row: &PhotoRow) -> serde_json::Result<Json> {
        let json: Json = to_raw_value(&Shown { row, base, presets })?.into();
        self.0.insert(row.edition(), Arc::clone(&json));
        Ok(json)
    }
}
