//! `photos migrate`: the schema, before a new version takes requests.

use std::time::{Duration, Instant};

use config::{PhotosEnv, Value as _};

use super::say;
use crate::db::{DatabaseSettings, Db, DbError};

/// Between two looks at a database that does not answer.
const PAUSE: Duration = Duration::from_millis(500);

/// What PostgreSQL says of a wrong login or a wrong name: it will not say otherwise later.
const REFUSALS: [&str; 4] = [
    "password authentication failed",
    "no password supplied",
    "no pg_hba.conf entry",
    "\" does not exist",
];

/// What to do about a database that is not there yet.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// How long to wait for a database that does not answer yet, like 90s
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = Duration::parse)]
    wait: Duration,
}

/// Brings the schema up to date, and prints what was applied.
pub(super) async fn run(args: &Args, env: &PhotosEnv) -> anyhow::Result<()> {
    let db = Db::connect(&DatabaseSettings::from(env)).await?;
    answer(&db, args.wait).await?;
    let applied = db.migrate().await?;
    if applied.is_empty() {
        eprintln!("The schema was up to date.");
    }
    for version in applied {
        say(version)?;
    }
    Ok(())
}

/// Waits until the database answers. What is no question of time, such as a refused query, ends the waiting.
async fn answer(db: &Db, wait: Duration) -> Result<(), DbError> {
    let started = Instant::now();
    let mut told = false;
    loop {
        match db.ping().await {
            Err(ref error @ DbError::Unavailable { ref reason })
                if started.elapsed() < wait && !REFUSALS.iter().any(|words| reason.contains(words)) =>
            {
                if !told {
                    tracing::warn!(%error, ?wait, "waiting for the database");
                    told = true;
                }
                tokio::time::sleep(PAUSE).await;
            }
            answered => return answered,
        }
    }
}
