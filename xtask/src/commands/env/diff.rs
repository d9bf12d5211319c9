//! `env diff`: which variables differ between two stages.

use clap::Args;
use comfy_table::{Table, presets};
use config::{Secrets, Stage};
use serde_json::json;

use super::{Scope, display, scope};
use crate::{
    context::Context,
    outcome::{Exit, Outcome},
};

/// Show which variables differ between two stages: exit code 0 if none does, 1 if some do.
///
/// Secrets, which are never the same, are compared only with --reveal.
#[derive(Args)]
pub(crate) struct Diff {
    /// A stage.
    a: Stage,
    /// The stage to compare it with.
    b: Stage,
    /// The cluster [default: the shell's, else hmlet].
    #[arg(long, value_name = "NAME")]
    cluster: Option<String>,
    /// native or cluster, for both [default: each stage's own].
    #[arg(long)]
    target: Option<config::Target>,
    /// Only this app.
    #[arg(long)]
    app: Option<String>,
    /// Compare secrets too, and show them.
    #[arg(long)]
    reveal: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Diff {
    pub(crate) fn run(&self, context: &Context) -> Outcome {
        let side = |stage| Scope::new(self.cluster.clone(), Some(stage), self.target);
        let app = scope::known_app(&side(self.a).cluster(context)?, self.app.as_deref())?;
        let secrets = if self.reveal {
            Secrets::Needed
        } else {
            Secrets::IfThere
        };
        let (a, b) = (
            side(self.a).load(context, secrets)?,
            side(self.b).load(context, secrets)?,
        );

        let mut rows = Vec::new();
        for (left, right) in a.settings().zip(b.settings()) {
            let wanted = app.is_none_or(|app| left.app.name == app.name);
            let compared = self.reveal || !left.variable.secret;
            let (before, after) = (left.effective(), right.effective());
            if wanted && compared && before != after {
                rows.push((left, before, after));
            }
        }
        if self.json {
            let differences: Vec<_> = rows
                .iter()
                .map(|(setting, a, b)| json!({"name": setting.variable.name, "a": a, "b": b}))
                .collect();
            let document =
                json!({"schema": 1, "a": self.a.name(), "b": self.b.name(), "differences": differences});
            println!("{document:#}");
        } else if rows.is_empty() {
            println!("{} {} and {} are the same", a.cluster, self.a, self.b);
        } else {
            let mut table = Table::new();
            let header = ["VARIABLE".to_owned(), self.a.to_string(), self.b.to_string()];
            table.load_preset(presets::NOTHING).set_header(header);
            for (setting, before, after) in &rows {
                let cell = |value: &Option<String>| display(setting, value.as_deref(), self.reveal);
                table.add_row([setting.variable.name.to_owned(), cell(before), cell(after)]);
            }
            println!("{}", table.trim_fmt());
        }
        Ok(if rows.is_empty() { Exit::Done } else { Exit::Failed })
    }
}
