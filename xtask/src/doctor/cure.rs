//! What `doctor --fix` may do: nothing that loses data, and nothing that outlives a restart of the machine.

use std::{fmt, fs, path::PathBuf};

use anyhow::Context as _;

use super::finding::{Finding, State};
use crate::{
    commands::scope::Scope,
    context::Context,
    native::record::Record,
    tools::{docker::Docker, runner::Runner},
};

/// One safe step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cure {
    /// Raises a limit of the kernel until the next restart.
    Raise { setting: PathBuf, to: u64 },
    /// Starts containers that exist.
    Start(Vec<String>),
    /// Removes the `up.json` of a supervisor that is dead, and ends what that left running.
    Forget(PathBuf),
}

impl fmt::Display for Cure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cure::Raise { setting, to } => write!(f, "write {to} to {}", setting.display()),
            Cure::Start(containers) => write!(f, "{}", Docker::at("docker").start(containers)),
            Cure::Forget(folder) => write!(f, "remove {}", folder.join("up.json").display()),
        }
    }
}

impl Cure {
    /// Does it.
    ///
    /// # Errors
    /// When it cannot be done: no rights, no engine.
    pub(super) async fn apply(&self, runner: &Runner) -> anyhow::Result<()> {
        match self {
            Cure::Raise { setting, to } => fs::write(setting, to.to_string())
                .with_context(|| format!("cannot write {}", setting.display())),
            Cure::Start(containers) => {
                runner.run(&Docker::at("docker").start(containers)).await?;
                Ok(())
            }
            Cure::Forget(folder) => {
                Record::load(folder).await?;
                Ok(())
            }
        }
    }
}

/// Does everything that the findings propose, and notes in each what was done, or why it could not be. Says whether
/// anything was done.
pub(crate) async fn all(context: &Context, scope: &Scope, findings: &mut [Finding]) -> bool {
    let runner = Runner::new(&scope.folder(context));
    let mut done = false;
    for finding in findings {
        let Some(cure) = finding.cure.take() else { continue };
        match cure.apply(&runner).await {
            Ok(()) => {
                finding.state = State::Fine;
                finding.fixed = Some(cure.to_string());
                done = true;
            }
            Err(error) => finding
                .evidence
                .push_str(&format!("; {cure}: {}", crate::outcome::reason(&error))),
        }
    }
    done
}
