//! What a stage shell leaves in the environment of everything that is started in it.
//!
//! A stage shell exports its stage's variables. Were they a layer of every later command, a deploy to production from a
//! local shell would use local values. So the shell also sets `PLASMA_SHELL_VARS`, which says what it exported:
//!
//! ```text
//! hmlet/local/native PS_DATABASE_URL=5f3c0a8e92b17d46 PS_LOG=0b6d3f1c77aa92e1
//! ```
//!
//! First the cluster, stage and target; then, for each variable, the first 16 hex digits of the SHA-256 of its name, a
//! NUL and its value. A variable that still has that value is no layer; one that the person changed is. Values never
//! stand in it, so newlines and quotes cannot break it. An entry whose hash is not readable leaves its variable out
//! whatever its value: it is better to miss a change than to take a local value to production.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::fault::Place;
use crate::stage::{Stage, Target};
use crate::stage_env::StageEnv;

/// The variable in which a stage shell says what it exported.
pub const SHELL_VARS: &str = "PLASMA_SHELL_VARS";

/// The stage shell that an environment belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shell {
    /// The cluster's name.
    pub cluster: String,
    /// The stage.
    pub stage: Stage,
    /// The target.
    pub target: Target,
}

impl Shell {
    /// The stage shell in which a process environment was made, if it was made in one.
    pub fn of(process: &BTreeMap<String, String>) -> Option<Self> {
        let mut parts = process.get(SHELL_VARS)?.split_whitespace().next()?.split('/');
        let (cluster, stage, target) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self {
            cluster: cluster.to_owned(),
            stage: stage.parse().ok()?,
            target: target.parse().ok()?,
        })
    }
}

/// The process environment without what a stage shell exported and nobody changed, and without the mark itself.
pub fn strip_shell_vars(process: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut stripped = process.clone();
    let Some(mark) = stripped.remove(SHELL_VARS) else {
        return stripped;
    };
    for entry in mark.split_whitespace() {
        let (name, hash) = entry.split_once('=').unwrap_or((entry, ""));
        let changed = |value: &String| is_hash(hash) && digest(name, value) != hash;
        if stripped.get(name).is_some_and(|value| !changed(value)) {
            stripped.remove(name);
        }
    }
    stripped
}

/// The value of `PLASMA_SHELL_VARS` for a shell that exports the variables of a stage, those of `exported` only. What
/// came from the process environment is the person's own, and stays a layer inside the shell.
pub fn shell_vars(env: &StageEnv, exported: &BTreeMap<String, String>) -> String {
    let mut mark = format!("{}/{}/{}", env.cluster, env.stage, env.target);
    for setting in env
        .settings()
        .filter(|setting| !matches!(setting.place(), Place::Process(_)))
    {
        let name = setting.variable.name;
        if let Some(value) = exported.get(name) {
            mark.push_str(&format!(" {name}={}", digest(name, value)));
        }
    }
    mark
}

/// Whether the stage shell that a process environment was made in exported this value of the variable, whatever has
/// become of it since.
pub(crate) fn was_exported(process: &BTreeMap<String, String>, name: &str, value: &str) -> bool {
    let mark = process.get(SHELL_VARS).map_or("", String::as_str);
    mark.split_whitespace()
        .filter_map(|entry| entry.split_once('='))
        .any(|(exported, hash)| exported == name && hash == digest(name, value))
}

fn digest(name: &str, value: &str) -> String {
    let hash = Sha256::new()
        .chain_update(name)
        .chain_update([0])
        .chain_update(value)
        .finalize();
    hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn is_hash(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn what_nobody_changed_is_left_out_and_a_change_is_kept() {
        let same = "two\nlines, a 'quote' and PS_LOG=0000000000000000";
        let mark = format!(
            "hmlet/local/native PS_ADMIN_USERNAME={} PS_LOG={}",
            digest("PS_ADMIN_USERNAME", same),
            digest("PS_LOG", "info"),
        );
        let process = map(&[
            ("PLASMA_SHELL_VARS", &mark),
            ("PS_ADMIN_USERNAME", same),
            ("PS_LOG", "debug"),
            ("PS_MIGRATE", "false"),
            ("PATH", "/usr/bin"),
        ]);
        let expected = map(&[("PS_LOG", "debug"), ("PS_MIGRATE", "false"), ("PATH", "/usr/bin")]);
        assert_eq!(strip_shell_vars(&process), expected);
        let shell = Shell {
            cluster: "hmlet".into(),
            stage: Stage::Local,
            target: Target::Native,
        };
        assert_eq!(Shell::of(&process), Some(shell));
    }

    #[test]
    fn an_unreadable_mark_takes_no_local_value_anywhere() {
        let process = map(&[
            ("PLASMA_SHELL_VARS", "? PS_LOG PS_MIGRATE=12"),
            ("PS_LOG", "debug"),
            ("PS_MIGRATE", "false"),
        ]);
        assert_eq!(strip_shell_vars(&process), map(&[]));
        assert_eq!(Shell::of(&process), None);
    }

    #[test]
    fn outside_of_a_stage_shell_nothing_is_left_out() {
        let process = map(&[("PS_LOG", "debug")]);
        assert_eq!(strip_shell_vars(&process), process);
    }
}
