//! `shell`: the person's own shell in the environment of a stage.

use clap::{Args, CommandFactory};
use config::Secrets;

use crate::{
    context::Context,
    outcome::{Exit, Outcome},
    stage_shell::{
        environment::Environment,
        launch::{self, Plan},
        scope::Flags,
    },
};

/// Open your own shell (bash, zsh or fish) in the environment of a stage.
///
/// Your start files are read as always. The shell has the stage's variables, its kubeconfig and its tools, shows the stage
/// in the prompt, and takes over a changed file of the environment at the next prompt.
#[derive(Args)]
#[command(after_help = "Examples:
  cargo xtask shell                          hmlet on stage local
  cargo xtask shell staging --app photos     with the variables of one app
  cargo xtask shell --root                   all clusters, no app's variables

In the shell, `plasma` is this program, and `ht.status`, `ps.env` and so on are
its commands for a cluster or an app.")]
pub(crate) struct Shell {
    #[command(flatten)]
    flags: Flags,
    /// Print what would be started and with which variables, and start nothing.
    #[arg(long)]
    plan: bool,
}

impl Shell {
    pub(crate) fn run<C: CommandFactory>(&self, context: &Context) -> Outcome {
        let scope = self.flags.resolve(context)?;
        if self.plan {
            let environment = Environment::load(context, &scope, Secrets::IfThere)?;
            print!("{}", Plan::shell(context, &scope, &environment)?);
            return Ok(Exit::Done);
        }
        launch::start(context, &scope, &C::command())
    }
}
