//! Tags and search words of a text. Both databases compare them byte by byte, so that everything that depends on
//! language happens here: NFKC, then lower case.

use std::sync::LazyLock;

use photos_api::TAG_MAX_CHARS;
use regex::Regex;
use unicode_normalization::UnicodeNormalization;

/// Longest search word in characters; longer ones count as their beginning, so that any text can be indexed.
pub const WORD_MAX_CHARS: usize = 64;

// A `#` behind a letter, a digit, `_`, `/` or `&` is a fragment of an address or an entity. Marks belong to the letter
// before them, so that a composed and a decomposed é count alike.
#[expect(clippy::expect_used, reason = "a constant pattern, compiled in a test")]
static TAG: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:^|[^\p{L}\p{M}\p{Nd}_/&])#([\p{L}\p{M}\p{Nd}_]+)").expect("the pattern is valid")
});
#[expect(clippy::expect_used, reason = "a constant pattern, compiled in a test")]
static WORD: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[\p{L}\p{M}\p{N}_]+").expect("the pattern is valid"));
#[expect(clippy::expect_used, reason = "a constant pattern, compiled in a test")]
static LETTER: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"[\p{L}_]").expect("the pattern is valid"));

/// The tags of a caption, normalised, each once, in order. A tag is `#` not behind a letter, digit, `_`, `/` or `&`, and then a
/// run of 1–64 letters, marks, digits and `_` that has a letter or `_`. A longer run is no tag, rather than one that nobody wrote.
pub fn tags(caption: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for run in TAG.captures_iter(caption).filter_map(|captures| captures.get(1)) {
        if let Some(tag) = normal_run(run.as_str())
            && !found.contains(&tag)
        {
            found.push(tag);
        }
    }
    found
}

/// A tag as it is stored, from what a person wrote, with or without its `#`; none if it cannot be one.
pub fn normal_tag(text: &str) -> Option<String> {
    let text = text.trim();
    let run = text.strip_prefix('#').unwrap_or(text);
    let whole = WORD.find(run).is_some_and(|found| found.len() == run.len());
    if whole { normal_run(run) } else { None }
}

/// The words of a text, normalised, each once, in order: runs of letters, marks, digits and `_`.
pub fn search_words(text: &str) -> Vec<String> {
    let text = normal(text);
    let mut found: Vec<String> = Vec::new();
    for word in WORD.find_iter(&text) {
        let word: String = word.as_str().chars().take(WORD_MAX_CHARS).collect();
        if !found.contains(&word) {
            found.push(word);
        }
    }
    found
}

fn normal_run(run: &str) -> Option<String> {
    // Compatibility forms can expand into spaces and signs, which no tag has.
    let tag: String = WORD.find_iter(&normal(run)).map(|part| part.as_str()).collect();
    let length = tag.chars().count();
    ((1..=TAG_MAX_CHARS).contains(&length) && LETTER.is_match(&tag)).then_some(tag)
}

fn normal(text: &str) -> String {
    // Lower case can leave a composed form, such as that of İ.
    text.nfkc().collect::<String>().to_lowercase().nfkc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_captions() {
        let (longest, too_long) = ("a".repeat(64), "a".repeat(65));
        for (caption, expected) in [
            ("#Tag,#tag #тег #标签 http://x/#frag", &["tag", "тег", "标签"][..]),
            ("##a", &["a"]),
            ("#1", &[]),
            ("#१२", &[]),
            ("#a1 #1a #_", &["a1", "1a", "_"]),
            ("a#b 1#b _#b /#b &#b", &[]),
            ("#a#b", &["a"]),
            ("(#a)[#b]\n#c", &["a", "b", "c"]),
            ("# a #", &[]),
            // Composed and decomposed are one tag, and both keep a `#` behind them from being one.
            ("#É #e\u{301}", &["é"]),
            ("é#x e\u{301}#x", &[]),
            ("#ﬁn #FIN", &["fin"]),
            ("#İ", &["i\u{307}"]),
            ("#हिन्दी", &["हिन्दी"]),
            // Key caps are signs, not tags.
            ("1\u{fe0f}\u{20e3} #\u{fe0f}\u{20e3} #1\u{fe0f}\u{20e3}", &[]),
            // Its compatibility form has spaces.
            ("#\u{fdfa}", &["صلىاللهعليهوسلم"]),
            (&format!("#{longest}"), &[&longest]),
            (&format!("#{too_long}"), &[]),
        ] {
            assert_eq!(tags(caption), expected, "{caption}");
        }
    }

    #[test]
    fn tags_as_people_write_them() {
        for (text, expected) in [
            ("Dawn", Some("dawn")),
            (" #Dawn ", Some("dawn")),
            ("##dawn", None),
            ("two words", None),
            ("", None),
            ("#", None),
            ("12", None),
            ("É", Some("é")),
        ] {
            assert_eq!(normal_tag(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn words_of_texts() {
        assert_eq!(
            search_words("The PIER, the pier; at_dawn 2026!"),
            ["the", "pier", "at_dawn", "2026"]
        );
        assert_eq!(search_words("标签 e\u{301}té Été"), ["标签", "été"]);
        assert_eq!(search_words("… !"), [""; 0]);
        assert_eq!(search_words(&"x".repeat(100)), ["x".repeat(64)]);
    }
}
