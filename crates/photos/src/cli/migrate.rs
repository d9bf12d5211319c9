//! `photos migrate`: the schema, before a new version takes requests.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use config::{PhotosEnv, Value as _};

use super::{USAGE, say};
use crate::db::{DatabaseSettings, Db, DbError};

/// Between two looks at a database that does not answer.
const PAUSE: Duration = Duration::from_millis(500);

/// What PostgreSQL says of a wrong login or a wrong name: it will not say otherwise later.
const REFUSALS: [&str; 4] = [
    "password authentication failed",
    "no password supplied",
    "pg_hba.conf",
    "\" does not exist",
];

/// What to do about a database that is not there yet.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// How long to wait for a database that does not answer yet, like 90s
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = Duration::parse)]
    wait: Duration,
}

/// Brings the schema up to date, and prints what was applied. Exit code 2 when the database is there and refuses the login.
pub(super) async fn run(args: &Args, env: &PhotosEnv) -> anyhow::Result<ExitCode> {
    let db = Db::connect(&DatabaseSettings::from(env)).await?;
    match answer(&db, args.wait).await {
        Err(error) if is_refused(&error) => {
            // Who starts it again gets the same answer.
            let _ = writeln!(
                io::stderr(),
                "error: {error}; correct PS_DATABASE_URL or PS_DATABASE_PASSWORD"
            );
            return Ok(ExitCode::from(USAGE));
        }
        answered => answered?,
    }
    let applied = db.migrate().await?;
    if applied.is_empty() {
        eprintln!("The schema was up to date.");
    }
    for version in applied {
        say(version)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn is_refused(error: &DbError) -> bool {
    matches!(error, DbError::Unavailable { reason } if REFUSALS.iter().any(|words| reason.contains(words)))
}

/// Waits until the database answers. What is no question of time, such as a refused query, ends the waiting.
async fn answer(db: &Db, wait: Duration) -> Result<(), DbError> {
    let started = Instant::now();
    let mut told = false;
    loop {
        match db.ping().await {
            Err(ref error @ DbError::Unavailable { .. })
                if started.elapsed() < wait && !is_refused(error) =>
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
