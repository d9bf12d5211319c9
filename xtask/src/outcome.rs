//! How a command ends: its exit code, and an error that says what failed, why, and what to do.

use std::{
    fmt,
    io::{self, IsTerminal},
    process::ExitCode,
};

use owo_colors::{OwoColorize, Style};

/// What a command returns: how it ended, or the error that ended it (exit code 1 unless it is a [`Failure`]).
pub(crate) type Outcome = anyhow::Result<Exit>;

/// The exit codes that callers may rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: done.
    Done,
    /// 1: it failed, or (`status`) something is not ready.
    Failed,
    /// 2: the command line or a configuration file is wrong; nothing was started.
    Usage,
    /// 3: a guard refused it; nothing was changed.
    Refused,
    /// 130: Ctrl-C, after everything was stopped.
    Interrupted,
    /// The exit code of another program, handed on.
    Of(u8),
}

impl Exit {
    fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Refused => 3,
            Exit::Interrupted => 130,
            Exit::Of(code) => code,
        }
    }
}

/// An error with its own exit code and a remedy. It may stand anywhere in an `anyhow` chain.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    what: String,
    because: Option<String>,
    advice: Option<String>,
}

impl Failure {
    /// Something that should have worked did not: exit code 1.
    pub(crate) fn failed(what: impl Into<String>) -> Self {
        Self::new(Exit::Failed, what)
    }

    /// The arguments or a configuration file are wrong: exit code 2.
    pub(crate) fn usage(what: impl Into<String>) -> Self {
        Self::new(Exit::Usage, what)
    }

    /// A guard says no: exit code 3.
    pub(crate) fn refused(what: impl Into<String>) -> Self {
        Self::new(Exit::Refused, what)
    }

    /// The person pressed Ctrl-C: exit code 130.
    pub(crate) fn interrupted(what: impl Into<String>) -> Self {
        Self::new(Exit::Interrupted, what)
    }

    /// It ends with a code of its own.
    pub(crate) fn ending(exit: Exit, what: impl Into<String>) -> Self {
        Self::new(exit, what)
    }

    fn new(exit: Exit, what: impl Into<String>) -> Self {
        Self {
            exit,
            what: what.into(),
            because: None,
            advice: None,
        }
    }

    /// Why it happened. May have several lines.
    #[must_use]
    pub(crate) fn because(mut self, why: impl Into<String>) -> Self {
        self.because = Some(why.into());
        self
    }

    /// Why it happened, as far as it was said.
    pub(crate) fn why(&self) -> &str {
        self.because.as_deref().unwrap_or_default()
    }

    /// Whether a guard said no.
    pub(crate) fn is_refusal(&self) -> bool {
        self.exit == Exit::Refused
    }

    /// What the reader can do about it.
    #[must_use]
    pub(crate) fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Failure {}

/// The exit code of a program whose reader went away, as a shell gives it for the signal SIGPIPE.
const NOBODY_READS: i32 = 141;

/// Lets the program end without a word when whoever reads its output has seen enough: `plasma doctor | head -1`. The signal that
/// ends other programs then is ignored in this one, and printing panics instead.
pub(crate) fn end_quietly_when_nobody_reads() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let said = panic.payload_as_str().unwrap_or_default();
        if said.starts_with("failed printing to std") && said.contains("Broken pipe") {
            std::process::exit(NOBODY_READS);
        }
        report(panic);
    }));
}

/// Prints the error, if there is one, to stderr and gives the process its exit code.
pub(crate) fn conclude(outcome: Outcome) -> ExitCode {
    let exit = match outcome {
        Ok(exit) => exit,
        Err(error) => {
            let failure = error.downcast_ref::<Failure>();
            eprint!("{}", describe(&error, failure, colour_on_stderr()));
            failure.map_or(Exit::Failed, |failure| failure.exit)
        }
    };
    ExitCode::from(exit.code())
}

/// What an error says in a table's cell or a report: what failed and why, without what to do.
pub(crate) fn reason(error: &anyhow::Error) -> String {
    let because = error
        .downcast_ref::<Failure>()
        .and_then(|failure| failure.because.as_deref());
    match because {
        Some(because) => format!("{error:#}: {because}"),
        None => format!("{error:#}"),
    }
}

/// What can be done about an error, as far as it says.
pub(crate) fn advice(error: &anyhow::Error) -> Option<&str> {
    error.downcast_ref::<Failure>()?.advice.as_deref()
}

/// The error as [`conclude`] prints it, without colours and without `error:`, for a program that goes on.
pub(crate) fn report(error: &anyhow::Error) -> String {
    let text = describe(error, error.downcast_ref::<Failure>(), false);
    text.trim_start_matches("error: ").trim_end().to_owned()
}

/// Whether what goes to stderr may be coloured: a terminal, and no `NO_COLOR`.
pub(crate) fn colour_on_stderr() -> bool {
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

fn describe(error: &anyhow::Error, failure: Option<&Failure>, colour: bool) -> String {
    let (red, dim) = if colour {
        (Style::new().red().bold(), Style::new().dimmed())
    } else {
        Default::default()
    };
    let mut text = format!("{} {error}\n", "error:".style(red));
    let mut line = |label: &str, words: &str| {
        let words = words.trim_end().replace('\n', "\n           ");
        text.push_str(&format!("  {} {words}\n", format!("{label:>8}").style(dim)));
    };
    for cause in error.chain().skip(1) {
        line("because:", &cause.to_string());
    }
    if let Some(because) = failure.and_then(|failure| failure.because.as_ref()) {
        line("because:", because);
    }
    let advice = failure.and_then(|failure| failure.advice.as_deref());
    if let Some(advice) = advice.or_else(|| remedy(error)) {
        line("do:", advice);
    }
    text
}

/// What to do about an error of the system that may come from everywhere.
fn remedy(error: &anyhow::Error) -> Option<&'static str> {
    let mut causes = error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>());
    let is_full = |cause: &io::Error| {
        matches!(
            cause.kind(),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
        )
    };
    causes
        .any(is_full)
        .then_some("free some space there, and run it again")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn an_error_says_what_why_and_what_to_do() {
        let failure = Failure::refused("hmlet local is already up")
            .because("process 12")
            .advise("cargo xtask down");
        let error = anyhow::Error::from(failure);
        let text = describe(&error, error.downcast_ref(), false);
        assert_eq!(
            text,
            "error: hmlet local is already up\n  because: process 12\n       do: cargo xtask down\n"
        );
        assert_eq!(conclude(Err(error)), ExitCode::from(3));
    }

    #[test]
    fn a_failure_keeps_its_code_under_context() {
        let error = Err::<(), _>(Failure::usage("no such stage"))
            .context("reading the arguments")
            .unwrap_err();
        assert_eq!(
            error.downcast_ref::<Failure>().map(|failure| failure.exit),
            Some(Exit::Usage)
        );
        let text = describe(&error, error.downcast_ref(), false);
        assert_eq!(text, "error: reading the arguments\n  because: no such stage\n");
    }

    #[test]
    fn a_full_disk_is_told_with_what_to_do() {
        let full = io::Error::from(io::ErrorKind::StorageFull);
        let error = Err::<(), _>(full)
            .context("cannot write secrets.yaml")
            .unwrap_err();
        let text = describe(&error, None, false);
        assert!(text.contains("\n       do: free some space there"), "{text}");
    }

    #[test]
    fn any_other_error_is_exit_code_one() {
        assert_eq!(conclude(Err(anyhow::anyhow!("disk on fire"))), ExitCode::from(1));
    }
}
