//! `env why`: the chain of places that set a variable.

use clap::Args;
use config::{Place, Setting, StageEnv};
use serde_json::json;

use super::{Scope, display, scope};
use crate::{
    context::Context,
    outcome::{Exit, Failure, Outcome},
};

/// Show every place that sets a variable, and which one holds.
#[derive(Args)]
pub(crate) struct Why {
    /// The variable, like PS_DATABASE_URL, or its key in YAML, like photos.database_url.
    variable: String,
    #[command(flatten)]
    scope: Scope,
    /// Show the values of a secret.
    #[arg(long)]
    reveal: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Why {
    pub(crate) fn run(&self, context: &Context) -> Outcome {
        let secrets = scope::secrets_for(self.scope.stage(context)?, self.reveal);
        let env = self.scope.load(context, secrets)?;
        let setting = find(&env, &self.variable)?;
        let chain = chain(setting);
        let holds = chain.len() - 1;
        if self.json {
            let chain: Vec<_> = chain
                .iter()
                .map(|(place, value)| {
                    let value = value.as_ref().filter(|_| self.reveal || !setting.variable.secret);
                    json!({"place": place.to_string(), "value": value})
                })
                .collect();
            let document = json!({
                "schema": 1,
                "name": setting.variable.name,
                "stage": env.stage.name(),
                "target": env.target.name(),
                "chain": chain,
            });
            println!("{document:#}");
            return Ok(Exit::Done);
        }
        println!(
            "{} of {} {} ({})",
            setting.variable.name, env.cluster, env.stage, env.target
        );
        let width = chain
            .iter()
            .map(|(place, _)| place.to_string().len())
            .max()
            .unwrap_or(0);
        for (index, (place, value)) in chain.iter().enumerate() {
            let mark = if index == holds { "→" } else { " " };
            let value = display(setting, value.as_deref(), self.reveal);
            println!("{mark} {:width$}  {value}", place.to_string());
        }
        Ok(Exit::Done)
    }
}

/// The places with their values, from the default to the one that holds. Never empty.
fn chain(setting: &Setting) -> Vec<(Place, Option<String>)> {
    let set = setting
        .chain
        .iter()
        .map(|origin| (origin.place.clone(), origin.value.clone()));
    let mut chain: Vec<_> = set.collect();
    // An unset variable falls back to its default, whoever unset it.
    if setting.value().is_none() {
        chain.push((setting.place(), setting.effective()));
    }
    chain
}

fn find<'e>(env: &'e StageEnv, name: &str) -> anyhow::Result<&'e Setting> {
    let key = |setting: &Setting| format!("{}.{}", setting.app.name, setting.variable.key);
    let found = env.get(name).or_else(|| {
        env.settings()
            .find(|setting| key(setting) == name || setting.variable.key == name)
    });
    found.ok_or_else(|| {
        let nearest = config::nearest(name, env.settings().map(|setting| setting.variable.name));
        let failure = Failure::usage(format!("{} has no variable {name}", env.cluster));
        match nearest {
            Some(nearest) => failure.advise(format!("did you mean {nearest}?")),
            None => failure.advise("`cargo xtask env show` lists them all"),
        }
        .into()
    })
}
