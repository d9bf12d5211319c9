//! `env export`: the variables that are set, for a shell, a `.env` file or a program.

use std::io::Write as _;

use clap::Args;
use config::{Format, SHELL_VARS, StageEnv, strip_shell_vars};

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
        let wanted = |name: &str| app.is_none_or(|app| name.starts_with(app.prefix));

        let mut variables = env.variables();
        variables.retain(|name, _| wanted(name));
        let mut left_out = Vec::new();
        if !self.reveal {
            left_out.extend(secret_names(&env).filter(|name| wanted(name)));
            variables.retain(|name, _| !left_out.contains(&name.as_str()));
        }
        // However the export gets into the environment of a later command, that command must know it for what it is.
        variables.insert(SHELL_VARS.to_owned(), config::shell_vars(&env, &variables));
        let kept = strip_shell_vars(&context.vars);
        let left_by_another = context.vars.keys().filter(|name| !kept.contains_key(*name));
        let stale = left_by_another.filter(|name| !variables.contains_key(*name));
        let mut text: String = stale.filter_map(|name| self.format.unset(name)).collect();
        text.push_str(&self.format.write(&variables));
        std::io::stdout().write_all(text.as_bytes())?;
        if !left_out.is_empty() {
            eprintln!(
                "# secrets are left out, --reveal writes them: {}",
                left_out.join(", ")
            );
        }
        Ok(Exit::Done)
    }
}

/// The secrets that are set.
fn secret_names(env: &StageEnv) -> impl Iterator<Item = &'static str> {
    let set = env
        .settings()
        .filter(|setting| setting.variable.secret && setting.value().is_some());
    set.map(|setting| setting.variable.name)
}
