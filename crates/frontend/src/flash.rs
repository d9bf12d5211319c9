//! A message for the next page: what was done, and how to undo it.

use photos_client::PhotoId;
use serde::{Deserialize, Serialize};

use crate::seal::Seals;

const PURPOSE: &str = "flash";
/// A message that nobody came to read in this time is not shown any more.
pub(crate) const SECONDS: i64 = 300;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Flash {
    /// For a person.
    pub(crate) text: String,
    /// Whether something went wrong.
    pub(crate) is_problem: bool,
    /// Photos in the trash that can be taken out again; at most 50, for a cookie has 4,096 bytes.
    pub(crate) undo: Vec<PhotoId>,
}

impl Flash {
    pub(crate) fn done(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            is_problem: false,
            undo: Vec::new(),
        }
    }

    pub(crate) fn problem(text: impl Into<String>) -> Self {
        Self {
            is_problem: true,
            ..Self::done(text)
        }
    }

    pub(crate) fn seal(&self, seals: &Seals) -> Option<String> {
        seals.seal(PURPOSE, &serde_json::to_vec(self).ok()?).ok()
    }

    pub(crate) fn open(seals: &Seals, sealed: &str) -> Option<Self> {
        serde_json::from_slice(&seals.open(PURPOSE, sealed)?).ok()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_whole_batch_fits_in_a_cookie() {
        let seals = Seals::new("a secret of at least 32 bytes, of the tests").unwrap();
        let flash = Flash {
            undo: (0..50).map(|_| PhotoId::now()).collect(),
            ..Flash::done("x".repeat(300))
        };
        let sealed = flash.seal(&seals).unwrap();
        assert!(sealed.len() < 3_900, "{}", sealed.len());
        assert_eq!(Flash::open(&seals, &sealed), Some(flash));
    }
}
