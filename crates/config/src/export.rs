//! Writes variables so that another program reads back exactly the same values.

use std::collections::BTreeMap;
use std::str::FromStr;

/// What reads the export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `NAME=value` lines, for readers of `.env` files and for `set -a; . ./file` in a POSIX shell.
    Dotenv,
    /// `export` lines, for `eval` in bash, zsh and other POSIX shells.
    Bash,
    /// `set` lines, for `source` in fish.
    Fish,
    /// One object of strings.
    Json,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 4] = [Self::Dotenv, Self::Bash, Self::Fish, Self::Json];

    /// The name used in flags.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dotenv => "dotenv",
            Self::Bash => "bash",
            Self::Fish => "fish",
            Self::Json => "json",
        }
    }

    /// The line that takes a variable away, in the formats that a shell runs.
    pub fn unset(self, name: &str) -> Option<String> {
        match self {
            Self::Bash => Some(format!("unset {name}\n")),
            Self::Fish => Some(format!("set -e {name}\n")),
            Self::Dotenv | Self::Json => None,
        }
    }

    /// A text as one word that the reader takes for exactly this text. It must not contain NUL.
    pub fn quote(self, text: &str) -> String {
        match self {
            Self::Dotenv => dotenv(text),
            Self::Bash => posix(text),
            Self::Fish => fish(text),
            Self::Json => serde_json::Value::from(text).to_string(),
        }
    }

    /// Writes the variables, sorted by name, with a newline at the end. Values must not contain NUL, which no
    /// environment can hold.
    pub fn write(self, variables: &BTreeMap<String, String>) -> String {
        let lines = variables.iter().map(|(name, value)| match self {
            Self::Dotenv => format!("{name}={}\n", self.quote(value)),
            Self::Bash => format!("export {name}={}\n", self.quote(value)),
            Self::Fish => format!("set -gx {name} {}\n", self.quote(value)),
            Self::Json => String::new(),
        });
        match self {
            Self::Json => format!("{:#}\n", serde_json::json!(variables)),
            _ => lines.collect(),
        }
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|format| format.name() == text);
        found.ok_or_else(|| format!("there is no format `{text}`: write dotenv, bash, fish or json"))
    }
}

/// Single quotes, in which a POSIX shell reads nothing but the closing one.
fn posix(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

/// Single quotes, in which fish reads a backslash only before a quote or a backslash.
fn fish(value: &str) -> String {
    format!("'{}'", value.replace('\\', r"\\").replace('\'', r"\'"))
}

/// The way of writing that the most readers of `.env` files agree on; every one of them is right in a POSIX shell.
fn dotenv(value: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+,=".contains(c);
    if !value.is_empty() && value.chars().all(bare) {
        value.to_owned()
    } else if !value.contains('\'') && !value.contains(r"\\") && !value.ends_with('\\') {
        format!("'{value}'")
    } else if !value.contains(['$', '`']) {
        format!("\"{}\"", value.replace('\\', r"\\").replace('"', r#"\""#))
    } else {
        posix(value)
    }
}
