//! The runner of external programs: what a call is, how it is shown without its secrets, and the ways to run one.
//!
//! Whatever runs is written to the stage's `logs/calls.log`, one line each. A program that still runs when its caller
//! gives up (Ctrl-C, an error of a neighbour) is killed.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fmt,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
};

use anyhow::Context as _;
use config::Secret;
use nix::sys::signal::Signal;
use std::os::unix::process::ExitStatusExt as _;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader},
    process::{Child, Command},
};

use super::{calls::CallLog, quote::quote};
use crate::outcome::{Exit, Failure};

/// How many of the last lines of a failed program an error shows.
const SHOWN_LINES: usize = 15;

/// One call of an external program. `Display` is the line for a shell that does the same, with secrets masked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    program: PathBuf,
    args: Vec<OsString>,
    folder: Option<PathBuf>,
    env: BTreeMap<String, Variable>,
    stdin: Vec<u8>,
}

/// What a call changes about a variable of the environment that it inherits.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Variable {
    Plain(String),
    Masked(Secret),
    Unset,
}

/// How a call ended that was allowed to fail.
#[derive(Debug)]
pub(crate) struct Captured {
    pub(crate) status: ExitStatus,
    /// Bytes that are not UTF-8 are replaced.
    pub(crate) stdout: String,
    /// As `stdout`.
    pub(crate) stderr: String,
}

/// Which of a program's outputs a line came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    Stdout,
    Stderr,
}

impl Call {
    /// A call of a program: a path, or a name that is looked up on `PATH`. Without arguments, in the current folder.
    pub(crate) fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            folder: None,
            env: BTreeMap::new(),
            stdin: Vec::new(),
        }
    }

    /// Adds an argument. Never a secret: everybody on the machine may read arguments.
    #[must_use]
    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub(crate) fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args
            .extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// The folder that it runs in.
    #[must_use]
    pub(crate) fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Sets a variable on top of the inherited environment.
    #[must_use]
    pub(crate) fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.insert(name.into(), Variable::Plain(value.into()));
        self
    }

    /// Sets a variable whose value is never shown.
    #[must_use]
    pub(crate) fn secret_env(mut self, name: impl Into<String>, value: Secret) -> Self {
        self.env.insert(name.into(), Variable::Masked(value));
        self
    }

    /// Takes a variable out of the inherited environment.
    #[must_use]
    pub(crate) fn without_env(mut self, name: impl Into<String>) -> Self {
        self.env.insert(name.into(), Variable::Unset);
        self
    }

    /// What it reads from standard input; nothing by default. It is never shown.
    #[must_use]
    pub(crate) fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// The program's own name.
    pub(crate) fn name(&self) -> String {
        let name = self.program.file_name().unwrap_or(self.program.as_os_str());
        name.to_string_lossy().into_owned()
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.args).kill_on_drop(true);
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        for (name, variable) in &self.env {
            match variable {
                Variable::Plain(value) => command.env(name, value),
                Variable::Masked(value) => command.env(name, value.expose()),
                Variable::Unset => command.env_remove(name),
            };
        }
        command
    }

    fn spawn(&self, command: &mut Command) -> anyhow::Result<Child> {
        command.spawn().map_err(|error| {
            let failure = Failure::failed(format!("cannot start {}", self.name()));
            match error.kind() {
                std::io::ErrorKind::NotFound => failure
                    .because(format!("there is no program {}", self.program.display()))
                    .advise(format!("install {} or put it on PATH", self.name())),
                _ => failure.because(error.to_string()),
            }
            .into()
        })
    }

    /// The error of a call that ended with a code other than 0.
    pub(crate) fn failed(&self, captured: &Captured) -> Failure {
        let output = if captured.stderr.trim().is_empty() {
            &captured.stdout
        } else {
            &captured.stderr
        };
        let lines: Vec<&str> = output.trim().lines().collect();
        let last = lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n");
        let ended = describe(captured.status);
        Failure::failed(format!("`{self}` failed")).because(if last.is_empty() {
            format!("it ended with {ended} and said nothing")
        } else {
            format!("it ended with {ended}:\n{last}")
        })
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(folder) = &self.folder {
            write!(f, "cd {} && ", quote(folder.as_os_str()))?;
        }
        let unset: Vec<&String> = self
            .env
            .iter()
            .filter_map(|(name, variable)| (*variable == Variable::Unset).then_some(name))
            .collect();
        if !unset.is_empty() {
            f.write_str("env ")?;
        }
        for name in unset {
            write!(f, "-u {name} ")?;
        }
        for (name, variable) in &self.env {
            match variable {
                Variable::Plain(value) => write!(f, "{name}={} ", quote(value.as_ref()))?,
                Variable::Masked(secret) => write!(f, "{name}={secret} ")?,
                Variable::Unset => {}
            }
        }
        write!(f, "{}", quote(self.name().as_ref()))?;
        for arg in &self.args {
            write!(f, " {}", quote(arg))?;
        }
        if !self.stdin.is_empty() {
            write!(f, "  # reads {} bytes from standard input", self.stdin.len())?;
        }
        Ok(())
    }
}

impl Captured {
    /// Whether the program ended with code 0.
    pub(crate) fn is_ok(&self) -> bool {
        self.status.success()
    }
}

/// Runs calls and writes each to a log.
#[derive(Clone, Debug)]
pub(crate) struct Runner {
    log: CallLog,
}

impl Runner {
    /// A runner whose log lies in a stage's folder, which is made when the first call ends.
    pub(crate) fn new(stage_folder: &Path) -> Self {
        Self {
            log: CallLog::new(stage_folder.join("logs/calls.log")),
        }
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
                        if last.len() == SHOWN_LINES {
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
    /// Ctrl-C goes to the program alone, which decides what that means.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) async fn hand_over(&self, call: &Call) -> anyhow::Result<Exit> {
        let interrupt = tokio::signal::unix::SignalKind::interrupt();
        let _ours = tokio::signal::unix::signal(interrupt).context("cannot listen to signals")?;
        let entry = self.log.begin(call);
        let mut child = call.spawn(&mut call.command())?;
        let status = child.wait().await.context("cannot wait for the program")?;
        entry.end(&describe(status));
        Ok(match code(status) {
            0 => Exit::Done,
            code => Exit::Of(code),
        })
    }

    /// Runs both, with the standard output of the first as the standard input of the second.
    ///
    /// # Errors
    /// When one cannot be started or ends with another code than 0: the second's error if both do, for it says why the
    /// first could not go on.
    pub(crate) async fn run_piped(&self, from: &Call, to: &Call) -> anyhow::Result<()> {
        let (source, sink) = (self.log.begin(from), self.log.begin(to));
        let mut command = from.command();
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut giver = from.spawn(&mut command)?;
        let pipe = giver.stdout.take().context("the program has no output")?;
        let pipe: Stdio = pipe.try_into().context("cannot join the two programs")?;
        let mut command = to.command();
        command.stdin(pipe).stdout(Stdio::piped()).stderr(Stdio::piped());
        let taker = to.spawn(&mut command)?;
        // The command holds this side's end of the pipe: the first must notice when the second is gone.
        drop(command);
        let (given, taken) = tokio::join!(giver.wait_with_output(), taker.wait_with_output());
        let (given, taken) = (
            given.context("cannot wait for the program")?,
            taken.context("cannot wait for the program")?,
        );
        source.end(&describe(given.status));
        sink.end(&describe(taken.status));
        for (call, output) in [(to, taken), (from, given)] {
            let captured = Captured {
                status: output.status,
                stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
                stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            };
            if !captured.is_ok() {
                return Err(call.failed(&captured).into());
            }
        }
        Ok(())
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
        let entry = self.log.begin(call);
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
        entry.end(&describe(status));
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

fn describe(status: ExitStatus) -> String {
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

    #[test]
    fn a_call_reads_as_a_line_for_a_shell_without_its_secrets() {
        let call = Call::new("/cache/tools/helm")
            .args(["upgrade", "--set", "a b"])
            .folder("/x y")
            .env("HELM_DEBUG", "1")
            .secret_env("PASSWORD", "hunter2".into())
            .without_env("KUBECONFIG")
            .stdin("config");
        assert_eq!(
            call.to_string(),
            "cd '/x y' && env -u KUBECONFIG HELM_DEBUG=1 PASSWORD=•••••• helm upgrade --set 'a b'  \
             # reads 6 bytes from standard input"
        );
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
    async fn bytes_flow_from_one_program_into_the_next() {
        let stage = Stage::new();
        let target = stage.folder.path().join("taken");
        let taker = Call::new("sh").args(["-c", "cat > \"$0\""]).arg(&target);
        stage
            .runner()
            .run_piped(&sh("head -c 3000000 /dev/zero"), &taker)
            .await
            .unwrap();
        assert_eq!(std::fs::metadata(&target).unwrap().len(), 3_000_000);
        // The first would never end by itself: it notices that nobody reads.
        let error = stage
            .runner()
            .run_piped(&sh("exec cat /dev/zero"), &sh("echo 'no space' >&2; exit 1"))
            .await
            .unwrap_err();
        assert!(format!("{error:?}").contains("no space"), "{error:?}");
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
