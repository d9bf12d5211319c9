//! The environment of a whole stage: the layers of its cluster's files, its secrets and the process environment, laid
//! over each other, with every value's chain of places.

use std::collections::BTreeMap;
use std::fs;

use crate::environment::{missing, unknown};
use crate::fault::{Faults, Place};
use crate::follow;
use crate::known::is_known_default;
use crate::layer::{Layer, Origin, Settings};
use crate::request::{Request, Secrets};
use crate::secrets::{self, SecretsFile};
use crate::setting::Setting;
use crate::shell::strip_shell_vars;
use crate::spec::{App, Belongs, Variable};
use crate::stage::{Stage, Target};

/// The environment of a stage: each of its apps' variables, set or not.
#[derive(Debug)]
pub struct StageEnv {
    /// The cluster's name.
    pub cluster: String,
    /// The stage.
    pub stage: Stage,
    /// Where it is to run.
    pub target: Target,
    settings: Vec<Setting>,
}

impl StageEnv {
    /// Reads and checks the environment of a stage.
    ///
    /// # Errors
    /// All faults of all layers at once.
    pub fn load(request: &Request<'_>) -> Result<Self, Faults> {
        let mut faults = Faults::default();
        let apps: Vec<&'static App> = request.cluster.apps();
        let mut env = Self {
            cluster: request.cluster.name.clone(),
            stage: request.stage,
            target: request.target,
            settings: apps
                .iter()
                .flat_map(|app| {
                    app.variables.iter().map(|variable| Setting {
                        app,
                        variable,
                        chain: vec![],
                        follows: None,
                    })
                })
                .collect(),
        };
        let folder = request.stage_folder();
        let mut whole = true;
        for path in request.files() {
            let layer = Layer {
                apps: &apps,
                state: &folder,
                native: follow::is_known_in(&path),
                secrets: false,
            };
            match fs::read_to_string(request.root.join(&path)) {
                Ok(text) => {
                    let (settings, readable) = layer.read(&path, &text, &mut faults);
                    env.lay(settings);
                    whole &= readable;
                }
                Err(error) => {
                    faults.push(Place::WholeFile(path), None, format!("cannot be read: {error}"));
                    whole = false;
                }
            }
        }
        whole &= env.lay_secrets(request, &apps, &mut faults);
        env.lay_process(request, &apps, &mut faults);
        follow::resolve(&apps, &mut env.settings);
        env.refuse_known_defaults(&mut faults);
        if whole {
            env.find_missing(request.secrets, &mut faults);
        }
        faults.into_result().map(|()| env)
    }

    /// All variables of the stage's apps, app after app, set or not.
    pub fn settings(&self) -> impl Iterator<Item = &Setting> {
        self.settings.iter()
    }

    /// The variable with this name.
    pub fn get(&self, name: &str) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.variable.name == name)
    }

    /// The variables that are set, with the values of secrets: what a process of the stage is started with.
    pub fn variables(&self) -> BTreeMap<String, String> {
        let set = |setting: &Setting| Some((setting.variable.name.to_owned(), setting.value()?.to_owned()));
        self.settings.iter().filter_map(set).collect()
    }

    /// Why a variable that is not set should be, if it should.
    pub fn missing(&self, setting: &Setting) -> Option<String> {
        let value = |name: &str| self.get(name).and_then(Setting::value);
        if setting.value().is_some() {
            None
        } else {
            missing(setting.app, setting.variable, value)
        }
    }

    /// Whether plasma makes this secret as soon as somebody needs it.
    pub fn makes(&self, setting: &Setting) -> bool {
        let absent = setting.variable.secret && setting.value().is_none();
        absent && self.stage.makes_secrets() && self.uses(setting.variable)
    }

    fn lay(&mut self, settings: Settings) {
        for (variable, origin) in settings {
            let found = self
                .settings
                .iter_mut()
                .find(|setting| std::ptr::eq(setting.variable, variable));
            if let Some(setting) = found {
                setting.chain.push(origin);
            }
        }
    }

    /// The secrets of test and local, as far as this target uses them; false if they are not all readable.
    fn lay_secrets(&mut self, request: &Request<'_>, apps: &[&'static App], faults: &mut Faults) -> bool {
        if !request.stage.makes_secrets() {
            return true;
        }
        let before = faults.len();
        let folder = request.stage_folder();
        let shown = folder.strip_prefix(request.root).unwrap_or(&folder);
        let kept = SecretsFile {
            folder: &folder,
            shown: &shown.join(secrets::NAME),
            apps,
        };
        let settings = match request.secrets {
            Secrets::Needed => kept.keep(faults),
            Secrets::IfThere => kept.read(faults),
        };
        let used = settings
            .into_iter()
            .filter(|(variable, _)| self.uses(variable))
            .collect();
        self.lay(used);
        faults.len() == before
    }

    /// Whether a variable says anything, or belongs to something that is not there.
    fn uses(&self, variable: &Variable) -> bool {
        let Some(Belongs { key, scheme, .. }) = variable.rules.belongs else {
            return true;
        };
        let app = self
            .settings
            .iter()
            .find(|setting| std::ptr::eq(setting.variable, variable));
        let other = app
            .and_then(|app| app.app.by_key(key))
            .and_then(|other| self.get(other.name));
        other
            .and_then(Setting::value)
            .is_some_and(|value| value.starts_with(scheme))
    }

    fn lay_process(&mut self, request: &Request<'_>, apps: &[&'static App], faults: &mut Faults) {
        for (name, value) in strip_shell_vars(request.process) {
            let Some(app) = apps.iter().find(|app| name.starts_with(app.prefix)) else {
                continue;
            };
            let place = Place::Process(name.clone());
            let Some(variable) = app.by_variable(&name) else {
                let message = unknown(&name, app.variables.iter().map(|known| known.name));
                faults.push(
                    place,
                    name,
                    format!("{message} (it is set in the process environment)"),
                );
                continue;
            };
            let value = (!value.is_empty()).then_some(value);
            if let Some(Err(message)) = value.as_ref().map(|text| (variable.check)(text, &variable.rules)) {
                faults.push(
                    place,
                    name,
                    format!("{message} (it is set in the process environment)"),
                );
                continue;
            }
            self.lay(vec![(variable, Origin { place, value })]);
        }
    }

    fn refuse_known_defaults(&self, faults: &mut Faults) {
        if self.stage.makes_secrets() {
            return;
        }
        for setting in self.settings.iter().filter(|setting| setting.variable.secret) {
            if setting.value().is_some_and(is_known_default) {
                let message = format!("is a known default, which {} refuses: make a new one", self.stage);
                faults.push(setting.place(), setting.variable.name.to_owned(), message);
            }
        }
    }

    fn find_missing(&self, secrets: Secrets, faults: &mut Faults) {
        for setting in &self.settings {
            let Setting { app, variable, .. } = setting;
            if variable.secret && secrets == Secrets::IfThere {
                continue;
            }
            let Some(message) = self.missing(setting) else {
                continue;
            };
            if faults.concern(&[variable.name, &format!("{}.{}", app.name, variable.key)]) {
                continue;
            }
            let advice = if variable.secret {
                format!("{} takes its secrets from the process environment", self.stage)
            } else {
                let path = format!("envs/{}/{}.yaml", self.cluster, self.stage);
                format!("write `{}` under `{}` in {path}", variable.key, app.name)
            };
            faults.push(
                setting.place(),
                variable.name.to_owned(),
                format!("{message}: {advice}"),
            );
        }
    }
}
