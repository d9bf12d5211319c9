//! The `plasma` command line tool: parses the arguments and hands over to one command.

mod commands;
mod context;
mod outcome;

use std::process::ExitCode;

use clap::Parser;

use crate::{
    commands::{completions::Completions, deps::Deps, env::Env},
    context::Context,
};

/// Runs the devops of this monorepo: native runs, environments, tests and CI jobs.
#[derive(Parser)]
#[command(name = "plasma", bin_name = "cargo xtask", version, propagate_version = true)]
struct Plasma {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Deps(Deps),
    Env(Env),
    Completions(Completions),
}

fn main() -> ExitCode {
    let plasma = Plasma::parse();
    let outcome = Context::discover().and_then(|context| match plasma.command {
        Command::Deps(command) => command.run(&context),
        Command::Env(command) => command.run(&context),
        Command::Completions(command) => command.run::<Plasma>(),
    });
    outcome::conclude(outcome)
}
