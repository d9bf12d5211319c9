//! The binary `bot`.

use std::process::ExitCode;

use anyhow::Context as _;
use bot::Service;
use config::BotEnv;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bot: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> anyhow::Result<()> {
    let env = BotEnv::from_map(&config::process_environment(std::env::vars_os())?)?;
    let filter = EnvFilter::try_new(env.log.as_str()).context("BT_LOG cannot be read")?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        // A log that cannot be written must not end what it tells of.
        .log_internal_errors(false)
        .with_writer(std::io::stderr)
        .init();
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot wait for SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?;
    let service = Service::start(&env).context("cannot listen; see BT_LISTEN and BT_INTERNAL_LISTEN")?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    service.stop().await;
    Ok(())
}
