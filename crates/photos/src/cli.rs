//! The command line of the service: serving, and what an operator does beside it.

mod backup;
mod fsck;
mod migrate;
mod seed;
mod users;
mod variants;

use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, Write as _};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use config::{PhotosEnv, process_environment};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::app::{Options, StartError};
use crate::db::{DatabaseSettings, Db};
use crate::http::openapi;
use crate::http::server::Service;
use crate::logging;
use crate::store::Store;

/// Usage or environment is wrong.
const USAGE: u8 = 2;

/// The photos service. It reads its environment, prefix PS_; without a command it serves.
#[derive(Debug, Parser)]
#[command(name = "photos", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve until SIGTERM or Ctrl-C (the default)
    Serve,
    /// Bring the database's schema up to date
    Migrate(migrate::Args),
    /// Make users, list them, set their passwords
    #[command(subcommand)]
    Users(users::Command),
    /// Compare the database with the store, and repair what differs if told to
    Fsck(fsck::Args),
    /// Make pictures ahead of their first viewer
    #[command(subcommand)]
    Variants(variants::Command),
    /// Write the database and the checksums of all objects into a new folder
    Backup(backup::BackupArgs),
    /// Fill an empty database from a backup, if the store has what it needs
    Restore(backup::RestoreArgs),
    /// Fill an empty database with synthetic photos that have no pictures, to measure lists on
    #[command(hide = true)]
    Seed(seed::Args),
    /// Print the OpenAPI document
    Openapi,
}

/// Runs a command with the given environment.
///
/// # Errors
/// Whatever stops it, to be shown to the operator.
pub async fn run(
    cli: Cli,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> anyhow::Result<ExitCode> {
    let command = cli.command.unwrap_or(Command::Serve);
    if matches!(command, Command::Openapi) {
        say(openapi::document().to_pretty_json()?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let env = match process_environment(variables).and_then(|map| PhotosEnv::from_map(&map)) {
        Ok(env) => env,
        Err(faults) => {
            let _ = writeln!(io::stderr(), "{faults}");
            return Ok(ExitCode::from(USAGE));
        }
    };
    logging::start(&env)?;
    match command {
        Command::Serve => serve(env).await?,
        Command::Migrate(args) => return migrate::run(&args, &env).await,
        Command::Users(command) => users::run(command, &env).await?,
        Command::Fsck(args) => return fsck::run(&args, &env).await,
        Command::Variants(command) => return variants::run(&command, &env).await,
        Command::Backup(args) => backup::backup(&args, &env).await?,
        Command::Restore(args) => backup::restore(&args, &env).await?,
        Command::Seed(args) => seed::run(&args, &env).await?,
        Command::Openapi => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints a line. A reader that has gone, as `head` does, misses nothing.
fn say(line: impl Display) -> io::Result<()> {
    match writeln!(io::stdout(), "{line}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

async fn serve(env: PhotosEnv) -> anyhow::Result<()> {
    let told = stop_signal()?;
    tokio::select! {
        service = Service::start(env, Options::default()) => {
            let service = service?;
            told.cancelled().await;
            service.stop().await;
        }
        () = told.cancelled() => tracing::info!("stopped before it served"),
    }
    Ok(())
}

/// Cancelled at the first SIGTERM or SIGINT.
fn stop_signal() -> anyhow::Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot wait for SIGINT")?;
    let token = CancellationToken::new();
    let told = token.clone();
    tokio::spawn(async move {
        let signal = tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        };
        told.cancel();
        tracing::info!("{signal} received");
    });
    Ok(token)
}

/// The database and the store, both of which must answer.
async fn database_and_store(env: &PhotosEnv) -> anyhow::Result<(Db, Store)> {
    let db = database(env).await?;
    let store = Store::open(env).await?;
    store.ensure_bucket().await?;
    Ok((db, store))
}

/// The database, with the schema of this version.
async fn database(env: &PhotosEnv) -> Result<Db, StartError> {
    let db = Db::connect(&DatabaseSettings::from(env)).await?;
    if env.migrate {
        db.migrate().await?;
    } else if !db.schema_is_current().await? {
        return Err(StartError::Schema);
    }
    Ok(db)
}
