//! What a call of an external program is, and how it is shown without its secrets.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fmt,
    path::PathBuf,
    process::ExitStatus,
};

use config::Secret;
use tokio::process::{Child, Command};

use super::{quote::quote, runner::describe};
use crate::outcome::Failure;

/// How many lines of a failed program an error shows.
const SHOWN_LINES: usize = 15;

/// How many of the last lines of a program are kept while it runs, to find those.
pub(super) const KEPT_LINES: usize = 1000;

/// One call of an external program. `Display` is the line for a shell that does the same, with secrets masked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    program: PathBuf,
    args: Vec<Argument>,
    folder: Option<PathBuf>,
    env: BTreeMap<String, Variable>,
    pub(super) stdin: Vec<u8>,
}

/// A file that is part of the program, as `included!` gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Included {
    pub(crate) path: &'static str,
    pub(crate) text: &'static str,
}

/// A file below `src` as an [`Included`](crate::tools::runner::Included).
macro_rules! included {
    ($path:literal) => {
        $crate::tools::runner::Included {
            path: concat!(env!("CARGO_MANIFEST_DIR"), "/src/", $path),
            text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/", $path)),
        }
    };
}
pub(crate) use included;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Argument {
    Word(OsString),
    Text(Included),
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
        self.args.push(Argument::Word(arg.as_ref().to_owned()));
        self
    }

    /// Adds the text of a file as one argument. It is shown by the file's path.
    #[must_use]
    pub(crate) fn text(mut self, file: Included) -> Self {
        self.args.push(Argument::Text(file));
        self
    }

    /// Adds arguments.
    #[must_use]
    pub(crate) fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        let words = args
            .into_iter()
            .map(|arg| Argument::Word(arg.as_ref().to_owned()));
        self.args.extend(words);
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

    /// The process to be.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.kill_on_drop(true);
        for arg in &self.args {
            match arg {
                Argument::Word(word) => command.arg(word),
                Argument::Text(file) => command.arg(file.text),
            };
        }
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

    /// Starts the process.
    ///
    /// # Errors
    /// When there is no such program, or the system refuses.
    pub(super) fn spawn(&self, command: &mut Command) -> anyhow::Result<Child> {
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
        let last = telling(output);
        let ended = describe(captured.status);
        Failure::failed(format!("`{self}` failed")).because(if last.is_empty() {
            format!("it ended with {ended} and said nothing")
        } else {
            format!("it ended with {ended}:\n{last}")
        })
    }
}

/// The lines that say why a program failed: from the first that begins as errors do, a few more, and all such lines below,
/// for stack traces and usage may follow them; else the last ones.
fn telling(output: &str) -> String {
    let lines: Vec<&str> = output.trim().lines().collect();
    let is_error = |line: &&str| {
        let line = line.trim_start().to_lowercase();
        line.starts_with("error") || line.starts_with("[error") || line.starts_with("fatal")
    };
    let Some(first) = lines.iter().position(is_error) else {
        return lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n");
    };
    let below = lines.len().min(first + SHOWN_LINES / 2);
    let later = lines[below..].iter().copied().filter(is_error);
    let told: Vec<&str> = lines[first..below].iter().copied().chain(later).collect();
    told[..told.len().min(SHOWN_LINES)].join("\n")
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
            match arg {
                Argument::Word(word) => write!(f, " {}", quote(word))?,
                Argument::Text(file) => write!(f, " \"$(cat {})\"", quote(file.path.as_ref()))?,
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_reads_as_a_line_for_a_shell_without_its_secrets() {
        let call = Call::new("/cache/tools/helm")
            .args(["upgrade", "--set", "a b"])
            .text(Included {
                path: "/a b.sh",
                text: "echo a",
            })
            .folder("/x y")
            .env("HELM_DEBUG", "1")
            .secret_env("PASSWORD", "hunter2".into())
            .without_env("KUBECONFIG")
            .stdin("config");
        assert_eq!(
            call.to_string(),
            "cd '/x y' && env -u KUBECONFIG HELM_DEBUG=1 PASSWORD=•••••• helm upgrade --set 'a b' \"$(cat '/a b.sh')\"  \
             # reads 6 bytes from standard input"
        );
    }

    #[test]
    fn errors_are_shown_with_what_belongs_to_them_and_without_the_stack_below() {
        let helm = "Error: values do not fit the schema:\n- at '/replica': not allowed\n";
        assert_eq!(telling(&format!("I wrote a cache\n{helm}")), helm.trim());
        let stack = "goroutine 1\n".repeat(40);
        let kind =
            format!("I1125 x\nERROR: no cluster\n{stack}error: error execution phase kubelet\n{stack}");
        let told = telling(&kind);
        assert!(told.starts_with("ERROR: no cluster\n"), "{told}");
        assert!(told.ends_with("\nerror: error execution phase kubelet"), "{told}");
        assert_eq!(told.lines().count(), SHOWN_LINES / 2 + 1);
        let numbers: Vec<String> = (0..40).map(|number| number.to_string()).collect();
        assert_eq!(telling(&numbers.join("\n")), numbers[25..].join("\n"));
    }
}
