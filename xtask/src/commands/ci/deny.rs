//! `ci deny`: licences, sources, duplicates and advisories of the dependencies, by cargo-deny.

use std::path::PathBuf;

use anyhow::Context as _;
use xshell::{Shell, cmd};

use crate::{
    context::Context,
    native::process::find_program,
    outcome::{Exit, Failure, Outcome},
};

const VERSION: &str = "0.20.2";

pub(super) fn run(context: &Context) -> Outcome {
    let shell = Shell::new()?;
    shell.change_dir(&context.root);
    let deny = program(context, &shell)?;
    cmd!(
        shell,
        "{deny} --locked --workspace check --hide-inclusion-graph bans licenses sources"
    )
    .run()
    .map_err(|_| {
        Failure::failed("cargo-deny refuses a dependency")
            .advise("see the lines above; deny.toml holds the rules")
    })?;
    if cmd!(shell, "{deny} --locked --workspace fetch db")
        .quiet()
        .ignore_stdout()
        .ignore_stderr()
        .run()
        .is_err()
    {
        eprintln!("skipped: advisories, for their database cannot be reached from here");
        return Ok(Exit::Done);
    }
    cmd!(shell, "{deny} --locked --workspace check advisories")
        .run()
        .map_err(|_| {
            Failure::failed("a dependency has an advisory").advise("update it; the lines above name it")
        })?;
    Ok(Exit::Done)
}

/// cargo-deny from `PATH` or the cache; built into the cache if it is in neither.
fn program(context: &Context, shell: &Shell) -> anyhow::Result<PathBuf> {
    let tools = context.cache.join("tools");
    let path = format!(
        "{}:{}",
        tools.join("bin").display(),
        context.vars.get("PATH").map_or("", String::as_str)
    );
    if let Some(program) = find_program("cargo-deny", &path) {
        return Ok(program);
    }
    eprintln!(
        "building cargo-deny {VERSION} into {}: once, some minutes",
        tools.display()
    );
    cmd!(
        shell,
        "cargo install cargo-deny --locked --version {VERSION} --root {tools}"
    )
    .run()
    .context("cannot build cargo-deny")?;
    Ok(tools.join("bin/cargo-deny"))
}
