//! Starts the person's shell in a session of its own, waits for it, and cleans up whatever happens to it.

use std::{
    ffi::OsStr,
    fmt,
    os::unix::process::{CommandExt, ExitStatusExt},
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
};

use anyhow::Context as _;
use config::Cluster;
use nix::{sys::signal, unistd::Pid};
use tokio::signal::unix::{SignalKind, signal};

use super::{
    dialect::Dialect, environment::Environment, folder, prompt, scope::Scope, seen::Seen, session::Session,
    shortcut,
};
use crate::{
    commands::env,
    context::{Context, block_on},
    native::process::find_program,
    outcome::{Exit, Failure, Outcome},
    tools::quote::quote,
};

/// The shell to start.
#[derive(Debug)]
pub(crate) struct Choice {
    program: PathBuf,
    dialect: Dialect,
    /// Why it is not the person's own.
    note: Option<String>,
}

impl Choice {
    /// The person's own shell, if plasma knows it; else bash.
    ///
    /// # Errors
    /// When there is neither.
    pub(crate) fn of(context: &Context) -> anyhow::Result<Self> {
        let own = context.vars.get("SHELL").filter(|shell| !shell.is_empty());
        let known = own.and_then(|own| Some((PathBuf::from(own), Dialect::of(Path::new(own))?)));
        if let Some((program, dialect)) = known.filter(|(program, _)| program.is_file()) {
            return Ok(Self {
                program,
                dialect,
                note: None,
            });
        }
        let why = match own {
            None => "SHELL is not set".to_owned(),
            Some(own) if Dialect::of(Path::new(own)).is_some() => {
                format!("SHELL is {own}, which is not there")
            }
            Some(own) => format!("SHELL is {own}, and plasma knows only bash, zsh and fish"),
        };
        let path = context.vars.get("PATH").map_or("", String::as_str);
        match find_program("bash", path) {
            Some(program) => Ok(Self {
                program,
                dialect: Dialect::Bash,
                note: Some(format!(
                    "note: {why}: this is bash. `cargo xtask run -- <shell>` starts any other, without prompt and reload."
                )),
            }),
            None => Err(Failure::failed("there is no shell to start")
                .because(format!("{why}, and bash is not on PATH"))
                .advise("set SHELL to a bash, zsh or fish that is installed")
                .into()),
        }
    }
}

/// Starts the shell and returns its exit code once it has ended.
///
/// # Errors
/// Exit code 2 with the faults of the environment; else when the session cannot be made or the shell not started.
pub(crate) fn start(context: &Context, scope: &Scope, plasma: &clap::Command) -> Outcome {
    let choice = Choice::of(context)?;
    let session = Session::open(&context.state)?;
    let mut seen = Seen::new(&session.folder, scope.files(context)?);
    seen.note()?;
    let environment = Environment::load(context, scope, env::secrets_for(scope.stage, false))?;
    fill_folders(context, scope, plasma)?;
    let text = prompt::start_file(context, scope, choice.dialect, &environment, &session)?;
    let start_file = session.write(choice.dialect.start_file(), &text)?;
    let mut command = Command::new(&choice.program);
    command.args(choice.dialect.arguments(&start_file));
    environment.apply(&mut command);
    if choice.dialect == Dialect::Zsh {
        command.env("ZDOTDIR", session.folder.join("zsh"));
    }
    for line in choice.note.iter().chain([&prompt::greeting(scope, &environment)]) {
        eprintln!("{line}");
    }
    let status = block_on(wait(command))?;
    let code = status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal));
    Ok(code
        .and_then(|code| u8::try_from(code).ok())
        .map_or(Exit::Failed, Exit::Of))
}

/// Makes the `.bin` folders that the environment has on its `PATH`.
///
/// # Errors
/// When the state folder cannot be written.
pub(crate) fn fill_folders(context: &Context, scope: &Scope, plasma: &clap::Command) -> anyhow::Result<()> {
    // A cluster whose file is wrong has no short commands; its own commands say what is wrong.
    let commands = scope.clusters(context).into_iter().filter_map(|name| {
        let cluster = Cluster::load(&context.root, &name).ok()?;
        Some((name, shortcut::names(plasma, &cluster)))
    });
    folder::fill(context, &commands.collect::<Vec<_>>())
}

/// Runs the command to its end. Ctrl-C is the shell's own business; who asks this process to end asks the shell.
async fn wait(command: Command) -> anyhow::Result<ExitStatus> {
    let program = command.get_program().to_owned();
    let listen = |kind| signal(kind).context("cannot listen to signals");
    let (mut interrupt, mut quit) = (listen(SignalKind::interrupt())?, listen(SignalKind::quit())?);
    let (mut hangup, mut terminate) = (listen(SignalKind::hangup())?, listen(SignalKind::terminate())?);
    let mut child = tokio::process::Command::from(command)
        .spawn()
        .with_context(|| format!("cannot start {}", program.display()))?;
    loop {
        tokio::select! {
            status = child.wait() => return status.context("cannot wait for the shell"),
            _ = interrupt.recv() => {}
            _ = quit.recv() => {}
            _ = hangup.recv() => hang_up(&child),
            _ = terminate.recv() => hang_up(&child),
        }
    }
}

/// What a terminal sends when it is closed; an interactive shell does not end for less.
fn hang_up(child: &tokio::process::Child) {
    if let Some(pid) = child.id().and_then(|pid| i32::try_from(pid).ok()) {
        // It may have ended in between.
        let _ = signal::kill(Pid::from_raw(pid), signal::Signal::SIGHUP);
    }
}

/// Becomes the command, so that its exit code, its signals and its terminal are its own.
///
/// # Errors
/// Exit code 127 if there is no such program, 126 if it cannot be run, as in every shell.
pub(crate) fn become_program(mut command: Command) -> Outcome {
    let error = command.exec();
    let exit = match error.kind() {
        std::io::ErrorKind::NotFound => Exit::Of(127),
        _ => Exit::Of(126),
    };
    let program = command.get_program().display().to_string();
    Err(Failure::ending(exit, format!("cannot run {program}"))
        .because(error.to_string())
        .advise("it is looked for on PATH as it is in the stage shell")
        .into())
}

/// What would be started, for `--plan`.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    pub(crate) scope: &'a Scope,
    pub(crate) environment: &'a Environment,
    /// The program and its arguments, quoted for a shell.
    pub(crate) line: String,
    /// What is said when it starts.
    pub(crate) note: Option<String>,
}

impl<'a> Plan<'a> {
    /// The plan of a shell. The folder of its session has a name only once it runs.
    ///
    /// # Errors
    /// As [`Choice::of`].
    pub(crate) fn shell(
        context: &Context,
        scope: &'a Scope,
        environment: &'a Environment,
    ) -> anyhow::Result<Self> {
        let choice = Choice::of(context)?;
        let session = context.state.join("shells/<session>");
        let arguments = choice
            .dialect
            .arguments(&session.join(choice.dialect.start_file()));
        let program = [choice.program.as_os_str()].into_iter();
        let mut line = words(program.chain(arguments.iter().map(OsStr::new)));
        if choice.dialect == Dialect::Zsh {
            line = format!("ZDOTDIR={} {line}", session.join("zsh").display());
        }
        Ok(Self {
            scope,
            environment,
            line,
            note: choice.note,
        })
    }
}

/// Words as a person would type them.
pub(crate) fn words<'w>(words: impl Iterator<Item = &'w OsStr>) -> String {
    let words: Vec<String> = words.map(quote).collect();
    words.join(" ")
}

impl fmt::Display for Plan<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}", self.scope.stage.emoji(), self.scope.title())?;
        if let Some(note) = &self.note {
            writeln!(f, "{note}")?;
        }
        writeln!(f, "start\n  {}", self.line)?;
        write!(f, "with\n{}", self.environment.listing())?;
        if !self.environment.unset.is_empty() {
            let names: Vec<&str> = self.environment.unset.iter().map(String::as_str).collect();
            writeln!(f, "without\n  {}", names.join(" "))?;
        }
        Ok(())
    }
}
