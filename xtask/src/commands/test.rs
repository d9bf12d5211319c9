//! `test`: every test of the workspace, on every database and store that this machine has.

use std::{
    ffi::OsString,
    process::{ExitStatus, Stdio},
};

use anyhow::Context as _;
use clap::Args;
use nix::sys::signal::Signal;
use tokio::process::Command;

use crate::{
    cargo,
    context::{Context, block_on},
    deps::{self, Tool},
    native::process,
    outcome::{Exit, Failure, Outcome},
    servers::{self, Servers},
    signals::Signals,
};

/// Run all tests, on every database and store that this machine has.
///
/// SQLite and files need nothing. Where PostgreSQL, MinIO (or Redis) are installed, throwaway instances are started on
/// random ports of 127.0.0.1 and the same tests run on them as well. The stories of the charts take helm from PATH, else the one
/// that plasma has fetched. What is missing is said and skipped; with CI=true it is an error.
#[derive(Args)]
#[command(after_help = "Examples:
  cargo xtask test                     everything
  cargo xtask test -p photos batch     of photos, with `batch` in their name")]
pub(crate) struct Test {
    /// Handed to `cargo nextest run` (or `cargo test`) as they are; doctests then do not run.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
    args: Vec<OsString>,
    /// Tests that are left to another job, as nextest names their binary. `cargo test` runs them all the same.
    #[arg(skip)]
    without: Option<&'static str>,
}

impl Test {
    /// All tests but one binary's.
    pub(crate) fn without(binary: &'static str) -> Self {
        Self {
            args: vec![],
            without: Some(binary),
        }
    }

    pub(crate) fn run(&self, context: &Context) -> Outcome {
        let context = &context.with_built_tools();
        let path = path_with_helm(context)?;
        block_on(async {
            let mut signals = Signals::listen().context("cannot listen to signals")?;
            let servers = signals.unless(servers::start(&context.vars)).await;
            let mut servers = servers.ok_or_else(interrupted)??;
            match path {
                Some(path) => _ = servers.vars.insert("PATH".to_owned(), path),
                None => servers.missing.push("charts (no `helm`)".to_owned()),
            }
            servers.missing.extend(self.missing(context));
            let outcome = self.run_on(context, &servers, &mut signals).await;
            servers.stop().await;
            outcome
        })
    }

    async fn run_on(&self, context: &Context, servers: &Servers, signals: &mut Signals) -> Outcome {
        let missing = servers.missing.join(", ");
        if !missing.is_empty() && context.is_set("CI") {
            return Err(Failure::failed(format!("not found: {missing}"))
                .because("CI=true: there no test may be skipped")
                .advise("install it, or run without CI to skip the tests that need it")
                .into());
        }
        for step in self.steps(context) {
            let status = self.step(context, servers, &step, signals).await?;
            if !status.success() {
                let code = status.code().and_then(|code| u8::try_from(code).ok());
                eprintln!("`cargo {}` failed", shown(&step));
                return Ok(if code == Some(130) {
                    Exit::Interrupted
                } else {
                    Exit::Failed
                });
            }
        }
        let mut skipped = servers.missing.clone();
        if !context.is_set("PLASMA_PHOTOS") {
            skipped.push("photos of real cameras (PLASMA_PHOTOS names no folder of them)".to_owned());
        }
        if !may_mount().await {
            skipped.push("a full disk (it takes the right to mount one)".to_owned());
        }
        if !skipped.is_empty() {
            eprintln!("skipped: the tests on {}", skipped.join(", "));
        }
        Ok(Exit::Done)
    }

    /// What the tests need of this machine besides servers, and it has not.
    fn missing(&self, context: &Context) -> Vec<String> {
        let mut missing = Vec::new();
        for shell in ["zsh", "fish"] {
            if !has(context, &[shell]) {
                missing.push(format!("{shell} (no `{shell}`)"));
            }
        }
        let is_browser = has(context, &CHROMIUM) && has(context, &["chromedriver"]);
        if self.without.is_none() && !is_browser {
            missing.push("a browser (no `chromium` or `chromedriver`)".to_owned());
        }
        missing
    }

    /// The arguments of each cargo command. Doctests first: what closes the output is the sum of all other tests.
    fn steps(&self, context: &Context) -> Vec<Vec<OsString>> {
        let runner = runner(context);
        let command = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
        if self.args.is_empty() {
            let filter = self
                .without
                .filter(|_| runner == NEXTEST)
                .map(|binary| format!("not binary_id({binary})"));
            let mut all = [runner, &["--workspace"]].concat();
            if runner != NEXTEST {
                // The doctests have their own.
                all.extend(["--tests", "--examples"]);
            }
            all.extend(filter.iter().flat_map(|filter| ["-E", filter]));
            if context.is_set("CI") {
                // One run tells all that is wrong.
                all.push("--no-fail-fast");
            }
            vec![
                command(&["test", "--workspace", "--doc", "--quiet"]),
                command(&all),
            ]
        } else {
            vec![
                command(runner)
                    .into_iter()
                    .chain(self.args.iter().cloned())
                    .collect(),
            ]
        }
    }

    async fn step(
        &self,
        context: &Context,
        servers: &Servers,
        arguments: &[OsString],
        signals: &mut Signals,
    ) -> anyhow::Result<ExitStatus> {
        eprintln!("cargo {}", shown(arguments));
        let mut command = Command::from(cargo::command(context));
        command.args(arguments).envs(&servers.vars).kill_on_drop(true);
        let mut child = command.spawn().context("cannot start cargo")?;
        let identity = process::identity(&child);
        tokio::select! {
            status = child.wait() => Ok(status.context("cannot wait for cargo")?),
            exit = signals.next() => {
                // Ctrl-C on a terminal reaches cargo by itself; it then ends its tests.
                if let (Exit::Done, Some(identity)) = (exit, identity) {
                    identity.send(Signal::SIGTERM);
                }
                child.wait().await.context("cannot wait for cargo")?;
                Err(interrupted())
            }
        }
    }
}

/// `PATH` for the tests: with plasma's own helm, where the machine has none. Nothing if there is neither; in CI it is fetched.
fn path_with_helm(context: &Context) -> anyhow::Result<Option<String>> {
    let fetched = deps::places(context)
        .into_iter()
        .any(|(tool, program)| tool == Tool::Helm && program.is_file());
    if fetched || context.is_set("CI") || has(context, &["helm"]) {
        return deps::path_with(context, &[Tool::Helm]).map(Some);
    }
    Ok(None)
}

fn has(context: &Context, programs: &[&str]) -> bool {
    let path = context.vars.get("PATH").map_or("", String::as_str);
    programs
        .iter()
        .any(|name| process::find_program(name, path).is_some())
}

/// Whether a file system may be mounted, as the stories of a full disk do.
async fn may_mount() -> bool {
    let Ok(folder) = tempfile::tempdir() else {
        return false;
    };
    let call = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(arguments).arg(folder.path()).stderr(Stdio::null());
        async move { command.status().await.is_ok_and(|status| status.success()) }
    };
    call("mount", &["-t", "tmpfs", "-o", "size=1m", "tmpfs"]).await && call("umount", &[]).await
}

/// The names of the browser.
pub(crate) const CHROMIUM: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

const NEXTEST: &[&str] = &["nextest", "run"];

/// The arguments of cargo that run tests: nextest if it is there.
pub(crate) fn runner(context: &Context) -> &'static [&'static str] {
    let path = context.vars.get("PATH").map_or("", String::as_str);
    match process::find_program("cargo-nextest", path) {
        Some(_) => NEXTEST,
        None => &["test"],
    }
}

fn interrupted() -> anyhow::Error {
    Failure::interrupted("the tests were interrupted").into()
}

fn shown(arguments: &[OsString]) -> String {
    let words: Vec<_> = arguments.iter().map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}
