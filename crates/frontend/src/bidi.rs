//! Names and other texts of people within lines of ours: one that is written from right to left, or that turns the
//! direction, turns nothing but itself. In markup `<bdi>` and `dir="auto"` do that; this is for titles and attributes,
//! which have no markup, and for what would break out of it.

use std::borrow::Cow;

/// First strong isolate, and pop directional isolate.
const BEGIN: char = '\u{2068}';
const END: char = '\u{2069}';

/// The text between isolates, if a part of it may be written from right to left; else as it is.
pub(crate) fn isolated(text: &str) -> Cow<'_, str> {
    if text.chars().any(may_turn) {
        Cow::Owned(format!("{BEGIN}{}{END}", closed(text)))
    } else {
        Cow::Borrowed(text)
    }
}

/// The text as one paragraph that ends every isolate that it begins, and no other.
pub(crate) fn closed(text: &str) -> Cow<'_, str> {
    if !text.chars().any(may_turn) {
        return Cow::Borrowed(text);
    }
    let (mut closed, mut depth) = (String::with_capacity(text.len()), 0);
    for c in text.chars() {
        match c {
            '\u{2066}'..='\u{2068}' => depth += 1,
            END if depth == 0 => continue,
            END => depth -= 1,
            _ => {}
        }
        closed.push(if matches!(c, '\u{2028}' | '\u{2029}') {
            ' '
        } else {
            c
        });
    }
    closed.extend(std::iter::repeat_n(END, depth));
    Cow::Owned(closed)
}

/// Whether a character is of a script that is written from right to left, or says in which direction others are.
fn may_turn(c: char) -> bool {
    matches!(c,
        '\u{590}'..='\u{8ff}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}' | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_turns_nothing_but_itself() {
        for (text, expected) in [
            ("Pier at dawn, 日本", "Pier at dawn, 日本"),
            ("שלום", "\u{2068}שלום\u{2069}"),
            ("a\u{202e}b", "\u{2068}a\u{202e}b\u{2069}"),
            // What would end the isolate is left out, what it begins is ended, and it is one paragraph.
            ("a\u{2069}\u{202e}b", "\u{2068}a\u{202e}b\u{2069}"),
            ("\u{2067}a", "\u{2068}\u{2067}a\u{2069}\u{2069}"),
            ("\u{2066}a\u{2069}b", "\u{2068}\u{2066}a\u{2069}b\u{2069}"),
            ("a\u{2029}b", "\u{2068}a b\u{2069}"),
        ] {
            assert_eq!(isolated(text), expected, "{text:?}");
        }
    }
}
