//! Changes one tool in the text of `deps/tools.yaml`, and leaves every other byte as it is: order, comments, layout.

use std::collections::BTreeMap;

use super::lock::Lock;

/// The text with this version and these sums (by platform) of the tool.
///
/// # Errors
/// When the text is no lock, or is laid out in a way that this does not know: why.
pub(super) fn relock(
    text: &str,
    tool: &str,
    version: &str,
    sums: &BTreeMap<String, String>,
) -> Result<String, String> {
    let mut inside = false;
    let mut result = String::new();
    for line in text.split_inclusive('\n') {
        let words = line.trim();
        let indent = line.len() - line.trim_start().len();
        if indent <= 2 && !words.is_empty() && !words.starts_with('#') {
            inside = indent == 2
                && words
                    .split('#')
                    .next()
                    .is_some_and(|key| key.trim() == format!("{tool}:"));
        }
        let value = words.split_once(": ").map(|(key, value)| {
            let value = value.split(" #").next().unwrap_or_default().trim();
            (key, value)
        });
        let new = match value {
            Some(("version", old)) if inside => Some((old, version)),
            Some((key, old)) if inside => sums.get(key).map(|sum| (old, sum.as_str())),
            _ => None,
        };
        match new {
            Some((old, new)) => result.push_str(&line.replacen(old, new, 1)),
            None => result.push_str(line),
        }
    }
    let lock = Lock::parse(&result)?;
    match lock.tools.get(tool) {
        Some(locked) if locked.version == version && locked.sha256 == *sums => Ok(result),
        _ => Err(format!(
            "the entry of {tool} is laid out in another way than the others"
        )),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    const LOCK: &str = include_str!("../../../deps/tools.yaml");

    fn sums(digit: char) -> BTreeMap<String, String> {
        ["linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64"]
            .map(|platform| (platform.to_owned(), digit.to_string().repeat(64)))
            .into()
    }

    #[test]
    fn five_lines_change_and_no_other() {
        let after = relock(LOCK, "kind", "0.32.1", &sums('a')).unwrap();
        let changed: Vec<(&str, &str)> = LOCK
            .lines()
            .zip(after.lines())
            .filter(|(old, new)| old != new)
            .collect();
        assert_eq!(LOCK.lines().count(), after.lines().count());
        assert_eq!(changed.len(), 5);
        assert_eq!(changed[0], ("    version: 0.31.0", "    version: 0.32.1"));
        let line = format!("      linux/amd64: {}", "a".repeat(64));
        assert_eq!(changed[1].1, line);
        let lock = Lock::parse(&after).unwrap();
        assert_eq!(lock.tools["helm"].version, "4.1.4");
    }

    #[test]
    fn comments_stay_and_quotes_too() {
        let text = LOCK.replace(
            "    version: 0.31.0\n",
            "    version: '0.31.0'  # with Kubernetes 1.34\n",
        );
        let error = relock(&text, "kind", "0.32.1", &sums('a'))
            .map(|text| text.contains("0.32.1  # with Kubernetes 1.34"));
        assert_eq!(error, Ok(true));
    }

    #[test]
    fn another_layout_is_refused_and_not_garbled() {
        let text = "tools: {kind: {version: '1', url: u, archive: none, sha256: {}}}\nimages: {}\n";
        assert!(
            relock(text, "kind", "2.0.0", &sums('a'))
                .unwrap_err()
                .contains("laid out in another way")
        );
        assert!(relock(LOCK, "kustomize", "5.0.0", &sums('a')).is_err());
    }
}
