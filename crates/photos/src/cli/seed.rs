//! `photos seed` (hidden): synthetic photos for the measurement of lists.

use anyhow::ensure;
use config::PhotosEnv;

use super::database;

#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// How many
    #[arg(long)]
    photos: u64,
}

pub(super) async fn run(args: &Args, env: &PhotosEnv) -> anyhow::Result<()> {
    let db = database(env).await?;
    ensure!(
        db.list_users(None, 1).await?.is_empty(),
        "the database has users: synthetic photos go into an empty one only"
    );
    db.seed_synthetic(args.photos, "nobody-logs-in".to_owned())
        .await?;
    Ok(())
}
