//! Plays a session in a bash and writes what came to the terminal, every sequence of it.
//!
//! A session is a text: each line is typed at a prompt, and the next one when the prompt is there again. Empty lines and
//! those that begin with `#` are left out.

use std::{fs, path::PathBuf};

use anyhow::Context as _;
use clap::Args;
use portable_pty::CommandBuilder;

use crate::pty::Pty;

/// Plays a session and prints what came to the terminal.
#[derive(Args)]
pub(crate) struct Record {
    /// The lines to type.
    session: PathBuf,
    /// The folder to begin in.
    #[arg(long)]
    folder: PathBuf,
    /// A home with nothing but a start file of ours.
    #[arg(long)]
    home: PathBuf,
    /// Width of the terminal.
    #[arg(long, default_value_t = 140)]
    columns: u16,
}

/// Terminals take it as "here a prompt begins" and show nothing.
const MARK: &str = "\x1b]133;A\x07";

/// The title, which is not shown either, says who and where for plasma, and the prompt says it for the reader.
const START_FILE: &str = r"PS1='\[\e]133;A\a\]\[\e]0;\u@\h\a\]ann@laptop:\W\$ '
HISTFILE=
bind 'set enable-bracketed-paste off'
";

impl Record {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let session = fs::read_to_string(&self.session)
            .with_context(|| format!("cannot read {}", self.session.display()))?;
        fs::create_dir_all(&self.home)?;
        fs::write(self.home.join(".bashrc"), START_FILE)?;
        let mut command = CommandBuilder::new("bash");
        command.cwd(&self.folder);
        // By its own name, also where it is a link.
        command.env("PWD", &self.folder);
        command.env("HOME", &self.home);
        command.env("SHELL", "/bin/bash");
        command.env("TERM", "xterm-256color");
        command.env("LC_ALL", "C.UTF-8");
        let mut shell = Pty::start(command, 200, self.columns)?;
        let mut prompts = 1;
        let lines = session
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        for line in lines {
            shell.wait("a prompt", 0, |shown| {
                (shown.matches(MARK).count() >= prompts).then_some(())
            })?;
            shell.type_text(&format!("{line}\r"))?;
            prompts += 1;
        }
        shell.wait("the last prompt", 0, |shown| {
            (shown.matches(MARK).count() >= prompts).then_some(())
        })?;
        let shown = shell.shown();
        shell.type_text("exit\rexit\rexit\r")?;
        shell.end()?;
        print!("{shown}");
        Ok(())
    }
}
