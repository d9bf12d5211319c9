//! `ci kind`: the commands on a real kind cluster of the stage test, which must be free.

use anyhow::Context as _;

use super::skip;
use crate::{
    cargo,
    context::Context,
    deps::{self, Tool},
    native::process::find_program,
    outcome::{Exit, Failure, Outcome, reason},
};

pub(super) fn run(context: &Context) -> Outcome {
    let path = context.vars.get("PATH").map_or("", String::as_str);
    if find_program("docker", path).is_none() {
        return skip(
            context,
            "no cluster is made, for there is no `docker`",
            "install Docker",
        );
    }
    let path = match deps::path_with(context, &[Tool::Kind, Tool::Kubectl, Tool::Helm]) {
        Ok(path) => path,
        Err(error) => {
            let what = format!("no cluster is made: {}", reason(&error));
            return skip(context, &what, "`cargo xtask deps list` says what is missing");
        }
    };
    let status = cargo::command(context)
        .args([
            "test",
            "--locked",
            "--workspace",
            "--test",
            "kind",
            "--",
            "--nocapture",
        ])
        .env("PLASMA_TEST_KIND", "1")
        .env("PLASMA_DEPS", "system")
        .env("PATH", path)
        .status()
        .context("cannot start cargo")?;
    if status.success() {
        return Ok(Exit::Done);
    }
    Err(Failure::failed("the story of the kind cluster failed")
        .advise("read what it printed above")
        .into())
}
