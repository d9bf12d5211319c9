//! `bench`: the figures of doc/performance.md, measured again.

mod browser;
mod cli;
mod clusters;
mod http;
mod imaging;

use clap::{Args, Subcommand};

use crate::{context::Context, outcome::Outcome};

/// Measure what doc/performance.md states.
#[derive(Args)]
pub(crate) struct Bench {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    Imaging(imaging::Imaging),
    Http(http::Http),
    Cli(cli::Cli),
    Browser(browser::Browser),
}

impl Bench {
    pub(crate) fn run(&self, context: &Context) -> Outcome {
        match &self.what {
            What::Imaging(imaging) => imaging.run(context),
            What::Http(http) => http.run(context),
            What::Cli(cli) => cli.run(context),
            What::Browser(browser) => browser.run(context),
        }
    }
}
