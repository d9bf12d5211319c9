//! `bench cli --clusters`: bootstrap beside kind alone, and deploys, on a state of their own.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use comfy_table::Table;

use super::cli::row_table;
use crate::{
    bootstrap::bare::Bare,
    context::{Context, block_on},
    native::build,
    outcome::Failure,
    release,
};

const STAGE: &str = "test";
/// The node's container, there as long as the cluster is.
const NODE: &str = "hmlet-test-control-plane";

/// What is measured, in the order of a day with a cluster, and what plasma promises of it.
const OCCASIONS: [(&str, &str); 8] = [
    ("kind create cluster alone", ""),
    ("the same, until its node takes pods", ""),
    ("first bootstrap", "5 s more than kind"),
    ("bootstrap again", "2 s"),
    ("first deploy", ""),
    ("deploy with nothing to do", "1 s"),
    ("deploy of a changed variable", ""),
    ("destroy", ""),
];

/// Plasma on the stage test, with a state folder of its own.
struct Bench<'a> {
    plasma: &'a Path,
    root: &'a Path,
    state: PathBuf,
}

/// Plays the day so many times, and tells the seconds of each occasion.
///
/// # Errors
/// When the stage has a cluster already, or a command fails.
pub(super) fn measure(context: &Context, plasma: &Path, rounds: usize) -> anyhow::Result<Table> {
    let inspected = Command::new("docker")
        .args(["inspect", "--type=container", NODE])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .context("cannot start docker")?;
    if inspected.success() {
        return Err(
            Failure::failed("clusters are measured on the stage test, and that is in use")
                .because(format!("there is a container {NODE}"))
                .advise(format!("cargo xtask destroy --stage {STAGE}"))
                .into(),
        );
    }
    // What a deploy compiles is not what is asked here.
    let apps = ["photos".to_owned(), "frontend".to_owned()];
    let (features, _) = release::build::features(context, &apps);
    block_on(build::build(context, &apps, &features, true))?;
    let folder = tempfile::Builder::new()
        .prefix("plasma-bench-")
        .tempdir()
        .context("cannot make a folder")?;
    let bench = Bench {
        plasma,
        root: &context.root,
        state: folder.path().join("state"),
    };
    let mut times = vec![Vec::new(); OCCASIONS.len()];
    // With warm caches, as is promised: the image of the nodes is made once for a machine.
    eprintln!("a bootstrap that is not measured");
    bench.run(&["bootstrap"], &[])?;
    bench.run(&["destroy", "--yes"], &[])?;
    for round in 1..=rounds {
        eprintln!("round {round} of {rounds}");
        let told = bench.round(context, folder.path());
        // Also what is half made.
        let begin = Instant::now();
        let gone = bench.run(&["destroy", "--yes"], &[]);
        let mut round = told?;
        gone?;
        round.push(begin.elapsed());
        for (times, time) in times.iter_mut().zip(round) {
            times.push(time.as_secs_f64());
        }
    }
    let rows = OCCASIONS.iter().zip(&times);
    let rows: Vec<(&str, &str, &[f64])> = rows
        .map(|((what, limit), times)| (*what, *limit, times.as_slice()))
        .collect();
    Ok(row_table(&rows))
}

impl Bench<'_> {
    /// All occasions but the last.
    fn round(&self, context: &Context, folder: &Path) -> anyhow::Result<Vec<Duration>> {
        let begin = Instant::now();
        let bare = Bare::make(context, folder)?;
        let alone = begin.elapsed();
        bare.wait()?;
        let ready = begin.elapsed();
        bare.delete()?;
        let bootstrap = self.run(&["bootstrap"], &[])?;
        let again = self.run(&["bootstrap"], &[])?;
        let deploy = self.run(&["deploy"], &[])?;
        let nothing = self.run(&["deploy"], &[])?;
        let changed = self.run(&["deploy"], &[("PS_LOG", "info,photos=debug")])?;
        Ok(vec![alone, ready, bootstrap, again, deploy, nothing, changed])
    }

    /// How long a command takes.
    fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> anyhow::Result<Duration> {
        let begin = Instant::now();
        let status = Command::new(self.plasma)
            .args(arguments)
            .args(["--stage", STAGE])
            .current_dir(self.root)
            .env("PLASMA_STATE_DIR", &self.state)
            .envs(variables.iter().copied())
            .stdout(Stdio::null())
            .status()
            .context("cannot start plasma")?;
        if status.success() {
            return Ok(begin.elapsed());
        }
        Err(Failure::failed(format!("`plasma {}` failed: {status}", arguments.join(" "))).into())
    }
}
