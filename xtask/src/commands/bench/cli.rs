//! `bench cli`: what `env export` costs, what the stage shell adds to a shell's start and to its prompts, and how long
//! clusters and deploys take.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::Context as _;
use clap::{Args, builder::RangedU64ValueParser, value_parser};
use comfy_table::{Table, presets};
use serde::Deserialize;

use super::{
    clusters::{self, Round},
    imaging::median,
};
use crate::{
    cargo,
    context::Context,
    native::process::find_program,
    outcome::{Exit, Outcome},
};

/// `env export`, a shell's start, a reload and a prompt, each beside the same shell without plasma.
///
/// Measured in a pseudo-terminal of its own, on a copy of the environment files, with start files that only set a prompt.
/// With `--clusters`, instead bootstrap beside kind alone, and deploys, on the kind cluster of the stage test.
#[derive(Args)]
pub(crate) struct Cli {
    /// How often each shell is started; each start is followed by as many prompts and one reload.
    #[arg(long, default_value_t = 9, value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    rounds: usize,
    /// Measure a release build instead of the running program.
    #[arg(long)]
    release: bool,
    /// The shells.
    #[arg(long, value_delimiter = ',', default_values = ["bash", "zsh", "fish"])]
    shells: Vec<String>,
    /// Measure clusters instead of shells, this often; needs Docker, and that the stage test has no cluster.
    #[arg(long, value_name = "ROUNDS", num_args = 0..=1, default_missing_value = "3", value_parser = value_parser!(u16).range(1..))]
    clusters: Option<u16>,
    /// Measure only the first bootstrap beside kind alone, in this many pairs.
    #[arg(
        long,
        value_name = "PAIRS",
        num_args = 0..=1,
        default_missing_value = "6",
        value_parser = value_parser!(u16).range(1..),
        conflicts_with = "clusters"
    )]
    bootstraps: Option<u16>,
}

/// Milliseconds of each occasion, from the example that drives the terminals.
#[derive(Deserialize)]
struct Times {
    plain_start: Vec<f64>,
    start: Vec<f64>,
    plain_prompt: Vec<f64>,
    prompt: Vec<f64>,
    reload: Vec<f64>,
}

impl Cli {
    pub(crate) fn run(&self, context: &Context) -> Outcome {
        let days = self.clusters.map(|rounds| (Round::Day, rounds));
        let pairs = self.bootstraps.map(|pairs| (Round::Pair, pairs));
        if let Some((round, rounds)) = days.or(pairs) {
            let plasma = std::env::current_exe().context("cannot find the running program")?;
            let table = clusters::measure(context, &plasma, round, rounds)?;
            println!("In seconds:\n{table}");
            return Ok(Exit::Done);
        }
        let terminal = built(context, &["--example", "terminal"], "debug/examples/terminal")?;
        let plasma = if self.release {
            built(context, &["--bin", "plasma", "--release"], "release/plasma")?
        } else {
            std::env::current_exe().context("cannot find the running program")?
        };
        let build = match (self.release, cfg!(debug_assertions)) {
            (false, true) => "the development build",
            _ => "a release build",
        };
        let work = tempfile::tempdir().context("cannot make a folder to work in")?;
        copy_yaml(context, work.path())?;
        println!("Measured with {build}. Medians, in milliseconds:");
        let exports = self.exports(&plasma, work.path())?;
        println!("{}", row_table(&[("`env export`", "10", &exports)]));
        for shell in &self.shells {
            let path = context.vars.get("PATH").map_or("", String::as_str);
            let Some(program) = find_program(shell, path) else {
                eprintln!("skipped: {shell} is not installed");
                continue;
            };
            let output = Command::new(&terminal)
                .arg("measure")
                .arg("--plasma")
                .arg(&plasma)
                .arg("--workspace")
                .arg(work.path())
                .arg("--shell")
                .arg(program)
                .args(["--rounds", &self.rounds.to_string()])
                .stderr(Stdio::inherit())
                .output()
                .context("cannot start the example `terminal`")?;
            anyhow::ensure!(output.status.success(), "{shell} could not be measured");
            let times: Times = serde_json::from_slice(&output.stdout).context("the times are not JSON")?;
            let (start, plain_start) = (median(times.start), median(times.plain_start));
            let (prompt, plain_prompt) = (median(times.prompt), median(times.plain_prompt));
            let reload = median(times.reload);
            let mut table = Table::new();
            table.load_preset(presets::ASCII_MARKDOWN).set_header([
                shell.as_str(),
                "plain",
                "in a stage shell",
                "our share",
                "at most",
            ]);
            for (what, plain, ours, limit) in [
                ("start to first prompt", plain_start, start, "50"),
                ("a prompt with nothing to reload", plain_prompt, prompt, "3"),
                ("a prompt with a reload", plain_prompt, reload, "100"),
            ] {
                let share = format!("{:.1}", ours - plain);
                table.add_row([what, &format!("{plain:.1}"), &format!("{ours:.1}"), &share, limit]);
            }
            println!("{table}");
        }
        Ok(Exit::Done)
    }

    /// The times of `env export` from start to end.
    fn exports(&self, plasma: &Path, workspace: &Path) -> anyhow::Result<Vec<f64>> {
        let mut times = Vec::new();
        for _ in 0..self.rounds * 5 {
            let begin = Instant::now();
            let status = Command::new(plasma)
                .args(["env", "export", "--format", "bash", "--reveal"])
                .current_dir(workspace)
                .env_remove("PLASMA_STATE_DIR")
                .stdout(Stdio::null())
                .status()
                .context("cannot start plasma")?;
            times.push(begin.elapsed().as_secs_f64() * 1000.0);
            anyhow::ensure!(status.success(), "`env export` failed");
        }
        Ok(times)
    }
}

/// What was measured, how much it may be, and its figures.
pub(super) fn row_table(rows: &[(&str, &str, &[f64])]) -> Table {
    let mut table = Table::new();
    table
        .load_preset(presets::ASCII_MARKDOWN)
        .set_header(["", "median", "fastest", "at most"]);
    for (what, limit, times) in rows {
        let fastest = times.iter().copied().fold(f64::INFINITY, f64::min);
        let (median, fastest) = (format!("{:.1}", median(times.to_vec())), format!("{fastest:.1}"));
        table.add_row([what, median.as_str(), fastest.as_str(), limit]);
    }
    table
}

/// Builds something of the workspace and returns where it is. As a part of the whole workspace, it takes dependencies that
/// are compiled already.
fn built(context: &Context, what: &[&str], place: &str) -> anyhow::Result<PathBuf> {
    let mut build = cargo::command(context);
    build.args(["build", "--quiet", "--workspace"]).args(what);
    anyhow::ensure!(build.status()?.success(), "{place} does not build");
    let metadata = cargo::command(context)
        .args(["metadata", "--format-version=1", "--no-deps"])
        .output()?;
    let metadata: serde_json::Value =
        serde_json::from_slice(&metadata.stdout).context("cargo metadata is not JSON")?;
    let folder = metadata["target_directory"]
        .as_str()
        .context("cargo does not say where it builds")?;
    Ok(Path::new(folder).join(place))
}

/// A workspace with this one's environment files.
fn copy_yaml(context: &Context, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to.join("xtask"))?;
    for manifest in ["Cargo.toml", "xtask/Cargo.toml"] {
        fs::write(to.join(manifest), "")?;
    }
    for folder in ["clusters/hmlet", "envs/hmlet"] {
        fs::create_dir_all(to.join(folder))?;
        for entry in fs::read_dir(context.root.join(folder))? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                fs::copy(entry.path(), to.join(folder).join(entry.file_name()))?;
            }
        }
    }
    Ok(())
}
