//! `ci e2e`: the end-to-end story against a native run of its own, on free ports and in a state folder of its own.

use anyhow::Context as _;
use xshell::{Shell, cmd};

use crate::{
    context::Context,
    outcome::{Exit, Failure, Outcome},
};

pub(super) fn run(context: &Context) -> Outcome {
    let state = tempfile::Builder::new()
        .prefix("plasma-e2e-")
        .tempdir()
        .context("cannot make a folder")?;
    let plasma = std::env::current_exe().context("cannot find the running program")?;
    let shell = Shell::new()?;
    shell.change_dir(&context.root);
    shell.set_var("PLASMA_STATE_DIR", state.path());
    for app in config::APPS {
        for key in ["LISTEN", "INTERNAL_LISTEN"] {
            shell.set_var(format!("{}{key}", app.prefix), "127.0.0.1:0");
        }
    }

    // Without its output, which has a password.
    let up = cmd!(shell, "{plasma} up --stage local --detach")
        .ignore_stdout()
        .run();
    // The state says where the run listens.
    let story = up.and_then(|()| cmd!(shell, "{plasma} e2e --stage local").run());
    let down = cmd!(shell, "{plasma} down --stage local --purge --yes").run();
    story.map_err(|_| {
        let log =
            std::fs::read_to_string(state.path().join("hmlet/local/logs/photos.log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let last = lines[lines.len().saturating_sub(20)..].join("\n");
        Failure::failed("the end-to-end story failed").because(format!("the service's last lines:\n{last}"))
    })?;
    down.context("the run of the end-to-end story cannot be stopped")?;
    Ok(Exit::Done)
}
