//! The stages of a cluster, and the two targets on which a stage can run.

use std::fmt;
use std::str::FromStr;

/// One of the four stages that every cluster has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// 🛠️ Automatic tests.
    Test,
    /// 🐣 A developer's machine.
    Local,
    /// 🤖 The rehearsal of production.
    Staging,
    /// 🔥 The real thing.
    Production,
}

impl Stage {
    /// All stages, from the most harmless to the most precious.
    pub const ALL: [Self; 4] = [Self::Test, Self::Local, Self::Staging, Self::Production];

    /// The name used in file names, flags and host names.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Local => "local",
            Self::Staging => "staging",
            Self::Production => "production",
        }
    }

    /// The sign of the stage in a shell's prompt.
    pub const fn emoji(self) -> &'static str {
        match self {
            Self::Test => "🛠️",
            Self::Local => "🐣",
            Self::Staging => "🤖",
            Self::Production => "🔥",
        }
    }

    /// Whether plasma itself makes the stage's secrets; the others' come from outside.
    pub const fn makes_secrets(self) -> bool {
        matches!(self, Self::Test | Self::Local)
    }

    /// The target that commands use when nobody says which.
    pub const fn default_target(self) -> Target {
        match self {
            Self::Test | Self::Local => Target::Native,
            Self::Staging | Self::Production => Target::Cluster,
        }
    }
}

/// Where a stage runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// Processes of this machine, with SQLite and files.
    Native,
    /// Kubernetes, with PostgreSQL and S3.
    Cluster,
}

impl Target {
    /// Both targets.
    pub const ALL: [Self; 2] = [Self::Native, Self::Cluster];

    /// The name used in flags and output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Cluster => "cluster",
        }
    }
}

/// A name that is none of the known ones.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no {what} `{given}`: write {expected}")]
pub struct UnknownName {
    what: &'static str,
    given: String,
    expected: &'static str,
}

impl FromStr for Stage {
    type Err = UnknownName;

    /// Reads a name or an alias: `stage` is staging, `prod` is production.
    fn from_str(text: &str) -> Result<Self, UnknownName> {
        match text {
            "test" => Ok(Self::Test),
            "local" => Ok(Self::Local),
            "staging" | "stage" => Ok(Self::Staging),
            "production" | "prod" => Ok(Self::Production),
            _ => Err(UnknownName {
                what: "stage",
                given: text.to_owned(),
                expected: "test, local, staging or production",
            }),
        }
    }
}

impl FromStr for Target {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        match text {
            "native" => Ok(Self::Native),
            "cluster" => Ok(Self::Cluster),
            _ => Err(UnknownName {
                what: "target",
                given: text.to_owned(),
                expected: "native or cluster",
            }),
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
    use super::*;

    #[test]
    fn every_stage_is_found_by_its_name_and_two_by_an_alias() {
        for stage in Stage::ALL {
            assert_eq!(stage.name().parse::<Stage>().unwrap(), stage);
        }
        assert_eq!("stage".parse::<Stage>().unwrap(), Stage::Staging);
        assert_eq!("prod".parse::<Stage>().unwrap(), Stage::Production);
    }

    #[test]
    fn a_wrong_stage_is_answered_with_the_right_ones() {
        let error = "locl".parse::<Stage>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no stage `locl`: write test, local, staging or production"
        );
    }
}
