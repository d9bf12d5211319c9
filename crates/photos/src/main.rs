//! The binary `photos`.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use photos::cli::{self, Cli};

#[tokio::main]
async fn main() -> ExitCode {
    photos::media::allocator::return_large_buffers();
    // ring and no other: two providers in one process make rustls panic. `Err` only says that it is installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match cli::run(Cli::parse(), std::env::vars_os()).await {
        Ok(code) => code,
        Err(error) => {
            // Nobody can be told that this cannot be told.
            let _ = writeln!(io::stderr(), "photos: {}", config::with_causes(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}
