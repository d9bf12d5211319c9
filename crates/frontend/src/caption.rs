//! Captions for pages: their `#tags` are links. What is a tag, the photos service has decided; here it is only found
//! again.

use photos_client::types::TAG_MAX_CHARS;
use unicode_normalization::UnicodeNormalization as _;

use crate::links::segment;

/// Characters of a caption that are shown beside a photo which fills the window.
const GLANCE_CHARS: usize = 280;

/// A piece of a caption.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) text: String,
    /// Where a tag leads.
    pub(crate) href: Option<String>,
}

/// The pieces of a caption, which together are its text.
pub(crate) fn pieces(caption: &str, tags: &[String]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut rest = caption;
    while let Some(at) = rest.find('#') {
        let (before, after) = rest.split_at(at);
        plain.push_str(before);
        let word = word(&after[1..]);
        if let Some(name) = normal_tag(word)
            && tags.contains(&name)
        {
            if !plain.is_empty() {
                pieces.push(Piece {
                    text: std::mem::take(&mut plain),
                    href: None,
                });
            }
            pieces.push(Piece {
                text: format!("#{word}"),
                href: Some(format!("/tags/{}", segment(&name))),
            });
        } else {
            plain.push('#');
            plain.push_str(word);
        }
        rest = &after[1 + word.len()..];
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        pieces.push(Piece {
            text: plain,
            href: None,
        });
    }
    pieces
}

/// The pieces of as much of a caption as a glance takes in: whole words, and an ellipsis if that is not all.
pub(crate) fn beginning(caption: &str, tags: &[String]) -> Vec<Piece> {
    let Some((end, _)) = caption.char_indices().nth(GLANCE_CHARS) else {
        return pieces(caption, tags);
    };
    let cut = &caption[..end];
    // A word that is cut could be another tag.
    let mut pieces = match cut.rfind(char::is_whitespace) {
        Some(space) => pieces(&cut[..space], tags),
        None => pieces(cut, &[]),
    };
    pieces.push(Piece {
        text: "…".to_owned(),
        href: None,
    });
    pieces
}

/// Letters, marks, digits and `_` from the beginning.
fn word(text: &str) -> &str {
    let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
    &text[..end]
}

fn is_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || unicode_normalization::char::is_combining_mark(c)
}

/// A tag as it is kept (NFKC, lower case), from what a person wrote, with or without its `#`; none if no tag is written so.
pub(crate) fn normal_tag(text: &str) -> Option<String> {
    let text = text.trim();
    let run = text.strip_prefix('#').unwrap_or(text);
    if word(run) != run {
        return None;
    }
    // Lower case can leave a composed form, and compatibility forms can expand into spaces and signs.
    let lower = run.nfkc().collect::<String>().to_lowercase();
    let tag: String = lower.nfkc().filter(|c| is_part(*c)).collect();
    (1..=TAG_MAX_CHARS).contains(&tag.chars().count()).then_some(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(caption: &str, tags: &[&str]) -> String {
        let tags: Vec<String> = tags.iter().map(|tag| (*tag).to_owned()).collect();
        let pieces = pieces(caption, &tags);
        assert_eq!(
            pieces.iter().map(|piece| piece.text.as_str()).collect::<String>(),
            caption
        );
        let marked = |piece: Piece| match piece.href {
            Some(href) => format!("[{}]({href})", piece.text),
            None => piece.text,
        };
        pieces.into_iter().map(marked).collect()
    }

    #[test]
    fn a_glance_has_whole_words() {
        let glance = |caption: &str| -> String {
            let tags = ["dawn".to_owned()];
            beginning(caption, &tags)
                .into_iter()
                .map(|piece| piece.text)
                .collect()
        };
        let short = "ä".repeat(GLANCE_CHARS);
        assert_eq!(glance(&short), short);
        let words = "#dawn at sea ".repeat(40);
        let cut = glance(&words);
        assert!(
            cut.chars().count() <= GLANCE_CHARS + 1 && cut.ends_with('…'),
            "{cut}"
        );
        assert!(
            words.starts_with(&format!("{} ", cut.trim_end_matches('…'))),
            "{cut}"
        );
        assert_eq!(glance(&format!("{short}ä")), format!("{short}…"));
    }

    #[test]
    fn a_tag_is_kept_in_one_form() {
        for (written, kept) in [
            ("Dawn", Some("dawn")),
            ("#dawn", Some("dawn")),
            ("e\u{301}", Some("é")),
            ("ﬁn", Some("fin")),
            ("\u{fdfa}", Some("صلىاللهعليهوسلم")),
            ("##dawn", None),
            ("a,b", None),
            ("none-such", None),
            ("#", None),
            ("", None),
            (&"a".repeat(65), None),
        ] {
            let tag = normal_tag(written);
            assert_eq!(tag.as_deref(), kept, "{written}");
            // Or an address would lead on and on.
            assert_eq!(tag.as_deref().and_then(normal_tag), tag, "{written}");
        }
        for c in (char::MIN..=char::MAX).filter(|c| c.is_alphanumeric()) {
            let tag = normal_tag(&c.to_string());
            assert_eq!(tag.as_deref().and_then(normal_tag), tag, "{c:?}");
        }
    }

    #[test]
    fn tags_are_links() {
        assert_eq!(
            shown("at #Dawn, with #sea_2 and 5 #1", &["dawn", "sea_2"]),
            "at [#Dawn](/tags/dawn), with [#sea_2](/tags/sea_2) and 5 #1"
        );
        assert_eq!(shown("#a#b #", &["a"]), "[#a](/tags/a)#b #");
        assert_eq!(shown("#Größe", &["größe"]), "[#Größe](/tags/gr%C3%B6%C3%9Fe)");
        assert_eq!(
            shown("#ΟΔΟΣ", &["οδος"]),
            "[#ΟΔΟΣ](/tags/%CE%BF%CE%B4%CE%BF%CF%82)"
        );
        assert_eq!(shown("", &[]), "");
        assert_eq!(shown("no tags", &["no"]), "no tags");
    }
}
