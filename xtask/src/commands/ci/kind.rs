//! `ci kind`: the commands on a real kind cluster of the stage test, which must be free.

use anyhow::Context as _;

use super::skip;
use crate::{
    cargo,
    context::Context,
    native::process::find_program,
    outcome::{Exit, Failure, Outcome},
};

pub(super) fn run(context: &Context) -> Outcome {
    let path = context.vars.get("PATH").map_or("", String::as_str);
    for tool in ["docker", "kind", "kubectl", "helm"] {
        if find_program(tool, path).is_none() {
            return skip(
                context,
                &format!("no cluster is made, for there is no `{tool}`"),
                "install Docker, kind, kubectl and helm",
            );
        }
    }
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
        .status()
        .context("cannot start cargo")?;
    if status.success() {
        return Ok(Exit::Done);
    }
    Err(Failure::failed("the story of the kind cluster failed")
        .advise("read what it printed above")
        .into())
}
