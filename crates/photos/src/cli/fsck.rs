//! `photos fsck`: exit code 0 if the database and the store agree (again), 1 if something is left.

use std::io;
use std::process::ExitCode;

use anyhow::Context as _;
use config::PhotosEnv;

use super::{database_and_store, say};
use crate::jobs::fsck::{Fsck, Report};
use crate::media::Media;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Make faulty variants anew and delete unknown objects older than PS_SWEEP_GRACE; originals of photos are never touched
    #[arg(long)]
    repair: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    /// Compare lengths only, and read no object
    #[arg(long)]
    quick: bool,
}

pub(super) async fn run(args: &Args, env: &PhotosEnv) -> anyhow::Result<ExitCode> {
    let (db, store) = database_and_store(env).await?;
    let fsck = Fsck {
        db: &db,
        store: &store,
        quick: args.quick,
        progress: &|seen| eprintln!("{seen} objects checked"),
    };
    let report = if args.repair {
        let media =
            Media::open(env, db.clone(), store.clone()).context("cannot use the folder of PS_SPOOL_DIR")?;
        fsck.repair(&media, env.sweep_grace).await?
    } else {
        fsck.look().await?
    };
    if args.json {
        say(serde_json::to_string(&report)?)?;
    } else {
        print(&report)?;
    }
    Ok(if report.is_clean() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn print(report: &Report) -> io::Result<()> {
    let lists = [
        ("row without object", &report.rows_without_objects),
        ("object without row", &report.objects_without_rows),
        ("checksum fault", &report.checksum_faults),
    ];
    for (fault, keys) in lists {
        for key in keys {
            say(format_args!("{fault}: {key}"))?;
        }
    }
    for left in &report.left {
        eprintln!("left: {}: {}", left.key, left.reason);
    }
    match (report.is_clean(), report.repaired) {
        (true, false) => say("The database and the store agree."),
        (true, true) => say("Everything was repaired."),
        (false, _) => Ok(()),
    }
}
