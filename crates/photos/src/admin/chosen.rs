//! Forms about many at once: what to do, and with which, or with all of a list; first asked, then confirmed.

use super::error::PageError;
use super::links::local_or_home;

/// The most that are changed at once.
pub(super) const MOST: u32 = 1_000;
/// Those left alone that are named.
pub(super) const NAMED: usize = 4;

/// A form as a list, the page of one, or the page that asks sends it. Its fields: `action`, the ids, or `all` with the query of
/// the `list`; `confirm`; `back`, the page to go to.
pub(super) struct Chosen<D, I> {
    pub(super) deed: D,
    /// As often as they were sent.
    pub(super) ids: Vec<I>,
    /// The query of the list.
    pub(super) list: String,
    /// Whether everything of the list is meant, instead of the ids.
    pub(super) is_all: bool,
    pub(super) is_confirmed: bool,
    back: Option<String>,
}

impl<D, I> Chosen<D, I> {
    /// Reads the fields; `name` is that of the ids.
    ///
    /// # Errors
    /// [`PageError::Unreadable`] for what is no deed or no id, [`PageError::TooLarge`] above [`MOST`].
    pub(super) fn read(
        fields: &[(String, String)],
        name: &str,
        deed: impl Fn(&str) -> Option<D>,
        id: impl Fn(&str) -> Option<I>,
    ) -> Result<Self, PageError> {
        let value = |name: &str| {
            let field = fields.iter().find(|(field, _)| field == name);
            field.map(|(_, value)| value.as_str())
        };
        let wrong = |what: &str| PageError::Unreadable(format!("The form does not say {what}"));
        let deed = value("action")
            .and_then(deed)
            .ok_or_else(|| wrong("what to do"))?;
        let ids = fields.iter().filter(|(field, _)| field == name);
        let ids: Option<Vec<I>> = ids.map(|(_, text)| id(text)).collect();
        let ids = ids.ok_or_else(|| wrong(&format!("which {name}s")))?;
        if ids.len() > usize::try_from(MOST).unwrap_or(usize::MAX) {
            return Err(PageError::TooLarge);
        }
        Ok(Self {
            deed,
            ids,
            list: value("list").unwrap_or_default().to_owned(),
            is_all: value("all").is_some(),
            is_confirmed: value("confirm").is_some(),
            back: value("back").map(|back| local_or_home(Some(back)).to_owned()),
        })
    }

    /// Whether nothing was chosen.
    pub(super) fn is_nothing(&self) -> bool {
        self.ids.is_empty() && !self.is_all
    }

    /// Where to go afterwards: the page that the form names, else the list.
    pub(super) fn back(&self, list: String) -> String {
        self.back.clone().unwrap_or(list)
    }
}

/// `Left alone: one, another, and 3 more.` The reasons are those of the first [`NAMED`] of `all`, or more.
pub(super) fn left_alone(reasons: impl Iterator<Item = String>, all: usize) -> Option<String> {
    let reasons: Vec<String> = reasons.take(NAMED).collect();
    let more = match all - reasons.len() {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    (all > 0).then(|| format!("Left alone: {}{more}.", reasons.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_are_named() {
        let told = |all: usize| left_alone((1..=all).map(|n| format!("n{n}")), all);
        assert_eq!(told(0), None);
        assert_eq!(told(2).as_deref(), Some("Left alone: n1, n2."));
        assert_eq!(
            told(6).as_deref(),
            Some("Left alone: n1, n2, n3, n4, and 2 more.")
        );
    }
}
