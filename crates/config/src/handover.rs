//! What a shell or a program takes over to become one of a stage: the one answer for `env export`, the stage shell, its
//! reload and single commands.

use std::collections::BTreeMap;

use crate::export::Format;
use crate::setting::Setting;
use crate::shell::{SHELL_VARS, shell_vars, strip_shell_vars, was_exported};
use crate::stage_env::StageEnv;

/// Variables to set and to take away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handover {
    /// To set, with `PLASMA_SHELL_VARS`, which says what these are.
    pub set: BTreeMap<String, String>,
    /// To take away: what another stage's shell left there, and what this stage no longer sets.
    pub unset: Vec<String>,
}

impl Handover {
    /// What makes a process environment one of the stage, with the variables that are set and `wanted`.
    pub fn new(
        env: &StageEnv,
        process: &BTreeMap<String, String>,
        wanted: impl Fn(&Setting) -> bool,
    ) -> Self {
        let mut set: BTreeMap<String, String> = env
            .settings()
            .filter(|setting| wanted(setting))
            .filter_map(|setting| Some((setting.variable.name.to_owned(), setting.value()?.to_owned())))
            .collect();
        // However this gets into the environment of a later command, that command must know it for what it is.
        set.insert(SHELL_VARS.to_owned(), shell_vars(env, &set));
        let kept = strip_shell_vars(process);
        let left_by_another = process.keys().filter(|name| !kept.contains_key(*name));
        let unset = left_by_another
            .filter(|name| !set.contains_key(*name))
            .cloned()
            .collect();
        Self { set, unset }
    }

    /// The part that is news to a running shell of the same stage. A variable that the person took away there stays
    /// away until the stage gives it another value.
    #[must_use]
    pub fn news(mut self, process: &BTreeMap<String, String>) -> Self {
        self.set.retain(|name, value| match process.get(name) {
            Some(present) => present != value,
            None => !was_exported(process, name, value),
        });
        self
    }

    /// Writes it for its reader. Only the formats that a shell runs can take a variable away.
    pub fn write(&self, format: Format) -> String {
        let unset = self.unset.iter().filter_map(|name| format.unset(name));
        unset.chain([format.write(&self.set)]).collect()
    }
}
