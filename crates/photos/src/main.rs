//! The binary `photos`.

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
            eprintln!("photos: {}", config::with_causes(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}
