//! What the processes of a stage shell see: the person's environment, changed as little as the stage needs.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    process::Command,
};

use config::{APPS, Handover, Secrets, Stage};

use super::{folder, scope::Scope};
use crate::{cargo, commands::env::MASK, context::Context, kube::kubeconfig, outcome::Failure};

/// Where a stage shell's plasma finds its workspace when the current folder is in none.
pub(crate) use crate::context::ROOT_VARIABLE;

/// Changes to the environment of this process.
#[derive(Debug, Default)]
pub(crate) struct Environment {
    pub(crate) set: BTreeMap<String, String>,
    pub(crate) unset: BTreeSet<String>,
    /// The variables whose values must not be shown.
    secrets: BTreeSet<&'static str>,
    /// The secrets that are made when it starts for the first time.
    unmade: Vec<&'static str>,
}

impl Environment {
    /// Reads the stage's environment. With [`Secrets::Needed`], those of test and local are made if they are not there.
    ///
    /// # Errors
    /// Exit code 2 with all faults of the environment, or a folder whose name `PATH` cannot hold.
    pub(crate) fn load(context: &Context, scope: &Scope, secrets: Secrets) -> anyhow::Result<Self> {
        let env = scope.env.load(context, secrets)?;
        let handover = Handover::new(&env, &context.vars, |setting| scope.exports(setting));
        let secret = || {
            env.settings()
                .filter(|setting| setting.variable.secret && scope.exports(setting))
        };
        let mut environment = Self {
            set: handover.set,
            unset: handover.unset.into_iter().collect(),
            secrets: secret().map(|setting| setting.variable.name).collect(),
            unmade: secret()
                .filter(|setting| env.makes(setting))
                .map(|setting| setting.variable.name)
                .collect(),
        };
        environment.add_surroundings(context, scope)?;
        Ok(environment)
    }

    /// What is the same in every stage shell: the tools, the stage's own kubeconfig, where plasma finds its workspace; and
    /// nothing of the cargo that started plasma or of a shell around this one.
    fn add_surroundings(&mut self, context: &Context, scope: &Scope) -> anyhow::Result<()> {
        let folder = |cluster: String| context.state.join(cluster).join(scope.stage.name());
        let kubeconfigs = scope
            .clusters(context)
            .into_iter()
            .map(|cluster| kubeconfig(&folder(cluster)));
        self.set("KUBECONFIG", join(kubeconfigs)?);
        self.set("PATH", join(path(context, scope))?);
        self.set(ROOT_VARIABLE, context.root.display().to_string());
        // They may be relative to the folder in which plasma was started.
        for (name, folder) in [
            ("PLASMA_STATE_DIR", &context.state),
            ("PLASMA_CACHE_DIR", &context.cache),
        ] {
            if context.vars.get(name).is_some_and(|value| !value.is_empty()) {
                self.set(name, folder.display().to_string());
            }
        }
        // The mark in PLASMA_SHELL_VARS says the stage; an older wish would go over it.
        if context.vars.contains_key("PLASMA_STAGE") {
            self.unset.insert("PLASMA_STAGE".to_owned());
        }
        for (name, value) in cargo::traces(&context.vars) {
            match value {
                Some(value) => self.set(&name, value),
                None => {
                    self.unset.insert(name);
                }
            }
        }
        // A prompt that is exported in a stage shell still shows that shell's stage.
        let shows_a_stage = |prompt: &String| {
            Stage::ALL
                .iter()
                .any(|stage| prompt.contains(&format!("{}(", stage.emoji())))
        };
        for name in ["PS1", "PROMPT"] {
            if context.vars.get(name).is_some_and(shows_a_stage) {
                self.unset.insert(name.to_owned());
            }
        }
        Ok(())
    }

    fn set(&mut self, name: &str, value: String) {
        self.set.insert(name.to_owned(), value);
    }

    /// Changes the environment of a command.
    pub(crate) fn apply(&self, command: &mut Command) {
        for name in &self.unset {
            command.env_remove(name);
        }
        command.envs(&self.set);
    }

    /// How many variables of apps it sets.
    pub(crate) fn of_apps(&self) -> usize {
        let of_an_app = |name: &&String| APPS.iter().any(|app| name.starts_with(app.prefix));
        self.set.keys().filter(of_an_app).count()
    }

    /// The changes as a person reads them, one a line, secrets masked.
    pub(crate) fn listing(&self) -> String {
        let mut lines: BTreeMap<&str, String> = BTreeMap::new();
        for (name, value) in &self.set {
            let shown = match value {
                _ if self.secrets.contains(name.as_str()) => MASK.to_owned(),
                value if value.chars().any(char::is_control) => value.escape_debug().to_string(),
                value => value.clone(),
            };
            lines.insert(name, format!("  {name}={shown}\n"));
        }
        for name in &self.unmade {
            lines.insert(name, format!("  {name}={MASK} (made at the first start)\n"));
        }
        lines.into_values().collect()
    }
}

/// The folders of `PATH`: the workspace's own first, and none of a shell around this one.
fn path(context: &Context, scope: &Scope) -> Vec<PathBuf> {
    let own = folder::on_path(context, &scope.clusters(context));
    let rest = context.vars.get("PATH").map_or("", String::as_str);
    let rest: Vec<PathBuf> = std::env::split_paths(rest)
        .filter(|entry| !own.contains(entry) && !folder::is_ours(context, entry))
        .collect();
    own.into_iter().chain(rest).collect()
}

fn join(folders: impl IntoIterator<Item = PathBuf>) -> anyhow::Result<String> {
    let joined = std::env::join_paths(folders)
        .ok()
        .and_then(|text| text.into_string().ok());
    joined.ok_or_else(|| {
        Failure::usage("the folders of this workspace cannot stand in PATH and KUBECONFIG")
            .because("one of their names has a colon or is not UTF-8")
            .advise("move the workspace, or set PLASMA_STATE_DIR and PLASMA_CACHE_DIR to other folders")
            .into()
    })
}
