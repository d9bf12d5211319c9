//! `ci gitlab`: `.gitlab-ci.yml` by the eyes of a runner, gitlab-ci-local, which knows GitLab's schema.

use std::fs;

use anyhow::Context as _;
use xshell::{Shell, cmd};

use super::{jobs, skip};
use crate::{
    context::Context,
    native::process::find_program,
    outcome::{Exit, Failure, Outcome},
};

const VERSION: &str = "4.56.2";

pub(super) fn run(context: &Context) -> Outcome {
    if find_program("npm", context.vars.get("PATH").map_or("", String::as_str)).is_none() {
        return skip(
            context,
            "`.gitlab-ci.yml` is not checked, for there is no `npm`",
            "install Node.js with npm",
        );
    }
    let folder = context
        .cache
        .join("tools")
        .join(format!("gitlab-ci-local-{VERSION}"));
    let program = folder.join("node_modules/.bin/gitlab-ci-local");
    let shell = Shell::new()?;
    if !program.exists() {
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let package = format!("gitlab-ci-local@{VERSION}");
        cmd!(
            shell,
            "npm install --silent --no-audit --no-fund --prefix {folder} {package}"
        )
        .run()
        .context("npm cannot install gitlab-ci-local")?;
    }
    // It takes the folder for its state as relative to the root; there git ignores it.
    shell.change_dir(&context.root);
    let output = cmd!(shell, "{program} --state-dir target/gitlab-ci-local --list-json")
        .quiet()
        .ignore_status()
        .output()
        .context("cannot start gitlab-ci-local")?;
    if !output.status.success() {
        return Err(Failure::failed(".gitlab-ci.yml is not valid")
            .because(String::from_utf8_lossy(&output.stderr).into_owned())
            .advise("correct the file")
            .into());
    }
    let found: Vec<serde_json::Value> =
        serde_json::from_slice(&output.stdout).context("gitlab-ci-local lists no jobs")?;
    let names: Vec<&str> = found.iter().filter_map(|job| job.get("name")?.as_str()).collect();
    let missing: Vec<String> = jobs()
        .into_iter()
        .filter(|job| !names.contains(&job.as_str()))
        .collect();
    if !missing.is_empty() {
        return Err(Failure::failed(format!("a runner does not see the jobs {}", missing.join(", "))).into());
    }
    eprintln!(".gitlab-ci.yml is valid: {}", names.join(", "));
    Ok(Exit::Done)
}
