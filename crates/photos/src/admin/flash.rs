//! A message for the next page: what was done, and how to undo it.

use photos_api::PhotoId;
use serde::{Deserialize, Serialize};

use super::keys::Keys;

const PURPOSE: &str = "flash";
/// A message that nobody came to read in this time is not shown any more.
pub(super) const SECONDS: i64 = 300;
/// Photos whose deletion can be undone from the message: a cookie has 4,096 bytes.
pub(super) const UNDOABLE: usize = 50;
/// Bytes of a text.
const TEXT: usize = 700;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Flash {
    /// For a person.
    pub(super) text: String,
    /// Whether something went wrong.
    pub(super) is_problem: bool,
    /// Photos in the trash that can be taken out again.
    pub(super) undo: Vec<PhotoId>,
}

impl Flash {
    pub(super) fn done(text: impl Into<String>) -> Self {
        let mut text = text.into();
        if text.len() > TEXT {
            let end = (0..=TEXT).rev().find(|end| text.is_char_boundary(*end));
            text.truncate(end.unwrap_or_default());
            text.push('…');
        }
        Self {
            text,
            is_problem: false,
            undo: Vec::new(),
        }
    }

    pub(super) fn problem(text: impl Into<String>) -> Self {
        Self {
            is_problem: true,
            ..Self::done(text)
        }
    }

    /// For a list whose address asked for what there is not.
    pub(super) fn misread() -> Self {
        Self::problem(
            "A filter in the address made no sense and is left out: this list has more than was asked for.",
        )
    }

    pub(super) fn seal(&self, keys: &Keys) -> Option<String> {
        Some(keys.seal(PURPOSE, &serde_json::to_string(self).ok()?))
    }

    pub(super) fn open(keys: &Keys, sealed: &str) -> Option<Self> {
        serde_json::from_str(&keys.open(PURPOSE, sealed)?).ok()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn the_largest_message_fits_in_a_cookie() {
        let keys = Keys::new("a secret of at least 32 bytes, of the tests").unwrap();
        let flash = Flash {
            undo: (0..UNDOABLE).map(|_| PhotoId::now()).collect(),
            ..Flash::done("ü".repeat(2_000))
        };
        assert!(flash.text.ends_with("ü…"));
        let sealed = flash.seal(&keys).unwrap();
        assert!(sealed.len() < 3_900, "{}", sealed.len());
        assert_eq!(Flash::open(&keys, &sealed), Some(flash));
    }
}
