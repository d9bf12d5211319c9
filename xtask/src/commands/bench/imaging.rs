//! `bench imaging`: CPU time, memory and quality of photos to presets, beside libvips in the same run.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::{Args, builder::RangedU64ValueParser};
use comfy_table::{Table, presets};
use serde::Deserialize;
use xshell::{Shell, cmd};

use crate::{
    cargo,
    context::Context,
    outcome::{Exit, Failure, Outcome},
};

/// Photos to the three presets: CPU time a photo on one thread, memory, and SSIMULACRA2.
///
/// Every pipeline takes its turn on each photo in each round, so that a busy machine slows all of them alike. libvips
/// comes from the PyPI package pyvips, installed once into the user's cache folder.
#[derive(Args)]
pub(crate) struct Imaging {
    /// A folder of JPEG photos; without it, two photos of 12 megapixels are made.
    #[arg(long, value_name = "DIR")]
    photos: Option<PathBuf>,
    /// How often every pipeline takes its turn on a photo.
    #[arg(long, default_value_t = 5, value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    rounds: usize,
    /// JPEG quality of libvips. Ours is fixed; choose the one that gives equal scores.
    #[arg(long, default_value_t = 80)]
    vips_quality: u8,
    /// Leave out libjpeg-turbo, which needs cmake and nasm to build.
    #[arg(long)]
    no_turbo: bool,
}

/// A way from a photo to its presets.
struct Pipeline {
    name: &'static str,
    program: PathBuf,
    /// What comes before the photo.
    before: Vec<String>,
    /// What comes between the number of renderings and the folder of what was made.
    quality: Option<u8>,
}

#[derive(Deserialize)]
struct Timing {
    cpu_ms: Vec<f64>,
    estimate: Option<u64>,
    peak: Option<u64>,
}

#[derive(Deserialize)]
struct Score {
    preset: String,
    bytes: u64,
    score: f64,
}

/// Renderings in one turn.
const RENDERINGS: usize = 3;

impl Imaging {
    pub(crate) fn run(&self, context: &Context) -> Outcome {
        let sh = Shell::new()?;
        sh.change_dir(&context.root);
        let work = tempfile::tempdir().context("cannot make a folder to work in")?;
        let ours = build(context, "bench", &work.path().join("ours"))?;
        let mut pipelines = vec![Pipeline::ours("ours", &ours)];
        if self.no_turbo {
            eprintln!("skipped: ours with libjpeg-turbo (--no-turbo)");
        } else {
            let turbo = build(context, "bench,turbo", &work.path().join("turbo"))
                .context("libjpeg-turbo needs cmake and nasm; --no-turbo leaves it out")?;
            pipelines.push(Pipeline::ours("ours, turbo", &turbo));
        }
        match python(&sh, &context.cache) {
            Ok(python) => {
                let script = context.root.join("crates/imaging/examples/photo_bench/vips.py");
                pipelines.push(Pipeline::vips(
                    "vips, per preset",
                    &python,
                    &script,
                    "per",
                    self.vips_quality,
                ));
                pipelines.push(Pipeline::vips(
                    "vips, once",
                    &python,
                    &script,
                    "once",
                    self.vips_quality,
                ));
            }
            Err(error) => eprintln!("skipped: libvips, for pyvips cannot be installed ({error:#})"),
        }
        for photo in self.photos(&sh, &ours, work.path())? {
            println!(
                "{}\n{}",
                photo.display(),
                self.measure(&sh, &pipelines, &photo, work.path(), &ours)?
            );
        }
        Ok(Exit::Done)
    }

    fn photos(&self, sh: &Shell, ours: &Path, work: &Path) -> anyhow::Result<Vec<PathBuf>> {
        let folder = match &self.photos {
            Some(folder) => folder.clone(),
            None => {
                let folder = work.join("photos");
                fs::create_dir(&folder)?;
                cmd!(sh, "{ours} generate {folder}")
                    .quiet()
                    .ignore_stdout()
                    .run()?;
                folder
            }
        };
        let entries = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
        let mut photos: Vec<PathBuf> = entries
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| {
                path.extension()
                    .and_then(OsStr::to_str)
                    .is_some_and(|end| matches!(end, "jpg" | "jpeg"))
            })
            .collect();
        photos.sort();
        if photos.is_empty() {
            return Err(
                Failure::usage(format!("there is no photo in {}", folder.display()))
                    .advise("give --photos a folder with .jpg files")
                    .into(),
            );
        }
        Ok(photos)
    }

    fn measure(
        &self,
        sh: &Shell,
        pipelines: &[Pipeline],
        photo: &Path,
        work: &Path,
        ours: &Path,
    ) -> anyhow::Result<Table> {
        let mut timings: Vec<Vec<Timing>> = pipelines.iter().map(|_| Vec::new()).collect();
        let folders: Vec<PathBuf> = (0..pipelines.len())
            .map(|index| work.join(format!("made-{index}")))
            .collect();
        for _ in 0..self.rounds.max(1) {
            for ((pipeline, timings), folder) in pipelines.iter().zip(&mut timings).zip(&folders) {
                fs::create_dir_all(folder)?;
                timings.push(pipeline.time(sh, photo, folder)?);
            }
        }
        let mut table = Table::new();
        table.load_preset(presets::ASCII_MARKDOWN).set_header([
            "pipeline",
            "CPU ms",
            "peak of estimate",
            "SSIMULACRA2 (bytes)",
        ]);
        for ((pipeline, timings), folder) in pipelines.iter().zip(&timings).zip(&folders) {
            let scores = cmd!(sh, "{ours} score {photo} {folder}").quiet().read()?;
            let scores: Vec<Score> = serde_json::from_str(&scores).context("a score is not JSON")?;
            let scores: Vec<String> = scores
                .iter()
                .map(|score| format!("{} {:.1} ({})", score.preset, score.score, score.bytes))
                .collect();
            let cpu = median(
                timings
                    .iter()
                    .flat_map(|timing| timing.cpu_ms.iter().copied())
                    .collect(),
            );
            let memory = timings
                .iter()
                .find_map(|timing| Some((timing.peak?, timing.estimate?)))
                .map_or_else(
                    || "–".to_owned(),
                    |(peak, estimate)| format!("{} of {} MiB", peak >> 20, estimate >> 20),
                );
            table.add_row([
                pipeline.name.to_owned(),
                format!("{cpu:.1}"),
                memory,
                scores.join(", "),
            ]);
        }
        Ok(table)
    }
}

impl Pipeline {
    fn ours(name: &'static str, program: &Path) -> Self {
        Self {
            name,
            program: program.to_owned(),
            before: vec!["time".to_owned()],
            quality: None,
        }
    }

    fn vips(name: &'static str, python: &Path, script: &Path, mode: &str, quality: u8) -> Self {
        let before = vec![script.display().to_string(), mode.to_owned()];
        Self {
            name,
            program: python.to_owned(),
            before,
            quality: Some(quality),
        }
    }

    fn time(&self, sh: &Shell, photo: &Path, made: &Path) -> anyhow::Result<Timing> {
        let Self { program, before, .. } = self;
        let rounds = RENDERINGS.to_string();
        let quality = self.quality.map(|quality| quality.to_string());
        let line = cmd!(sh, "{program} {before...} {photo} {rounds} {quality...} {made}")
            .env("VIPS_CONCURRENCY", "1")
            .quiet()
            .read()?;
        serde_json::from_str(&line).with_context(|| format!("{} printed no JSON", self.name))
    }
}

/// Builds the measuring program with these features and copies it, for the next build replaces it.
fn build(context: &Context, features: &str, copy: &Path) -> anyhow::Result<PathBuf> {
    let arguments = "build --quiet --release --package imaging --example photo_bench --features";
    let status = cargo::command(context)
        .args(arguments.split(' '))
        .arg(features)
        .status()?;
    anyhow::ensure!(status.success(), "photo_bench does not build with {features}");
    let metadata = cargo::command(context)
        .args(["metadata", "--format-version=1", "--no-deps"])
        .output()?;
    let metadata: serde_json::Value =
        serde_json::from_slice(&metadata.stdout).context("cargo metadata is not JSON")?;
    let folder = metadata["target_directory"]
        .as_str()
        .context("cargo does not say where it builds")?;
    fs::copy(Path::new(folder).join("release/examples/photo_bench"), copy)?;
    Ok(copy.to_owned())
}

/// A Python with pyvips, in the cache folder.
fn python(sh: &Shell, cache: &Path) -> anyhow::Result<PathBuf> {
    let folder = cache.join("pyvips");
    let python = folder.join("bin/python");
    if cmd!(sh, "{python} -c 'import pyvips'")
        .quiet()
        .ignore_stdout()
        .ignore_stderr()
        .run()
        .is_err()
    {
        cmd!(sh, "python3 -m venv {folder}").quiet().run()?;
        cmd!(sh, "{python} -m pip install --quiet pyvips[binary]")
            .quiet()
            .run()?;
    }
    Ok(python)
}

/// Of an even count the mean of the two in the middle, of none 0.
pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match (values.get(values.len() / 2), values.len() % 2) {
        (None, _) => 0.0,
        (Some(upper), 0) => f64::midpoint(values[values.len() / 2 - 1], *upper),
        (Some(middle), _) => *middle,
    }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_is_in_the_middle() {
        assert!((median(vec![9.0, 1.0, 5.0]) - 5.0).abs() < f64::EPSILON);
        assert!((median(vec![9.0, 1.0, 5.0, 4.0]) - 4.5).abs() < f64::EPSILON);
        assert!(median(vec![]).abs() < f64::EPSILON);
    }
}
