//! `completions`: shell completion scripts.

use std::io;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::outcome::{Exit, Outcome};

/// Print a completion script for a shell.
///
/// The script completes `plasma`, the name of the binary.
#[derive(Args)]
#[command(
    after_help = "Example:\n  cargo xtask completions bash > ~/.local/share/bash-completion/completions/plasma"
)]
pub(crate) struct Completions {
    /// The shell to write for.
    shell: Shell,
}

impl Completions {
    pub(crate) fn run<C: CommandFactory>(&self) -> Outcome {
        clap_complete::generate(self.shell, &mut C::command(), "plasma", &mut io::stdout());
        Ok(Exit::Done)
    }
}
