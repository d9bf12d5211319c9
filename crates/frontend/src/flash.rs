//! A message for the next page: what was done, and how to undo it. One with a way to undo stays on every page until it
//! is used, dismissed or replaced, or its time is over.

use photos_client::PhotoId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::seal::Seals;

const PURPOSE: &str = "flash";
/// A message that nobody came to read in this time is not shown any more.
const SECONDS: i64 = 300;
/// How long something can be undone: as long as photos lie in the trash, if the stage does not say otherwise.
const UNDO_SECONDS: i64 = 600;
/// Most bytes of the cookie's value: browsers take 4,096 with its name and its attributes.
const MAX_BYTES: usize = 3_900;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Flash {
    /// For a person.
    pub(crate) text: String,
    /// Whether something went wrong.
    pub(crate) is_problem: bool,
    /// Photos in the trash that can be taken out again: all that were deleted.
    #[serde(skip)]
    pub(crate) undo: Vec<PhotoId>,
    /// Who may undo it.
    #[serde(default)]
    pub(crate) by: String,
}

impl Flash {
    pub(crate) fn done(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            is_problem: false,
            undo: Vec::new(),
            by: String::new(),
        }
    }

    /// Whether it is there until it is used or dismissed, rather than shown once.
    pub(crate) fn stays(&self) -> bool {
        !self.undo.is_empty()
    }

    /// How long.
    pub(crate) fn seconds(&self) -> i64 {
        if self.stays() { UNDO_SECONDS } else { SECONDS }
    }

    pub(crate) fn problem(text: impl Into<String>) -> Self {
        Self {
            is_problem: true,
            ..Self::done(text)
        }
    }

    /// As a cookie; none if it has no room there. The ids are 16 bytes each, so that some 150 fit.
    pub(crate) fn seal(&self, seals: &Seals) -> Option<String> {
        let words = serde_json::to_vec(self).ok()?;
        let mut plain = u16::try_from(words.len()).ok()?.to_be_bytes().to_vec();
        plain.extend(words);
        for id in &self.undo {
            plain.extend(id.as_uuid().as_bytes());
        }
        let sealed = seals.seal(PURPOSE, &plain).ok()?;
        (sealed.len() <= MAX_BYTES).then_some(sealed)
    }

    pub(crate) fn open(seals: &Seals, sealed: &str) -> Option<Self> {
        let plain = seals.open(PURPOSE, sealed)?;
        let (length, rest) = plain.split_first_chunk()?;
        let (words, ids) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
        let (ids, []) = ids.as_chunks() else {
            return None;
        };
        Some(Self {
            undo: ids.iter().map(|id| Uuid::from_bytes(*id).into()).collect(),
            ..serde_json::from_slice(words).ok()?
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_cookie_holds_all_that_was_deleted_or_nothing() {
        let seals = Seals::new("a secret of at least 32 bytes, of the tests").unwrap();
        let flash = |ids: usize| Flash {
            undo: (0..ids).map(|_| PhotoId::now()).collect(),
            by: "a".repeat(32),
            ..Flash::done("x".repeat(200))
        };
        for ids in [0, 1, 50, 150] {
            let flash = flash(ids);
            let sealed = flash.seal(&seals).unwrap();
            assert_eq!(Flash::open(&seals, &sealed), Some(flash), "{ids}");
        }
        assert_eq!(flash(200).seal(&seals), None);
    }
}
