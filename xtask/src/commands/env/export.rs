//! `env export`: the variables that are set, for a shell, a `.env` file or a program.

use std::io::Write as _;

use clap::Args;
use config::{Format, Handover, Setting};

use super::{Scope, scope};
use crate::{
    context::Context,
    outcome::{Exit, Outcome},
};

/// Write the variables that are set, quoted for their reader.
///
/// The shell or process that takes them over becomes one of the stage (`PLASMA_SHELL_VARS` says so): they are no layer of
/// another stage. `bash` and `fish` also take away what another stage's export left there.
#[derive(Args)]
#[command(after_help = "Examples:
  eval \"$(cargo xtask env export --format bash --reveal)\"
  cargo xtask env export --format fish --reveal | source")]
pub(crate) struct Export {
    #[command(flatten)]
    scope: Scope,
    /// dotenv, bash (for zsh too), fish or json.
    #[arg(long, default_value = "dotenv")]
    format: Format,
    /// Only this app.
    #[arg(long)]
    app: Option<String>,
    /// Write secrets too; without it they are left out.
    #[arg(long)]
    reveal: bool,
}

impl Export {
    pub(crate) fn run(&self, context: &Context) -> Outcome {
        let app = scope::known_app(&self.scope.cluster(context)?, self.app.as_deref())?;
        let secrets = scope::secrets_for(self.scope.stage(context)?, self.reveal);
        let env = self.scope.load(context, secrets)?;
        let wanted = |setting: &Setting| app.is_none_or(|app| setting.app.name == app.name);
        let shown = |setting: &Setting| wanted(setting) && (self.reveal || !setting.variable.secret);
        let handover = Handover::new(&env, &context.vars, shown);
        std::io::stdout().write_all(handover.write(self.format).as_bytes())?;
        let left_out: Vec<&str> = env
            .settings()
            .filter(|setting| wanted(setting) && !shown(setting) && setting.value().is_some())
            .map(|setting| setting.variable.name)
            .collect();
        if !left_out.is_empty() {
            eprintln!(
                "# secrets are left out, --reveal writes them: {}",
                left_out.join(", ")
            );
        }
        Ok(Exit::Done)
    }
}
