//! Times, sizes and programs, as people read them.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::bidi::isolated;

/// A time in two forms.
#[derive(Debug, Clone)]
pub(crate) struct Moment {
    /// For `<time datetime>`.
    pub(crate) machine: String,
    /// `3 January 2026`.
    pub(crate) day: String,
    /// `3 January 2026, 14:05 UTC`.
    pub(crate) full: String,
}

impl Moment {
    pub(crate) fn new(time: Timestamp) -> Self {
        let zoned = time.to_zoned(TimeZone::UTC);
        let form = |format: &str| zoned.strftime(format).to_string();
        Self {
            machine: form("%Y-%m-%dT%H:%M:%SZ"),
            day: form("%-d %B %Y"),
            full: form("%-d %B %Y, %H:%M UTC"),
        }
    }
}

/// Bytes as `2.1 MB`.
pub(crate) fn bytes(bytes: u64) -> String {
    let kilo = bytes as f64 / 1000.0;
    match bytes {
        0..1000 => format!("{bytes} bytes"),
        1000..1_000_000 => format!("{kilo:.0} kB"),
        _ => format!("{:.1} MB", kilo / 1000.0),
    }
}

/// What the photos service says, as a sentence: with a capital and a stop, and what it writes between backticks in
/// quotation marks.
pub(crate) fn sentence(text: &str) -> String {
    let mut pieces = text.split('`');
    let mut said = pieces.next().unwrap_or_default().to_owned();
    for (piece, is_quoted) in pieces.zip([true, false].into_iter().cycle()) {
        if is_quoted {
            said.push_str(&format!("“{}", isolated(piece)));
        } else {
            said.push_str(&format!("”{piece}"));
        }
    }
    let mut chars = said.chars();
    let Some(first) = chars.next() else {
        return said;
    };
    let stop = if said.ends_with(['.', '?', '!', '…']) {
        ""
    } else {
        "."
    };
    format!("{}{}{stop}", first.to_uppercase(), chars.as_str())
}

/// What the photos service says of a field, as a sentence. Often it begins with the verb, and is given its subject here.
pub(crate) fn fault(subject: &str, detail: &str) -> String {
    if ["is ", "has ", "must "]
        .iter()
        .any(|verb| detail.starts_with(verb))
    {
        sentence(&format!("{subject} {detail}"))
    } else {
        sentence(detail)
    }
}

/// `1 photo`, `2 photos`.
pub(crate) fn photos(count: usize) -> String {
    if count == 1 {
        "1 photo".to_owned()
    } else {
        format!("{count} photos")
    }
}

/// Browser and system of a `User-Agent`, as far as it tells.
pub(crate) fn program(agent: &str) -> String {
    let first = |known: &[(&str, &'static str)]| {
        known
            .iter()
            .find(|(mark, _)| agent.contains(mark))
            .map(|(_, name)| *name)
    };
    // In this order: most browsers name the others too.
    let browser = first(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = first(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        _ if agent.is_empty() => "Unknown program".to_owned(),
        _ => agent
            .split(' ')
            .next()
            .unwrap_or(agent)
            .chars()
            .take(60)
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_service_says_is_a_sentence() {
        for (text, said) in [
            ("no active user has this", "No active user has this."),
            ("use `_` and `-`", "Use “_” and “-”."),
            ("Already. Said!", "Already. Said!"),
            ("`שלום` is no tag", "“\u{2068}שלום\u{2069}” is no tag."),
            ("", ""),
        ] {
            assert_eq!(sentence(text), said);
        }
        let long = "is too long: 101 characters of at most 100";
        assert_eq!(
            fault("this", long),
            "This is too long: 101 characters of at most 100."
        );
        assert_eq!(fault("the name", "is blank"), "The name is blank.");
        assert_eq!(fault("the name", "given twice"), "Given twice.");
    }

    #[test]
    fn people_can_read_them() {
        let time = Timestamp::from_second(1_767_445_500).unwrap_or_default();
        let moment = Moment::new(time);
        assert_eq!(moment.machine, "2026-01-03T13:05:00Z");
        assert_eq!(moment.full, "3 January 2026, 13:05 UTC");
        assert_eq!(bytes(999), "999 bytes");
        assert_eq!(bytes(2_190_194), "2.2 MB");
        assert_eq!(
            (photos(1), photos(2)),
            ("1 photo".to_owned(), "2 photos".to_owned())
        );
        for (agent, expected) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0 Safari/537.36",
                "Chrome on Linux",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605 Version/19.0 Safari/604.1",
                "Safari on iPhone",
            ),
            ("photos-client/0.1.0", "photos-client/0.1.0"),
            ("", "Unknown program"),
        ] {
            assert_eq!(program(agent), expected);
        }
    }
}
