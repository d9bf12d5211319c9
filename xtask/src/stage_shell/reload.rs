//! A reload: reads the environment again and tells the running shell what has changed, or why nothing does.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
    time::Duration,
};

use config::{Format, Handover, SHELL_VARS, Secrets, StageEnv};

use super::{
    scope::{Flags, Scope},
    seen::Seen,
};
use crate::{context::Context, outcome::Exit};

/// How long a reload may take before it says that it is at work.
const SILENT: Duration = Duration::from_millis(50);

/// A file that is written all the time is read as it is after so many attempts; the next prompt tries again.
const ATTEMPTS: u32 = 5;

/// Reads the environment that the flags mean and returns what the shell has to run. What a person needs to know of it goes to
/// standard error. Files that are wrong change nothing, and are told once for each change of a file.
///
/// # Errors
/// When the session's folder cannot be written.
pub(crate) fn reload(
    context: &Context,
    flags: &Flags,
    session: &Path,
    watched: Vec<PathBuf>,
    format: Format,
) -> anyhow::Result<(Exit, String)> {
    let hourglass = Hourglass::start("⏳ reading the environment of the stage again");
    let loaded = load(context, flags, &mut Seen::new(session, watched));
    drop(hourglass);
    let broken = session.join("broken");
    let (scope, env) = match loaded {
        Ok(loaded) => loaded,
        Err(error) => {
            eprintln!("❌ {}", crate::outcome::report(&error));
            eprintln!(
                "   The shell keeps its old values; the next prompt after a change of a file tries again."
            );
            fs::write(broken, "")?;
            return Ok((Exit::Usage, String::new()));
        }
    };
    let mended = fs::remove_file(broken).is_ok();
    let news = Handover::new(&env, &context.vars, |setting| scope.exports(setting)).news(&context.vars);
    let emoji = scope.stage.emoji();
    match summary(&news, &context.vars) {
        Some(summary) => eprintln!("{emoji} {summary}"),
        None if mended => eprintln!("{emoji} the environment is right again; nothing has changed"),
        None => {}
    }
    Ok((Exit::Done, news.write(format)))
}

/// Reads the environment once nobody is writing its files: a file that is only half there is neither wrong nor a reason to
/// make new secrets.
fn load(context: &Context, flags: &Flags, seen: &mut Seen) -> anyhow::Result<(Scope, StageEnv)> {
    let read = |secrets| {
        let scope = flags.resolve(context)?;
        let env = scope.env.load(context, secrets)?;
        Ok((scope, env))
    };
    let mut attempts = 0;
    let loaded = loop {
        seen.note()?;
        let loaded: anyhow::Result<_> = read(Secrets::IfThere);
        attempts += 1;
        if seen.holds() || attempts == ATTEMPTS {
            break loaded;
        }
    };
    match loaded {
        Ok((_, env)) if env.settings().any(|setting| env.makes(setting)) => read(Secrets::Needed),
        loaded => loaded,
    }
}

/// The names of what changes, without values.
fn summary(news: &Handover, process: &BTreeMap<String, String>) -> Option<String> {
    let set = || news.set.keys().filter(|name| *name != SHELL_VARS);
    let list = |sign: &str, names: Vec<&String>| -> Vec<String> {
        names.into_iter().map(|name| format!("{sign}{name}")).collect()
    };
    let parts = [
        list("", set().filter(|name| process.contains_key(*name)).collect()),
        list("+", set().filter(|name| !process.contains_key(*name)).collect()),
        list("-", news.unset.iter().collect()),
    ]
    .concat();
    (!parts.is_empty()).then(|| format!("reloaded: {}", parts.join(" ")))
}

/// A line that appears on a terminal if it takes long, and goes when it is dropped.
struct Hourglass {
    done: Option<mpsc::Sender<()>>,
    shown: Option<thread::JoinHandle<()>>,
}

impl Hourglass {
    fn start(text: &'static str) -> Self {
        if !io::stderr().is_terminal() {
            return Self {
                done: None,
                shown: None,
            };
        }
        let (done, wait) = mpsc::channel::<()>();
        let shown = thread::spawn(move || {
            if wait.recv_timeout(SILENT) == Err(mpsc::RecvTimeoutError::Timeout) {
                let mut terminal = io::stderr();
                let _ = write!(terminal, "{text}").and_then(|()| terminal.flush());
                let _ = wait.recv();
                let _ = write!(terminal, "\r\x1b[K").and_then(|()| terminal.flush());
            }
        });
        Self {
            done: Some(done),
            shown: Some(shown),
        }
    }
}

impl Drop for Hourglass {
    fn drop(&mut self) {
        drop(self.done.take());
        if let Some(shown) = self.shown.take() {
            // It only prints; if it could not, there is nothing to clean up.
            let _ = shown.join();
        }
    }
}
