//! The `plasma` command line tool: parses the arguments and hands over to one command.

mod bootstrap;
mod cargo;
mod charts;
mod commands;
mod context;
mod deps;
mod doctor;
mod hosts;
mod kube;
mod lock;
mod native;
mod outcome;
mod progress;
mod release;
mod scaffold;
mod servers;
mod signals;
mod stage_shell;
mod tidy;
mod tools;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::{
    commands::{
        bench::Bench, bootstrap::Bootstrap, ci::Ci, completions::Completions, deploy::Deploy, deps::Deps,
        destroy::Destroy, doctor::Doctor, down::Down, e2e::E2e, env::Env, forward::Forward, guard::Guard,
        hosts::Hosts, logs::Logs, new::New, reload::Reload, run::Run, shell::Shell, skaffold::Skaffold,
        status::Status, supervise::Supervise, telepresence::Telepresence, terminal::Terminal, test::Test,
        up::Up,
    },
    context::Context,
    outcome::Outcome,
    stage_shell::shortcut,
};

/// Runs the devops of this monorepo, natively on this machine and on Kubernetes clusters.
#[derive(Parser)]
#[command(name = "plasma", bin_name = "cargo xtask", version, propagate_version = true)]
struct Plasma {
    #[command(subcommand)]
    command: Command,
}

/// In the order of their help: a native run, a cluster, its environment, what runs in it, the machine, the checks.
#[derive(clap::Subcommand)]
enum Command {
    Up(Up),
    Down(Down),
    Status(Status),
    Bootstrap(Bootstrap),
    Deploy(Deploy),
    Destroy(Destroy),
    Shell(Shell),
    Run(Run),
    Env(Env),
    Terminal(Terminal),
    Logs(Logs),
    Forward(Forward),
    Skaffold(Skaffold),
    Telepresence(Telepresence),
    Hosts(Hosts),
    Doctor(Doctor),
    Deps(Deps),
    New(New),
    Test(Test),
    E2e(E2e),
    Bench(Bench),
    Ci(Ci),
    Completions(Completions),
    #[command(hide = true)]
    Supervise(Supervise),
    #[command(hide = true)]
    Guard(Guard),
    #[command(hide = true)]
    Reload(Reload),
}

fn main() -> ExitCode {
    outcome::end_quietly_when_nobody_reads();
    let given = std::env::args_os().collect();
    match shortcut::command_line(Plasma::command, given) {
        Ok(line) => run(Plasma::parse_from(line)),
        Err(error) => outcome::conclude(Err(error)),
    }
}

fn run(plasma: Plasma) -> ExitCode {
    let outcome = match plasma.command {
        Command::Up(command) => within(|context| command.run(context)),
        Command::Down(command) => within(|context| command.run(context)),
        Command::Deploy(command) => within(|context| command.run(context)),
        Command::Status(command) => within(|context| command.run(context)),
        Command::Bootstrap(command) => within(|context| command.run(context)),
        Command::Destroy(command) => within(|context| command.run(context)),
        Command::Forward(command) => within(|context| command.run(context)),
        Command::Logs(command) => within(|context| command.run(context)),
        Command::Skaffold(command) => within(|context| command.run(context)),
        Command::Telepresence(command) => within(|context| command.run(context)),
        Command::Terminal(command) => within(|context| command.run(context)),
        Command::Test(command) => within(|context| command.run(context)),
        Command::Shell(command) => within(|context| command.run::<Plasma>(context)),
        Command::Run(command) => within(|context| command.run::<Plasma>(context)),
        Command::Ci(command) => within(|context| command.run(context)),
        Command::Hosts(command) => within(|context| command.run(context)),
        Command::Doctor(command) => within(|context| command.run(context)),
        Command::Deps(command) => within(|context| command.run(context)),
        Command::New(command) => within(|context| command.run(context)),
        Command::Env(command) => within(|context| command.run(context)),
        Command::E2e(command) => within(|context| command.run(context)),
        Command::Bench(command) => within(|context| command.run(context)),
        Command::Completions(command) => command.run::<Plasma>(),
        Command::Supervise(command) => command.run(),
        Command::Guard(command) => command.run(),
        Command::Reload(command) => command.run(),
    };
    outcome::conclude(outcome)
}

/// Finds the workspace first. The commands without it may run anywhere.
fn within(run: impl FnOnce(&Context) -> Outcome) -> Outcome {
    run(&Context::discover()?)
}
