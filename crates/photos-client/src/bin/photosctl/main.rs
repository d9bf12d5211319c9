//! `photosctl`: the photos service from a terminal or a script.

mod account;
mod change;
mod list;
mod login;
mod output;
mod upload;

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};
use photos_client::{Client, ClientError, FileStore, ProblemCode};

/// Uploads, lists and changes photos of a photos service.
///
/// Results go to stdout, progress and errors to stderr.
/// Exit codes: 0 done, 1 failed (in part), 2 wrong arguments.
#[derive(Parser)]
#[command(
    version,
    propagate_version = true,
    max_term_width = 100,
    after_help = "\
Examples:
  photosctl login ann
  photosctl upload --draft --caption 'at #sea' ~/Pictures/pier.jpg ~/Pictures/summer
  photosctl list --mine --drafts
  photosctl list --tag sea --json | jq -r .id
  photosctl publish 0199a3c4-5b6d-7e8f-9012-3456789abcde

Another service than http://127.0.0.1:8080: `--url`, or PHOTOSCTL_URL."
)]
struct Args {
    /// Base URL of the service
    #[arg(
        long,
        global = true,
        env = "PHOTOSCTL_URL",
        default_value = "http://127.0.0.1:8080"
    )]
    url: String,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Login(login::Login),
    Logout(login::Logout),
    Register(login::Register),
    Whoami(account::Whoami),
    Sessions(account::Sessions),
    Upload(upload::Upload),
    List(list::List),
    Tags(list::Tags),
    /// Put photos in the trash, from where they can be restored for a while
    Delete(change::Ids),
    /// Take photos out of the trash
    Restore(change::Ids),
    /// Show drafts to everybody
    Publish(change::Ids),
    /// Make photos drafts again
    Unpublish(change::Ids),
}

/// Whether everything was done, or something failed that was already told.
enum Outcome {
    Done,
    PartlyFailed,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    match run(args).await {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::PartlyFailed) => ExitCode::FAILURE,
        // `photosctl list | head`: the reader has enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let hint = error
                .downcast_ref()
                .and_then(hint)
                .map(|hint| format!("\n{hint}"))
                .unwrap_or_default();
            // The client's errors name their cause themselves.
            let text = match error.downcast_ref::<ClientError>() {
                Some(error) => error.to_string(),
                None => format!("{error:#}"),
            };
            drop(writeln!(io::stderr(), "photosctl: {text}{hint}"));
            ExitCode::from(if is_usage(&error) { 2 } else { 1 })
        }
    }
}

async fn run(args: Args) -> anyhow::Result<Outcome> {
    let tokens = FileStore::new(login::token_file(&args.url)?);
    let client = Client::builder(&args.url)
        .user_agent(concat!("photosctl/", env!("CARGO_PKG_VERSION")))
        .token_store(std::sync::Arc::new(tokens))
        .build()?;
    match args.command {
        Command::Login(command) => command.run(&client).await,
        Command::Logout(command) => command.run(&client).await,
        Command::Register(command) => command.run(&client).await,
        Command::Whoami(command) => command.run(&client).await,
        Command::Sessions(command) => command.run(&client).await,
        Command::Upload(command) => command.run(&client).await,
        Command::List(command) => command.run(&client).await,
        Command::Tags(command) => command.run(&client).await,
        Command::Delete(ids) => ids.run(&client, change::Verb::Delete).await,
        Command::Restore(ids) => ids.run(&client, change::Verb::Restore).await,
        Command::Publish(ids) => ids.run(&client, change::Verb::Publish).await,
        Command::Unpublish(ids) => ids.run(&client, change::Verb::Unpublish).await,
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn is_usage(error: &anyhow::Error) -> bool {
    error.downcast_ref::<output::Usage>().is_some()
        || matches!(error.downcast_ref(), Some(ClientError::Invalid(_)))
}

/// What to do about an error, if that is more than the error says.
fn hint(error: &ClientError) -> Option<&'static str> {
    match error {
        ClientError::SessionEnded => Some("Log in again: photosctl login USERNAME"),
        ClientError::Unreachable { .. } => Some("Name another address with --url or PHOTOSCTL_URL."),
        _ => match error.code()? {
            ProblemCode::Unauthenticated => Some("Log in first: photosctl login USERNAME"),
            ProblemCode::InvalidCredentials => Some("New here? photosctl register USERNAME"),
            _ => None,
        },
    }
}

/// Writes a line to stdout; a closed pipe is an error, not a panic.
fn print(line: impl std::fmt::Display) -> anyhow::Result<()> {
    Ok(writeln!(io::stdout(), "{line}")?)
}

/// Writes a line to stderr, where a fault cannot be told to anybody.
fn tell(line: impl std::fmt::Display) {
    drop(writeln!(io::stderr(), "{line}"));
}

fn json(value: &impl serde::Serialize) -> anyhow::Result<String> {
    serde_json::to_string(value).context("cannot write JSON")
}
