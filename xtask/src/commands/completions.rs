//! `completions`: shell completion scripts.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::outcome::{Exit, Outcome};

/// Print a completion script for a shell.
///
/// The script completes `plasma`, the name of the binary.
#[derive(Args)]
#[command(after_help = "Example:\n  cargo xtask completions fish >~/.config/fish/completions/plasma.fish")]
pub(crate) struct Completions {
    /// The shell to write for.
    shell: Shell,
}

impl Completions {
    pub(crate) fn run<C: CommandFactory>(&self) -> Outcome {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut C::command(), "plasma", &mut script);
        print!("{}", String::from_utf8_lossy(&script));
        Ok(Exit::Done)
    }
}
