//! `bench cli --clusters`: bootstrap beside kind alone, and deploys, on a state of their own.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
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
    tools::{docker::Docker, runner::Runner},
};

const STAGE: &str = "test";
/// The node's container, there as long as the cluster is.
const NODE: &str = "hmlet-test-control-plane";

/// What was done, what plasma promises of it, and how many seconds it took.
type Occasion = (&'static str, &'static str, f64);

/// What a round is made of.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Round {
    /// A day with a cluster: bootstrap beside kind alone, then deploys.
    Day,
    /// Bootstrap beside kind alone.
    Pair,
}

/// Plasma on the stage test, with a state folder of its own.
struct Bench<'a> {
    plasma: &'a Path,
    root: &'a Path,
    state: PathBuf,
}

/// Plays so many rounds, and tells the seconds of each occasion. Every other round begins with plasma instead of kind, so
/// that what changes on the machine meanwhile changes both.
///
/// # Errors
/// When the stage has a cluster already, or a command fails.
pub(super) fn measure(context: &Context, plasma: &Path, kind: Round, rounds: u16) -> anyhow::Result<Table> {
    let inspect = Docker::at("docker").inspect(&[NODE.to_owned()]);
    let inspected = block_on(Runner::silent().capture(&inspect))?;
    if inspected.is_ok() {
        return Err(
            Failure::failed("clusters are measured on the stage test, and that is in use")
                .because(format!("there is a container {NODE}"))
                .advise(format!("cargo xtask destroy --stage {STAGE}"))
                .into(),
        );
    }
    if kind == Round::Day {
        // What a deploy compiles is not what is asked here.
        let apps = ["photos".to_owned(), "frontend".to_owned()];
        let (features, _) = release::build::features(context, &apps);
        block_on(build::build(context, &apps, &features, true))?;
    }
    let folder = tempfile::Builder::new()
        .prefix("plasma-bench-")
        .tempdir()
        .context("cannot make a folder")?;
    let bench = Bench {
        plasma,
        root: &context.root,
        state: folder.path().join("state"),
    };
    // With warm caches, as is promised: the image of the nodes is made once for a machine.
    eprintln!("a bootstrap that is not measured");
    bench.run(&["bootstrap"], &[])?;
    bench.run(&["destroy", "--yes"], &[])?;
    let mut rows: Vec<(&str, &str, Vec<f64>)> = Vec::new();
    for round in 0..rounds {
        let (bare, ours) = if round % 2 == 0 {
            let bare = bare(context, folder.path())?;
            (bare, bench.round(kind)?)
        } else {
            let ours = bench.round(kind)?;
            (bare(context, folder.path())?, ours)
        };
        let (alone, first) = (bare[0].2, ours[0].2);
        eprintln!(
            "round {} of {rounds}: kind alone {alone:.1} s, bootstrap {first:.1} s",
            round + 1
        );
        let beyond = ("the same, beyond the kind of its round", "5", first - alone);
        let occasions = [&bare[..], &ours[..1], &[beyond], &ours[1..]].concat();
        for (at, (what, limit, seconds)) in occasions.into_iter().enumerate() {
            match rows.get_mut(at) {
                Some((_, _, before)) => before.push(seconds),
                None => rows.push((what, limit, vec![seconds])),
            }
        }
    }
    let rows: Vec<(&str, &str, &[f64])> = rows
        .iter()
        .map(|(what, limit, seconds)| (*what, *limit, seconds.as_slice()))
        .collect();
    Ok(row_table(&rows))
}

/// Kind with nothing of ours.
fn bare(context: &Context, folder: &Path) -> anyhow::Result<Vec<Occasion>> {
    let begin = Instant::now();
    let bare = Bare::make(context, folder)?;
    let alone = begin.elapsed().as_secs_f64();
    bare.wait()?;
    let ready = begin.elapsed().as_secs_f64();
    bare.delete()?;
    Ok(vec![
        ("kind create cluster alone", "", alone),
        ("the same, until its node takes pods", "", ready),
    ])
}

impl Bench<'_> {
    /// From nothing to nothing, also when something fails between.
    fn round(&self, kind: Round) -> anyhow::Result<Vec<Occasion>> {
        let done = self.occasions(kind);
        let gone = self.run(&["destroy", "--yes"], &[]);
        let mut done = done?;
        done.push(("destroy", "", gone?));
        Ok(done)
    }

    /// All occasions but the last.
    fn occasions(&self, kind: Round) -> anyhow::Result<Vec<Occasion>> {
        let mut done = vec![
            ("first bootstrap", "", self.run(&["bootstrap"], &[])?),
            ("bootstrap again", "2", self.run(&["bootstrap"], &[])?),
        ];
        if kind == Round::Day {
            let changed = [("PS_LOG", "info,photos=debug")];
            done.push(("first deploy", "", self.run(&["deploy"], &[])?));
            done.push(("deploy with nothing to do", "1", self.run(&["deploy"], &[])?));
            done.push((
                "deploy of a changed variable",
                "",
                self.run(&["deploy"], &changed)?,
            ));
        }
        Ok(done)
    }

    /// How many seconds a command takes.
    fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> anyhow::Result<f64> {
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
            return Ok(begin.elapsed().as_secs_f64());
        }
        Err(Failure::failed(format!("`plasma {}` failed: {status}", arguments.join(" "))).into())
    }
}
