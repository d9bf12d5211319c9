//! `run`: one command in the environment of a stage.

use std::{ffi::OsString, process::Command};

use anyhow::Context as _;
use clap::{Args, CommandFactory};
use config::Secrets;

use super::env;
use crate::{
    context::Context,
    outcome::{Exit, Outcome},
    stage_shell::{
        environment::Environment,
        launch::{self, Plan},
        scope::Flags,
    },
};

/// Run one command in the environment of a stage, and end as it does.
///
/// It sees what it would see in `cargo xtask shell`. Its exit code, its signals and its terminal are its own.
#[derive(Args)]
#[command(after_help = "Examples:
  cargo xtask run -- printenv PS_DATABASE_URL
  cargo xtask run staging -- kubectl get pods
  cargo xtask run --target cluster -- sh -c 'echo $KUBECONFIG'")]
pub(crate) struct Run {
    #[command(flatten)]
    flags: Flags,
    /// Print what would be run and with which variables, and run nothing.
    #[arg(long)]
    plan: bool,
    /// The command and its arguments.
    #[arg(last = true, required = true, value_name = "CMD")]
    command: Vec<OsString>,
}

impl Run {
    pub(crate) fn run<C: CommandFactory>(&self, context: &Context) -> Outcome {
        let scope = self.flags.resolve(context)?;
        if self.plan {
            let environment = Environment::load(context, &scope, Secrets::IfThere)?;
            let plan = Plan {
                scope: &scope,
                environment: &environment,
                line: launch::words(self.command.iter().map(OsString::as_os_str)),
                note: None,
            };
            print!("{plan}");
            return Ok(Exit::Done);
        }
        let environment = Environment::load(context, &scope, env::secrets_for(scope.stage, false))?;
        launch::fill_folders(context, &scope, &C::command())?;
        let (program, arguments) = self.command.split_first().context("no command was given")?;
        let mut command = Command::new(program);
        command.args(arguments);
        environment.apply(&mut command);
        launch::become_program(command)
    }
}
