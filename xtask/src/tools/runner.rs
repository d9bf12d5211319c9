//! The runner of external programs: the ways to run a call.
//!
//! Whatever runs is written to the stage's `logs/calls.log`, one line each. A program that still runs when its caller
//! gives up (Ctrl-C, an error of a neighbour) is killed.

use std::{
    os::unix::process::ExitStatusExt as _,
    path::Path,
    process::{ExitStatus, Stdio},
};

use anyhow::Context as _;
use nix::{
    sys::signal::{self, Signal},
    unistd::Pid,
};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};

use super::{
    call::KEPT_LINES,
    calls::{CallLog, Entry},
};
use crate::{outcome::Exit, signals::Signals};

pub(crate) use super::call::{Call, Captured, Included, included};

/// Which of a program's outputs a line came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    Stdout,
    Stderr,
}

/// Runs calls and writes each to a log.
#[derive(Clone, Debug)]
pub(crate) struct Runner {
    log: Option<CallLog>,
}

impl Runner {
    /// A runner whose log lies in a stage's folder, which is made when the first call ends.
    pub(crate) fn new(stage_folder: &Path) -> Self {
        Self {
            log: Some(CallLog::new(stage_folder.join("logs/calls.log"))),
        }
    }

    /// A runner that writes nothing: for looks of a plan, which has no effects.
    pub(crate) fn silent() -> Self {
        Self { log: None }
    }

    pub(super) fn begin(&self, call: &Call) -> Option<Entry<'_>> {
        self.log.as_ref().map(|log| log.begin(call))
    }

    /// Runs it and gives what it printed to standard output.
    ///
    /// # Errors
    /// When it cannot be started or ends with another code than 0: its last lines are in the error.
    pub(crate) async fn run(&self, call: &Call) -> anyhow::Result<String> {
        let captured = self.capture(call).await?;
        if captured.is_ok() {
            Ok(captured.stdout)
        } else {
            Err(call.failed(&captured).into())
        }
    }

    /// Runs it and gives all that it printed, however it ended.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) async fn capture(&self, call: &Call) -> anyhow::Result<Captured> {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let status = self
            .pipe(call, async |out, err| {
                // A program that closes its outputs in an odd way still has an exit code that counts.
                let _ = tokio::join!(out.read_to_end(&mut stdout), err.read_to_end(&mut stderr));
            })
            .await?;
        Ok(Captured {
            status,
            stdout: String::from_utf8_lossy(&stdout).into_owned(),
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
        })
    }

    /// Runs it and hands over every line of both outputs as it comes.
    ///
    /// # Errors
    /// When it cannot be started or ends with another code than 0: its last lines are in the error.
    pub(crate) async fn stream(&self, call: &Call, mut line: impl FnMut(Output, &str)) -> anyhow::Result<()> {
        let mut last: Vec<String> = Vec::new();
        let status = self
            .pipe(call, async |out, err| {
                let (mut out, mut err) = (Lines::of(out), Lines::of(err));
                while !(out.ended && err.ended) {
                    let (from, text) = tokio::select! {
                        text = out.next(), if !out.ended => (Output::Stdout, text),
                        text = err.next(), if !err.ended => (Output::Stderr, text),
                    };
                    if let Some(text) = text {
                        line(from, &text);
                        if last.len() == KEPT_LINES {
                            last.remove(0);
                        }
                        last.push(text);
                    }
                }
            })
            .await?;
        if status.success() {
            return Ok(());
        }
        let captured = Captured {
            status,
            stdout: String::new(),
            stderr: last.join("\n"),
        };
        Err(call.failed(&captured).into())
    }

    /// Lets it have the terminal, and gives its exit code: 128 and the number of the signal that ended it.
    ///
    /// Signals are the program's, which decides what they mean: Ctrl-C reaches it by itself, and a request to end is passed on.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) async fn hand_over(&self, call: &Call) -> anyhow::Result<Exit> {
        let mut signals = Signals::listen().context("cannot listen to signals")?;
        let entry = self.begin(call);
        let mut child = call.spawn(&mut call.command())?;
        let status = loop {
            tokio::select! {
                status = child.wait() => break status.context("cannot wait for the program")?,
                signal = signals.next() => if let (Exit::Done, Some(pid)) = (signal, child.id()) {
                    // It may be gone.
                    let _ = signal::kill(Pid::from_raw(pid.cast_signed()), Signal::SIGTERM);
                },
            }
        };
        end(entry, status);
        Ok(match code(status) {
            0 => Exit::Done,
            code => Exit::Of(code),
        })
    }

    /// Runs it while `read` takes its outputs, and gives its standard input beside that.
    async fn pipe(
        &self,
        call: &Call,
        read: impl AsyncFnOnce(&mut tokio::process::ChildStdout, &mut tokio::process::ChildStderr),
    ) -> anyhow::Result<ExitStatus> {
        let mut command = call.command();
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.stdin(if call.stdin.is_empty() {
            Stdio::null()
        } else {
            Stdio::piped()
        });
        let entry = self.begin(call);
        let mut child = call.spawn(&mut command)?;
        let input = child.stdin.take();
        let mut out = child.stdout.take().context("the program has no output")?;
        let mut err = child.stderr.take().context("the program has no error output")?;
        let write = async {
            if let Some(mut input) = input {
                // A program that does not read to the end says by its exit code whether that is a fault.
                let _ = input.write_all(&call.stdin).await;
            }
        };
        tokio::join!(write, read(&mut out, &mut err));
        let status = child.wait().await.context("cannot wait for the program")?;
        end(entry, status);
        Ok(status)
    }
}

/// The lines of one output, with bytes that are not UTF-8 replaced.
struct Lines<R> {
    reader: BufReader<R>,
    partial: Vec<u8>,
    ended: bool,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    fn of(output: R) -> Self {
        Self {
            reader: BufReader::new(output),
            partial: Vec::new(),
            ended: false,
        }
    }

    /// The next line; it may be dropped while it waits without losing anything.
    async fn next(&mut self) -> Option<String> {
        let read = self.reader.read_until(b'\n', &mut self.partial).await;
        if !read.is_ok_and(|read| read > 0) {
            self.ended = true;
            if self.partial.is_empty() {
                return None;
            }
        }
        let line = String::from_utf8_lossy(&std::mem::take(&mut self.partial)).into_owned();
        Some(line.trim_end_matches(['\n', '\r']).to_owned())
    }
}

pub(super) fn end(entry: Option<Entry<'_>>, status: ExitStatus) {
    if let Some(entry) = entry {
        entry.end(&describe(status));
    }
}

/// How a process ended, in words.
pub(super) fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal().map(Signal::try_from)) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(Ok(signal))) => signal.as_str().to_owned(),
        (None, _) => "an unknown signal".to_owned(),
    }
}

fn code(status: ExitStatus) -> u8 {
    let number = status.code().or_else(|| Some(128 + status.signal()?));
    number.and_then(|number| u8::try_from(number).ok()).unwrap_or(1)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use crate::outcome::Failure;

    struct Stage {
        folder: tempfile::TempDir,
    }

    impl Stage {
        fn new() -> Self {
            Self {
                folder: tempfile::tempdir().unwrap(),
            }
        }

        fn runner(&self) -> Runner {
            Runner::new(self.folder.path())
        }

        fn log(&self) -> String {
            std::fs::read_to_string(self.folder.path().join("logs/calls.log")).unwrap()
        }
    }

    fn sh(script: &str) -> Call {
        Call::new("sh").args(["-c", script])
    }

    #[tokio::test]
    async fn what_ran_is_in_the_log_and_no_secret_is() {
        let stage = Stage::new();
        let call = sh("cat; printf %s \"$WORD\"; printf %s \"$GONE\"")
            .stdin("in ")
            .secret_env("WORD", "hunter2".into())
            .env("GONE", "x")
            .without_env("GONE");
        assert_eq!(stage.runner().run(&call).await.unwrap(), "in hunter2");
        let log = stage.log();
        assert!(log.contains(" s  exit code 0 "), "{log}");
        assert!(log.contains("WORD=••••••") && !log.contains("hunter2"), "{log}");
    }

    #[tokio::test]
    async fn a_failed_program_is_shown_with_its_last_words() {
        let stage = Stage::new();
        let call = sh("echo 'disk is full' >&2; exit 7");
        let error = stage.runner().run(&call).await.unwrap_err();
        let text = format!("{:?}", error.downcast_ref::<Failure>().unwrap());
        assert!(
            text.contains("exit code 7") && text.contains("disk is full"),
            "{text}"
        );
        let mut seen = Vec::new();
        let streamed = stage
            .runner()
            .stream(&call, |from, line| seen.push((from, line.to_owned())))
            .await;
        assert!(streamed.is_err());
        assert_eq!(seen, [(Output::Stderr, "disk is full".to_owned())]);
    }

    #[tokio::test]
    async fn a_missing_program_is_named() {
        let error = Stage::new()
            .runner()
            .capture(&Call::new("no-such-program"))
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), "cannot start no-such-program");
    }

    #[tokio::test]
    async fn a_program_that_is_handed_over_gives_its_exit_code() {
        let stage = Stage::new();
        let runner = stage.runner();
        assert_eq!(runner.hand_over(&sh("exit 5")).await.unwrap(), Exit::Of(5));
        assert_eq!(runner.hand_over(&sh("kill -9 $$")).await.unwrap(), Exit::Of(137));
        assert_eq!(runner.hand_over(&sh("true")).await.unwrap(), Exit::Done);
    }

    #[tokio::test]
    async fn who_gives_up_kills_what_runs() {
        let stage = Stage::new();
        let pid_file = stage.folder.path().join("pid");
        let call = Call::new("sh")
            .args(["-c", "echo $$ > \"$0\"; exec sleep 600"])
            .arg(&pid_file);
        let runner = stage.runner();
        let started = async {
            loop {
                let pid = std::fs::read_to_string(&pid_file).unwrap_or_default();
                if let Ok(pid) = pid.trim().parse::<u32>() {
                    return pid;
                }
                tokio::task::yield_now().await;
            }
        };
        let pid = tokio::select! {
            _ = runner.capture(&call) => panic!("it ended by itself"),
            pid = started => pid,
        };
        while crate::native::process::Identity::of(pid).is_some() {
            tokio::task::yield_now().await;
        }
        assert!(stage.log().contains("given up"));
    }
}
