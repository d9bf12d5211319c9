//! `reload` (hidden): what a running stage shell calls when a file of its environment has changed. It prints what the shell
//! has to run.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::Args;
use config::Format;

use crate::{
    context::Context,
    outcome::Outcome,
    stage_shell::{reload::reload, scope::Flags},
};

/// Read the environment of a stage shell again.
#[derive(Args)]
pub(crate) struct Reload {
    /// The folder of the workspace: the current one may be elsewhere, or gone.
    #[arg(long)]
    workspace: PathBuf,
    /// The folder of the shell's session.
    #[arg(long)]
    session: PathBuf,
    /// The files that the shell watches, in its order.
    #[arg(long = "watch")]
    watched: Vec<PathBuf>,
    /// The shell's language: bash (for zsh too) or fish.
    #[arg(long)]
    format: Format,
    #[command(flatten)]
    flags: Flags,
}

impl Reload {
    pub(crate) fn run(&self) -> Outcome {
        let context = Context::of_workspace(&self.workspace);
        let watched = self.watched.clone();
        let (exit, script) = reload(&context, &self.flags, &self.session, watched, self.format)?;
        io::stdout().write_all(script.as_bytes())?;
        Ok(exit)
    }
}
