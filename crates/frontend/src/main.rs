//! The binary `frontend`.

use std::io::{self, Write as _};
use std::process::ExitCode;

use config::FrontendEnv;
use frontend::server::Service;

#[tokio::main]
async fn main() -> ExitCode {
    // ring and no other: two providers in one process make rustls panic. `Err` only says that it is installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    frontend::logging::start();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody can be told that this cannot be told.
            let _ = writeln!(io::stderr(), "frontend: {}", config::with_causes(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

async fn run() -> anyhow::Result<()> {
    let env = FrontendEnv::from_map(&config::process_environment(std::env::vars_os())?)?;
    let mut ends = frontend::signals::Ends::listen()?;
    let service = Service::start(&env)?;
    ends.next().await;
    service.stop().await;
    Ok(())
}
