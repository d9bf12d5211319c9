//! Reads what `env export --format dotenv` prints, as far as the stories need it.

use std::collections::BTreeMap;

/// The variables of a dotenv text, with their quotes.
pub(crate) fn parse(text: &str) -> BTreeMap<String, String> {
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}
