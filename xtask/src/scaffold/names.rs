//! Names of clusters and apps: good as a namespace, a host, a crate and a prefix of variables at once.

use std::{fmt, str::FromStr};

use crate::outcome::Failure;

/// Kubernetes and DNS allow 63; hosts are made of three of them.
const LONGEST: usize = 30;

/// What cargo or the compiler keeps for itself.
const TAKEN: [&str; 18] = [
    "alloc", "async", "await", "config", "const", "core", "crate", "enum", "loop", "match", "move", "self",
    "static", "std", "super", "test", "trait", "type",
];

/// A name: small letters, digits and `-`, beginning with a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name(String);

/// A code: two to four small letters and digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Code(String);

impl Name {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// As a name in Rust.
    pub(super) fn snake(&self) -> String {
        self.0.replace('-', "_")
    }

    /// As the name of the struct of its environment.
    pub(super) fn environment(&self) -> String {
        let parts = self.0.split('-').map(|part| {
            let (first, rest) = part.split_at(part.len().min(1));
            format!("{}{rest}", first.to_uppercase())
        });
        format!("{}Env", parts.collect::<String>())
    }

    /// The first and the last letter, as in `hmlet` → `ht`.
    pub(crate) fn code(&self) -> Code {
        let ends = [self.0.chars().next(), self.0.chars().last()];
        Code(ends.into_iter().flatten().collect())
    }
}

/// That the commands or variables of another begin with a code: exit code 3.
pub(crate) fn taken(code: &Code, why: &str) -> Failure {
    Failure::refused(format!("the code `{}` is taken", code.as_str()))
        .because(why)
        .advise("choose another with --code")
}

impl Code {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// As the prefix of variables, without the underscore.
    pub(super) fn prefix(&self) -> String {
        self.0.to_uppercase()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Name {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let right = (2..=LONGEST).contains(&text.len())
            && text.bytes().all(inner)
            && text.starts_with(|first: char| first.is_ascii_lowercase())
            && !text.ends_with('-')
            && !text.contains("--");
        if !right {
            return Err(format!(
                "must be 2 to {LONGEST} of a-z, 0-9 and single `-`, beginning with a letter"
            ));
        }
        if TAKEN.contains(&text) {
            return Err("means something else to cargo or the compiler".to_owned());
        }
        Ok(Self(text.to_owned()))
    }
}

impl FromStr for Code {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let right = (2..=4).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
            && text.starts_with(|first: char| first.is_ascii_lowercase());
        // Variables with these prefixes are those of CI servers and of the root's own shell.
        if right && !["ci", "pl"].contains(&text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(
                "must be 2 to 4 of a-z and 0-9, beginning with a letter, and neither `ci` nor `pl`"
                    .to_owned(),
            )
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_crate_a_struct_and_a_code() {
        let name: Name = "rent-roll".parse().unwrap();
        assert_eq!(
            (
                name.snake().as_str(),
                name.environment().as_str(),
                name.code().as_str()
            ),
            ("rent_roll", "RentRollEnv", "rl")
        );
        for wrong in [
            "",
            "a",
            "Rent",
            "rent_roll",
            "-rent",
            "rent-",
            "re--nt",
            "1rent",
            "match",
            &"x".repeat(31),
        ] {
            assert!(wrong.parse::<Name>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_code_is_short_and_nobody_elses() {
        assert_eq!("rl".parse::<Code>().unwrap().prefix(), "RL");
        for wrong in ["", "r", "rents", "Rl", "1r", "ci"] {
            assert!(wrong.parse::<Code>().is_err(), "{wrong}");
        }
    }
}
