//! How long a shell takes to its first prompt and from one prompt to the next, alone and as a stage shell, in turns.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::Context as _;
use clap::Args;
use portable_pty::CommandBuilder;
use serde::Serialize;

use crate::pty::Pty;

/// Prints the times as JSON, in milliseconds.
#[derive(Args)]
pub(crate) struct Measure {
    /// The plasma to measure.
    #[arg(long)]
    plasma: PathBuf,
    /// A workspace whose files may be changed.
    #[arg(long)]
    workspace: PathBuf,
    /// The shell's program.
    #[arg(long)]
    shell: PathBuf,
    /// How often each shell is started, and how many prompts are measured in each.
    #[arg(long)]
    rounds: usize,
}

/// What was measured, one time for each occasion.
#[derive(Default, Serialize)]
struct Times {
    plain_start: Vec<f64>,
    start: Vec<f64>,
    plain_prompt: Vec<f64>,
    prompt: Vec<f64>,
    reload: Vec<f64>,
}

/// What the prompt of both shells ends with.
const PROMPT: &str = "READY> ";

/// The file that is changed.
const FILE: &str = "envs/hmlet/local.yaml";

/// What it says, and what it is changed to and back.
const BEFORE: &str = "sweep_every: 60s";
const AFTER: &str = "sweep_every: 61s";

impl Measure {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let home = self.workspace.join("home");
        start_files(&home)?;
        let mut times = Times::default();
        for round in 0..self.rounds {
            let (mut plain, start) = self.start(&home, &self.shell, &[])?;
            times.plain_start.push(start);
            let (mut ours, start) = self.start(&home, &self.plasma, &["shell", "local"])?;
            times.start.push(start);
            for _ in 0..self.rounds {
                times.plain_prompt.push(prompt(&mut plain)?);
                times.prompt.push(prompt(&mut ours)?);
            }
            let path = self.workspace.join(FILE);
            let text = fs::read_to_string(&path)?;
            let (old, new) = match round % 2 {
                0 => (BEFORE, AFTER),
                _ => (AFTER, BEFORE),
            };
            anyhow::ensure!(text.contains(old), "{} does not say {old}", path.display());
            fs::write(&path, text.replace(old, new))?;
            times.reload.push(prompt(&mut ours)?);
            anyhow::ensure!(
                ours.shown().contains("reloaded: PS_SWEEP_EVERY"),
                "there was no reload"
            );
            for mut shell in [plain, ours] {
                shell.type_text("exit\r")?;
                shell.end()?;
            }
        }
        // As it was, for the next shell.
        let path = self.workspace.join(FILE);
        fs::write(&path, fs::read_to_string(&path)?.replace(AFTER, BEFORE))?;
        println!("{}", serde_json::to_string(&times)?);
        Ok(())
    }

    /// Starts the program and measures the time to its first prompt.
    fn start(&self, home: &Path, program: &Path, arguments: &[&str]) -> anyhow::Result<(Pty, f64)> {
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.cwd(&self.workspace);
        command.env_clear();
        for (name, value) in [("HOME", home), ("SHELL", &self.shell)] {
            command.env(name, value);
        }
        let path = std::env::var_os("PATH").context("there is no PATH")?;
        command.env("PATH", path);
        command.env("TERM", "xterm-256color");
        command.env("LC_ALL", "C.UTF-8");
        let begin = Instant::now();
        let shell = Pty::start(command, 50, 160)?;
        shell.wait("the first prompt", 0, |shown| {
            shown.contains(PROMPT).then_some(())
        })?;
        Ok((shell, elapsed(begin)))
    }
}

/// The time from Enter to the next prompt.
fn prompt(shell: &mut Pty) -> anyhow::Result<f64> {
    let from = shell.shown().len();
    // Typed in two parts, it is shown as a whole only as an answer.
    shell.type_text("echo an''swer")?;
    shell.wait("what is typed", from, |shown| {
        shown.contains("swer").then_some(())
    })?;
    let begin = Instant::now();
    shell.type_text("\r")?;
    shell.wait("the next prompt", from, |shown| {
        shown.split_once("answer")?.1.contains(PROMPT).then_some(())
    })?;
    Ok(elapsed(begin))
}

fn elapsed(begin: Instant) -> f64 {
    begin.elapsed().as_secs_f64() * 1000.0
}

/// The least that a person may have: a prompt.
fn start_files(home: &Path) -> anyhow::Result<()> {
    let fish = home.join(".config/fish");
    fs::create_dir_all(&fish)?;
    // With this folder fish does not begin to read all manual pages of the machine.
    fs::create_dir_all(home.join(".local/share/fish/generated_completions"))?;
    fs::write(home.join(".bashrc"), format!("PS1='{PROMPT}'\n"))?;
    fs::write(home.join(".zshrc"), format!("PROMPT='{PROMPT}'\n"))?;
    let prompt =
        format!("function fish_prompt; echo -n '{PROMPT}'; end\nset -g fish_autosuggestion_enabled 0\n");
    fs::write(fish.join("config.fish"), prompt)?;
    Ok(())
}
