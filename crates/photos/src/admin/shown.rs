//! Times, sizes, counts and programs, as people read them.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A time in three forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Moment {
    /// For `<time datetime>`.
    pub(super) machine: String,
    /// `2026-01-03 14:05`.
    pub(super) short: String,
    /// `3 January 2026, 14:05:59 UTC`.
    pub(super) full: String,
}

impl Moment {
    pub(super) fn new(time: Timestamp) -> Self {
        let zoned = time.to_zoned(TimeZone::UTC);
        let form = |format: &str| zoned.strftime(format).to_string();
        Self {
            machine: form("%Y-%m-%dT%H:%M:%SZ"),
            short: form("%Y-%m-%d %H:%M"),
            full: form("%-d %B %Y, %H:%M:%S UTC"),
        }
    }
}

/// Bytes as `2.1 MB`.
pub(super) fn bytes(bytes: u64) -> String {
    let kilo = bytes as f64 / 1000.0;
    match bytes {
        0..1000 => format!("{bytes} B"),
        1000..1_000_000 => format!("{kilo:.0} kB"),
        1_000_000..1_000_000_000 => format!("{:.1} MB", kilo / 1000.0),
        _ => format!("{:.1} GB", kilo / 1_000_000.0),
    }
}

/// `1 photo`, `2,000 photos`.
pub(super) fn count(count: usize, one: &str) -> String {
    format!(
        "{} {one}{}",
        thousands(count as u64),
        if count == 1 { "" } else { "s" }
    )
}

/// `20,000`.
pub(super) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A length of time in its two largest units: `10 min`, `3 d 4 h`.
pub(super) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let parts = [
        (seconds / 86_400, "d"),
        (seconds / 3_600 % 24, "h"),
        (seconds / 60 % 60, "min"),
        (seconds % 60, "s"),
    ];
    let shown: Vec<String> = parts
        .iter()
        .skip_while(|(value, _)| *value == 0)
        .take(2)
        .filter(|(value, _)| *value > 0)
        .map(|(value, unit)| format!("{value} {unit}"))
        .collect();
    if shown.is_empty() {
        format!("{} ms", duration.as_millis())
    } else {
        shown.join(" ")
    }
}

/// How long ago a time was: `5 min ago`, `just now`.
pub(super) fn ago(time: Timestamp, now: Timestamp) -> String {
    match Duration::try_from(now.duration_since(time)) {
        Ok(since) if since >= Duration::from_secs(1) => format!("{} ago", duration(since)),
        _ => "just now".to_owned(),
    }
}

/// A text as a sentence: with a capital and a full stop.
pub(super) fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let Some(first) = chars.next() else {
        return String::new();
    };
    let stop = if text.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{}{}{stop}", first.to_uppercase(), chars.as_str())
}

/// The beginning of a text, on one line.
pub(super) fn excerpt(text: &str, chars: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut: String = line.chars().take(chars).collect();
    if cut.len() < line.len() {
        format!("{cut}…")
    } else {
        cut
    }
}

/// Browser and system of a `User-Agent`, as far as it tells.
pub(super) fn program(agent: &str) -> String {
    let first = |known: &[(&str, &'static str)]| {
        let found = known.iter().find(|(mark, _)| agent.contains(mark));
        found.map(|(_, name)| *name)
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
        _ => excerpt(agent.split(' ').next().unwrap_or(agent), 40),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times() {
        assert_eq!(count(1, "photo"), "1 photo");
        assert_eq!(count(20_000, "photo"), "20,000 photos");
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(26_214_400), "26.2 MB");
        assert_eq!(duration(Duration::from_secs(600)), "10 min");
        assert_eq!(duration(Duration::from_secs(90_000)), "1 d 1 h");
        assert_eq!(duration(Duration::from_millis(20)), "20 ms");
        assert_eq!(sentence("is blank"), "Is blank.");
        assert_eq!(excerpt("a\n b  c", 3), "a b…");
        let time = Timestamp::UNIX_EPOCH;
        assert_eq!(Moment::new(time).short, "1970-01-01 00:00");
        assert_eq!(ago(time, time), "just now");
    }
}
