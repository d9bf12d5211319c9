//! `bench browser`: what the pages of a running site cost in a real Chromium whose CPU is four times slower, and pictures
//! of them. The looking is done by the frontend's browser tests, which are built for it.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use comfy_table::{Table, presets};
use config::Secrets;
use serde::Deserialize;

use crate::{
    cargo,
    commands::scope::{Flags, Scope},
    context::{Context, block_on},
    native::{environment, record::Record},
    outcome::{Exit, Failure, Outcome},
};

/// Measure the pages of what `up --seed` runs, in Chromium with a CPU four times slower.
///
/// Needs chromium and chromedriver. Each page is loaded with an empty cache; the table has the medians. Largest paint is
/// the browser's Largest Contentful Paint.
#[derive(Args)]
#[command(after_help = "Examples:
  cargo xtask up --seed --detach && cargo xtask bench browser
  cargo xtask bench browser --pictures doc/pictures     those of doc/")]
pub(crate) struct Browser {
    #[command(flatten)]
    flags: Flags,
    /// How often each page is loaded.
    #[arg(long, default_value_t = 5)]
    runs: u32,
    /// Measure nothing; leave pictures of the pages in this folder.
    #[arg(long, value_name = "FOLDER")]
    pictures: Option<PathBuf>,
}

/// One page, as the test writes it.
#[derive(Deserialize)]
struct Page {
    path: String,
    bytes: u64,
    largest_paint_ms: f64,
    shift: f64,
}

impl Browser {
    pub(crate) fn run(&self, context: &Context) -> Outcome {
        let scope = self.flags.resolve(context)?;
        let record = block_on(record(context, &scope))?;
        let url = record.apps.last().map(|app| app.url.clone()).unwrap_or_default();
        if let Some(folder) = &self.pictures {
            let folder = std::path::absolute(folder)?;
            std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
            let mut vars = vec![
                ("PLASMA_URL", url),
                ("PLASMA_PICTURES", folder.display().to_string()),
            ];
            let login = environment::plan(context, &scope, Secrets::IfThere)?.login;
            if let (Some(login), Some(photos)) = (login, record.apps.first()) {
                vars.push(("PLASMA_ADMIN_URL", format!("{}/admin", photos.url)));
                vars.push(("PLASMA_ADMIN_USERNAME", login.username));
                vars.push(("PLASMA_ADMIN_PASSWORD", login.password));
            }
            look(context, "pictures", &vars)?;
            eprintln!("the pictures are in {}", folder.display());
            return Ok(Exit::Done);
        }
        let figures = tempfile::NamedTempFile::new().context("cannot make a file")?;
        look(
            context,
            "speed",
            &[
                ("PLASMA_URL", url),
                ("PLASMA_RUNS", self.runs.to_string()),
                ("PLASMA_FIGURES", figures.path().display().to_string()),
            ],
        )?;
        let pages: Vec<Page> = serde_json::from_reader(figures).context("the test wrote no figures")?;
        println!("{}", table(&pages));
        Ok(Exit::Done)
    }
}

/// What runs; the last app is the one that people open.
async fn record(context: &Context, scope: &Scope) -> anyhow::Result<Record> {
    let record = Record::load(&scope.folder(context)).await?;
    record.filter(|record| !record.apps.is_empty()).ok_or_else(|| {
        Failure::failed(format!("{} is not up", scope.title()))
            .advise(format!("cargo xtask up --seed --detach{}", scope.flags))
            .into()
    })
}

/// Runs one of the browser tests that only run when they are named.
fn look(context: &Context, name: &str, vars: &[(&str, String)]) -> anyhow::Result<()> {
    let arguments = [
        "test",
        "--quiet",
        "--workspace",
        "--test",
        "browser",
        "--",
        "--ignored",
        "--nocapture",
    ];
    let status = cargo::command(context)
        .args(arguments)
        .arg(name)
        .env("CI", "true") // Nothing to look with is a failure here.
        .envs(vars.iter().map(|(name, value)| (*name, value)))
        .stdout(std::io::stderr())
        .status()
        .context("cannot start cargo")?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::failed("the pages cannot be looked at")
        .because("see the output above")
        .into())
}

fn table(pages: &[Page]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header([
        "page",
        "KB without pictures",
        "largest paint, ms",
        "layout shift",
    ]);
    for page in pages {
        table.add_row([
            page.path.clone(),
            format!("{:.1}", page.bytes as f64 / 1000.0),
            format!("{:.0}", page.largest_paint_ms),
            format!("{:.4}", page.shift),
        ]);
    }
    table
}
