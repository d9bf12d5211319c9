//! `photos variants`: pictures ahead of their first viewer.

use std::process::ExitCode;

use anyhow::Context as _;
use config::PhotosEnv;

use super::{database_and_store, say};
use crate::domain::PhotoId;
use crate::jobs::backfill::{Backfill, Progress};
use crate::media::Media;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Make all variants that the presets and the pipeline of this version ask for; what is there is kept
    Backfill {
        /// Then delete the variants of former presets and pipelines
        #[arg(long)]
        prune: bool,
        /// Go on behind this photo, the last one that a stopped run named
        #[arg(long, value_name = "PHOTO")]
        after: Option<PhotoId>,
    },
}

pub(super) async fn run(command: &Command, env: &PhotosEnv) -> anyhow::Result<ExitCode> {
    let Command::Backfill { prune, after } = command;
    let (db, store) = database_and_store(env).await?;
    let media =
        Media::open(env, db.clone(), store.clone()).context("cannot use the folder of PS_SPOOL_DIR")?;
    let backfill = Backfill {
        db: &db,
        store: &store,
        media: &media,
        at_once: env.workers,
        prune: *prune,
        after: *after,
        progress: &|progress| eprintln!("{}", line(progress)),
    };
    let done = backfill.run().await?;
    say(line(&done))?;
    Ok(if done.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn line(progress: &Progress) -> String {
    let Progress {
        photos,
        made,
        failed,
        pruned,
        last,
    } = progress;
    let last = last
        .map(|last| format!(", the last is {last}"))
        .unwrap_or_default();
    format!("{photos} photos looked at, {made} variants made, {pruned} pruned, {failed} photos failed{last}")
}
