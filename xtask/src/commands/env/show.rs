//! `env show`: every variable of a stage with its value and where that comes from.

use clap::Args;
use comfy_table::{Table, presets};
use config::Setting;
use serde_json::json;

use super::{Scope, display, scope};
use crate::{
    context::Context,
    outcome::{Exit, Outcome},
};

/// Show every variable with its value and the place that sets it.
#[derive(Args)]
pub(crate) struct Show {
    #[command(flatten)]
    scope: Scope,
    /// Only this app.
    #[arg(long)]
    app: Option<String>,
    /// Show the values of secrets.
    #[arg(long)]
    reveal: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Show {
    pub(crate) fn run(&self, context: &Context) -> Outcome {
        let app = scope::known_app(&self.scope.cluster(context)?, self.app.as_deref())?;
        let secrets = scope::secrets_for(self.scope.stage(context)?, self.reveal);
        let env = self.scope.load(context, secrets)?;
        let settings = env
            .settings()
            .filter(|setting| app.is_none_or(|app| setting.app.name == app.name));
        if self.json {
            let variables: Vec<_> = settings.map(|setting| self.json(setting)).collect();
            let document = json!({
                "schema": 1,
                "cluster": env.cluster,
                "stage": env.stage.name(),
                "target": env.target.name(),
                "variables": variables,
            });
            println!("{document:#}");
            return Ok(Exit::Done);
        }
        let mut table = Table::new();
        table
            .load_preset(presets::NOTHING)
            .set_header(["VARIABLE", "VALUE", "FROM"]);
        for setting in settings {
            let value = match env.missing(setting) {
                Some(_) => "(missing)".to_owned(),
                None => display(setting, setting.effective().as_deref(), self.reveal),
            };
            table.add_row([setting.variable.name, &value, &setting.place().to_string()]);
        }
        println!(
            "{} {} {} ({})",
            env.stage.emoji(),
            env.cluster,
            env.stage,
            env.target
        );
        println!("{}", table.trim_fmt());
        Ok(Exit::Done)
    }

    fn json(&self, setting: &Setting) -> serde_json::Value {
        let value = setting
            .effective()
            .filter(|_| self.reveal || !setting.variable.secret);
        json!({
            "name": setting.variable.name,
            "app": setting.app.name,
            "value": value,
            "set": setting.value().is_some(),
            "secret": setting.variable.secret,
            "from": setting.place().to_string(),
        })
    }
}
