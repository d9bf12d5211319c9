//! The external tools that plasma calls, and which versions of them fit the lock.

use std::fmt;

/// A program that plasma calls and did not build itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Tool {
    Kubectl,
    Helm,
    Kind,
    Skaffold,
    Telepresence,
}

impl Tool {
    pub(crate) const ALL: [Tool; 5] = [
        Tool::Kubectl,
        Tool::Helm,
        Tool::Kind,
        Tool::Skaffold,
        Tool::Telepresence,
    ];

    /// The name of its program and of its entry in the lock.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Tool::Kubectl => "kubectl",
            Tool::Helm => "helm",
            Tool::Kind => "kind",
            Tool::Skaffold => "skaffold",
            Tool::Telepresence => "telepresence",
        }
    }

    /// The arguments that make it print its own version and talk to nobody.
    pub(super) fn version_question(self) -> &'static [&'static str] {
        match self {
            Tool::Kubectl => &["version", "--client", "--output=json"],
            Tool::Helm => &["version", "--template={{.Version}}"],
            Tool::Kind => &["version", "--quiet"],
            Tool::Skaffold => &["version"],
            Tool::Telepresence => &["version"],
        }
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether a program of the version `found` may stand in for the locked one: the major and the minor version are the
/// same. Patches mend faults; a minor version of these tools adds and drops flags, and moves the range of clusters that
/// `kubectl` and `kind` are made for.
pub(super) fn fits(locked: &str, found: &str) -> bool {
    minor(locked).is_some() && minor(locked) == minor(found)
}

/// `0.31` of `0.31.0`: what a version must have in common with the lock.
pub(super) fn minor(version: &str) -> Option<&str> {
    let dot = version.match_indices('.').nth(1)?.0;
    version.get(..dot)
}

/// The first version (`1.34.5`) in what a tool says of itself: `v1.34.5`, `{"gitVersion": "v1.34.5"}`, `1.34.5-rc.1+g05`.
pub(super) fn first_version(text: &str) -> Option<String> {
    let is_version = |word: &&str| {
        let numbers: Vec<&str> = word.split('.').collect();
        numbers.len() == 3 && numbers.iter().all(|number| !number.is_empty())
    };
    text.split(|c: char| !(c.is_ascii_digit() || c == '.'))
        .find(is_version)
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patches_fit_and_minor_versions_do_not() {
        assert!(fits("1.34.5", "1.34.0"));
        assert!(fits("0.31.0", "0.31.7"));
        assert!(!fits("1.34.5", "1.35.5"));
        assert!(!fits("0.31.0", "1.31.0"));
        assert!(!fits("0.31.0", "0.3.1"));
        assert!(!fits("nonsense", "nonsense"));
    }

    #[test]
    fn versions_are_found_in_what_the_tools_say() {
        let said = [
            (
                "{\"clientVersion\": {\"major\": \"1\", \"gitVersion\": \"v1.34.5\"}}",
                "1.34.5",
            ),
            ("v4.1.4+g05fa379", "4.1.4"),
            ("0.31.0\n", "0.31.0"),
            ("v2.24.0\n", "2.24.0"),
            (
                "OSS Client     : v2.31.2\nUser Daemon    : not running\n",
                "2.31.2",
            ),
        ];
        for (text, version) in said {
            assert_eq!(first_version(text).as_deref(), Some(version), "{text}");
        }
        assert_eq!(first_version("usage: kind 12.5 [command]"), None);
    }
}
