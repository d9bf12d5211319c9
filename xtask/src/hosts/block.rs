//! Plasma's block in the text of a hosts file. All functions work on bytes: what is outside of the block comes out as it
//! went in, with its own line ends, encoding, and end of file.

use std::ops::Range;

const BEGIN: &str = "# BEGIN plasma";
const END: &str = "# END plasma";
const WHY: &str = ": the names of the stages on this machine; `cargo xtask hosts remove` takes them out";

/// The text with one block that has these names and no others; a block that was there is replaced where it stood.
///
/// # Errors
/// When a block is damaged: where.
pub(crate) fn put(text: &[u8], names: &[String]) -> Result<Vec<u8>, String> {
    let blocks = blocks(text)?;
    let first = blocks.first().cloned();
    let ends = match &first {
        Some(block) => ends_of(&text[block.clone()]),
        None => ends_of(text),
    };
    let mut lines = vec![format!("{BEGIN}{WHY}")];
    lines.extend(names.iter().map(|name| format!("127.0.0.1 {name}")));
    lines.push(END.to_owned());
    let block = lines.join(ends);
    let Some(first) = first else {
        // A file without a newline at its end keeps that: the newline before the block belongs to the block.
        let whole = text.is_empty() || text.ends_with(b"\n");
        let (before, after) = if whole { ("", ends) } else { (ends, "") };
        return Ok([text, before.as_bytes(), block.as_bytes(), after.as_bytes()].concat());
    };
    let mut result = text.to_vec();
    for extra in blocks.iter().skip(1).rev() {
        result.drain(extra.clone());
    }
    let closed = text[first.clone()].ends_with(b"\n");
    let end_of_line = if closed { ends } else { "" };
    result.splice(first, [block.as_bytes(), end_of_line.as_bytes()].concat());
    Ok(result)
}

/// The text without the block. After [`put`] into a text without one, the very same text.
///
/// # Errors
/// When a block is damaged: where.
pub(crate) fn take(text: &[u8]) -> Result<Vec<u8>, String> {
    let mut result = text.to_vec();
    for block in blocks(text)?.into_iter().rev() {
        let own = &text[block.clone()];
        // The line end before a block that has none behind it was put there with it.
        let before = if own.ends_with(b"\n") { "" } else { ends_of(own) };
        let start = block.start
            - if text[..block.start].ends_with(before.as_bytes()) {
                before.len()
            } else {
                0
            };
        result.drain(start..block.end);
    }
    Ok(result)
}

/// The names in the block; none if there is no block.
///
/// # Errors
/// When a block is damaged: where.
pub(crate) fn names(text: &[u8]) -> Result<Vec<String>, String> {
    let mut names = Vec::new();
    for block in blocks(text)? {
        let block = String::from_utf8_lossy(&text[block]).into_owned();
        for line in block.lines().filter(|line| !line.trim_start().starts_with('#')) {
            names.extend(line.split_whitespace().skip(1).map(str::to_owned));
        }
    }
    Ok(names)
}

/// The lines that differ, as a diff shows them.
pub(crate) fn difference(before: &[u8], after: &[u8]) -> Vec<String> {
    let lines =
        |text: &[u8]| -> Vec<String> { String::from_utf8_lossy(text).lines().map(str::to_owned).collect() };
    let (before, after) = (lines(before), lines(after));
    let same = before.iter().zip(&after).take_while(|(a, b)| a == b).count();
    let (old, new) = (&before[same..], &after[same..]);
    let tail = old
        .iter()
        .rev()
        .zip(new.iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    let gone = old[..old.len() - tail].iter().map(|line| format!("-{line}"));
    let come = new[..new.len() - tail].iter().map(|line| format!("+{line}"));
    gone.chain(come).collect()
}

/// Where the blocks are, each with the line end behind it.
fn blocks(text: &[u8]) -> Result<Vec<Range<usize>>, String> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, usize)> = None;
    let mut at = 0;
    for (number, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let next = at + line.len();
        let begins = line.starts_with(BEGIN.as_bytes());
        let ends = line.trim_ascii() == END.as_bytes();
        match (open, begins, ends) {
            (None, true, _) => open = Some((at, number)),
            (Some((start, _)), _, true) => {
                blocks.push(start..next);
                open = None;
            }
            (Some((_, first)), true, _) => return Err(not_ended(first)),
            (None, _, true) => return Err(format!("line {} ends a block that does not begin", number + 1)),
            _ => {}
        }
        at = next;
    }
    match open {
        Some((_, first)) => Err(not_ended(first)),
        None => Ok(blocks),
    }
}

/// The line ends of Windows if the first line has one, else those of Unix.
fn ends_of(text: &[u8]) -> &'static str {
    let first = text
        .split_inclusive(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    if first.ends_with(b"\r\n") { "\r\n" } else { "\n" }
}

fn not_ended(line: usize) -> String {
    format!("the block that begins in line {} has no `{END}`", line + 1)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names_of(stage: &str) -> Vec<String> {
        vec![
            format!("hmlet.photos.{stage}"),
            format!("hmlet.photos.{stage}.localhost"),
        ]
    }

    #[test]
    fn what_was_there_comes_back_to_the_byte() {
        let texts: [&[u8]; 8] = [
            b"",
            b"127.0.0.1 localhost\n",
            b"127.0.0.1 localhost",
            b"127.0.0.1 localhost\r\n::1 localhost\r\n",
            b"127.0.0.1 localhost\r\n::1 localhost",
            b"127.0.0.1 a\n127.0.0.1 a\n\n\n",
            b"\n",
            b"# caf\xe9\n127.0.0.1 x",
        ];
        for text in texts {
            let with = put(text, &names_of("local")).unwrap();
            assert_eq!(names(&with).unwrap(), names_of("local"));
            assert_eq!(take(&with).unwrap(), text, "{:?}", String::from_utf8_lossy(&with));
            assert_eq!(put(&with, &names_of("local")).unwrap(), with, "twice is once");
        }
    }

    #[test]
    fn the_block_speaks_the_line_ends_of_its_file() {
        let with = put(b"127.0.0.1 localhost\r\n", &names_of("local")).unwrap();
        let text = String::from_utf8(with).unwrap();
        assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
    }

    #[test]
    fn stale_names_go_and_the_block_stays_where_it_was() {
        let before = put(b"127.0.0.1 a\n", &names_of("old")).unwrap();
        let before = [&before[..], b"127.0.0.1 b\n"].concat();
        let after = put(&before, &names_of("new")).unwrap();
        let text = String::from_utf8(after.clone()).unwrap();
        assert!(text.starts_with("127.0.0.1 a\n# BEGIN plasma"), "{text}");
        assert!(text.ends_with("# END plasma\n127.0.0.1 b\n"), "{text}");
        assert_eq!(names(&after).unwrap(), names_of("new"));
        assert_eq!(
            difference(&before, &after),
            [
                "-127.0.0.1 hmlet.photos.old",
                "-127.0.0.1 hmlet.photos.old.localhost",
                "+127.0.0.1 hmlet.photos.new",
                "+127.0.0.1 hmlet.photos.new.localhost",
            ]
        );
    }

    #[test]
    fn several_blocks_become_one() {
        let one = put(b"", &names_of("a")).unwrap();
        let three = [&one[..], b"127.0.0.1 x\n", &one, b"127.0.0.1 y\n", &one].concat();
        let after = put(&three, &names_of("b")).unwrap();
        let expected = [
            &put(b"", &names_of("b")).unwrap()[..],
            b"127.0.0.1 x\n127.0.0.1 y\n",
        ]
        .concat();
        assert_eq!(after, expected);
        assert_eq!(take(&three).unwrap(), b"127.0.0.1 x\n127.0.0.1 y\n");
    }

    #[test]
    fn a_damaged_block_is_left_alone() {
        let open = b"127.0.0.1 a\n# BEGIN plasma\n127.0.0.1 mine\n";
        assert_eq!(
            put(open, &names_of("a")).unwrap_err(),
            "the block that begins in line 2 has no `# END plasma`"
        );
        assert!(
            take(b"# END plasma\n")
                .unwrap_err()
                .contains("line 1 ends a block")
        );
    }

    proptest! {
        #[test]
        fn any_file_survives(text in proptest::collection::vec(any::<u8>(), 0..200), lines in 0..4_usize) {
            let names: Vec<String> = (0..lines).map(|n| format!("name{n}.local")).collect();
            let with = put(&text, &names).unwrap();
            prop_assert_eq!(take(&with).unwrap(), text);
        }
    }
}
