//! `photos backup` and `photos restore`.

use std::path::PathBuf;

use config::PhotosEnv;

use super::{database_and_store, say};
use crate::jobs::backup::{Backup, Restore};

#[derive(Debug, clap::Args)]
pub(super) struct BackupArgs {
    /// A folder that is new or empty
    folder: PathBuf,
    /// Copy the originals too, so that the store may be lost as well
    #[arg(long)]
    objects: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct RestoreArgs {
    /// The folder of the backup
    folder: PathBuf,
    /// Compare the lengths of objects only, and not their checksums
    #[arg(long)]
    quick: bool,
    /// Restore even if originals are lost
    #[arg(long)]
    allow_missing: bool,
}

pub(super) async fn backup(args: &BackupArgs, env: &PhotosEnv) -> anyhow::Result<()> {
    let (db, store) = database_and_store(env).await?;
    let backup = Backup {
        db: &db,
        store: &store,
        originals: args.objects,
        progress: &|copied| eprintln!("{copied} originals copied"),
    };
    let contents = backup.run(&args.folder).await?;
    let totals = contents.totals;
    say(format_args!(
        "{}: {} bytes of database; {} objects are listed, {} of them originals with {} bytes{}",
        args.folder.display(),
        contents.database.bytes,
        totals.objects,
        totals.originals,
        totals.original_bytes,
        if contents.originals_copied {
            ", which are copied"
        } else {
            "; they stay in the store"
        },
    ))?;
    Ok(())
}

pub(super) async fn restore(args: &RestoreArgs, env: &PhotosEnv) -> anyhow::Result<()> {
    let (db, store) = database_and_store(env).await?;
    let restore = Restore {
        db: &db,
        store: &store,
        quick: args.quick,
        allow_missing: args.allow_missing,
        progress: &|checked| eprintln!("{checked} objects checked"),
    };
    let restored = restore.run(&args.folder).await?;
    for key in &restored.missing {
        eprintln!("lost: {key}");
    }
    let rows: u64 = restored.tables.iter().map(|(_, rows)| rows).sum();
    say(format_args!(
        "{rows} rows restored; {} originals copied, {} lost; {} variants will be made anew when somebody asks for them",
        restored.copied,
        restored.missing.len(),
        restored.forgotten,
    ))?;
    Ok(())
}
