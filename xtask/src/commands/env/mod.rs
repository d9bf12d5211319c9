//! `env`: the environment of a stage, shown, exported, explained, checked and compared.

mod check;
mod diff;
mod docs;
mod export;
mod scope;
mod show;
mod why;

use clap::{Args, Subcommand};

pub(crate) use self::scope::{Scope, known_app, secrets_for};
use crate::{context::Context, outcome::Outcome};

/// Show, export, explain, check or compare the environment of a stage.
#[derive(Args)]
#[command(after_help = "Without --stage: PLASMA_STAGE, else the stage of the shell, else local.")]
pub(crate) struct Env {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    Show(show::Show),
    Export(export::Export),
    Why(why::Why),
    Check(check::Check),
    Diff(diff::Diff),
    Docs(docs::Docs),
}

impl Env {
    pub(crate) fn run(&self, context: &Context) -> Outcome {
        match &self.action {
            Action::Show(command) => command.run(context),
            Action::Export(command) => command.run(context),
            Action::Why(command) => command.run(context),
            Action::Check(command) => command.run(context),
            Action::Diff(command) => command.run(context),
            Action::Docs(command) => command.run(),
        }
    }
}

/// What stands for a secret.
pub(crate) const MASK: &str = "••••••";

/// A value as one line for people: masked if it is a secret that was not asked for.
fn display(setting: &config::Setting, value: Option<&str>, reveal: bool) -> String {
    match value {
        None => "(unset)".to_owned(),
        Some(_) if setting.variable.secret && !reveal => MASK.to_owned(),
        Some(value) if value.chars().any(char::is_control) => value.escape_debug().to_string(),
        Some(value) => value.to_owned(),
    }
}
