//! Lines put into files that are there: pure functions, which give nothing where the file has no place for them.

/// Where the page of the variables holds their reference.
const REFERENCE: (&str, &str) = ("<!-- reference -->\n", "<!-- end of reference -->");

/// Puts a line among those that begin with `prefix`, in the order of the alphabet.
pub(super) fn sorted(text: &str, prefix: &str, line: &str) -> Option<String> {
    let lines: Vec<&str> = text.lines().collect();
    let own: Vec<usize> = (0..lines.len())
        .filter(|&at| lines[at].starts_with(prefix))
        .collect();
    let after = own.iter().copied().find(|&at| lines[at] > line);
    let at = after.or(own.last().map(|last| last + 1))?;
    let mut lines: Vec<&str> = lines;
    lines.insert(at, line);
    Some(lines.join("\n") + "\n")
}

/// Puts an item at the end of the list that begins with `opening`, on one line or on several.
pub(super) fn item(text: &str, opening: &str, item: &str) -> Option<String> {
    let begin = text.find(opening)? + opening.len();
    let end = begin + text[begin..].find(']')?;
    let inside = text[begin..end].trim_end();
    let inside = inside.strip_suffix(',').unwrap_or(inside);
    let comma = if inside.trim().is_empty() { "" } else { ", " };
    Some(format!("{}{inside}{comma}{item}{}", &text[..begin], &text[end..]))
}

/// Puts a line after the last one that begins so.
pub(super) fn after(text: &str, beginning: &str, line: &str) -> Option<String> {
    let mut lines: Vec<&str> = text.lines().collect();
    let at = lines.iter().rposition(|own| own.starts_with(beginning))?;
    lines.insert(at + 1, line);
    Some(lines.join("\n") + "\n")
}

/// Puts the reference of all variables into its page.
pub(crate) fn reference(page: &str, reference: &str) -> Option<String> {
    let begin = page.find(REFERENCE.0)? + REFERENCE.0.len();
    let end = page.find(REFERENCE.1)?;
    (begin <= end).then(|| format!("{}\n{}\n\n{}", &page[..begin], reference.trim(), &page[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_finds_its_place() {
        let text = "//! x\n\nmod a;\nmod c;\n\npub use a::A;\n";
        assert_eq!(
            sorted(text, "mod ", "mod b;").as_deref(),
            Some("//! x\n\nmod a;\nmod b;\nmod c;\n\npub use a::A;\n")
        );
        assert_eq!(
            sorted(text, "mod ", "mod d;").as_deref(),
            Some("//! x\n\nmod a;\nmod c;\nmod d;\n\npub use a::A;\n")
        );
        assert_eq!(sorted("", "mod ", "mod a;"), None);
    }

    #[test]
    fn a_list_grows_whether_empty_or_over_several_lines() {
        assert_eq!(
            item("apps: [a]\nb: []\n", "apps: [", "x").as_deref(),
            Some("apps: [a, x]\nb: []\n")
        );
        assert_eq!(item("apps: []\n", "apps: [", "x").as_deref(), Some("apps: [x]\n"));
        assert_eq!(
            item("A = &[\n    a,\n    b,\n];\n", "A = &[", "x").as_deref(),
            Some("A = &[\n    a,\n    b, x];\n")
        );
    }

    #[test]
    fn the_reference_is_replaced_between_its_marks() {
        let page = "top\n<!-- reference -->\nold\n<!-- end of reference -->\nend\n";
        assert_eq!(
            reference(page, "\nnew\n").as_deref(),
            Some("top\n<!-- reference -->\n\nnew\n\n<!-- end of reference -->\nend\n")
        );
    }
}
