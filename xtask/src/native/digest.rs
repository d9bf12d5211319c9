//! Why a run ended although nobody asked: the app, how it ended, its last words, and where to look.

use std::{os::unix::process::ExitStatusExt, path::Path, process::ExitStatus, time::Duration};

use nix::sys::signal::Signal;

use crate::outcome::Failure;

/// What happened to an app.
#[derive(Debug)]
pub(crate) enum Cause {
    /// Its process ended.
    Ended { status: ExitStatus, was_ready: bool },
    /// It did not become ready in this time; the last thing that it said about it.
    NotReady { after: Duration, last: String },
}

/// The error for a run that was ended by one of its apps.
pub(crate) fn digest(app: &str, cause: &Cause, last_lines: &[String], log: &Path) -> Failure {
    let (what, mut because) = match cause {
        Cause::Ended {
            status,
            was_ready: true,
        } => (format!("{app} ended while it ran"), how(*status)),
        Cause::Ended {
            status,
            was_ready: false,
        } => (format!("{app} ended before it was ready"), how(*status)),
        Cause::NotReady { after, last } => (
            format!("{app} did not become ready"),
            format!("after {} s, {last}", after.as_secs()),
        ),
    };
    if last_lines.is_empty() {
        because.push_str("\nit printed nothing");
    } else {
        because.push_str("\nits last lines:");
        for line in last_lines {
            because.push_str("\n  ");
            because.push_str(line);
        }
    }
    Failure::failed(format!("{what}; everything else was stopped"))
        .because(because)
        .advise(format!(
            "correct what the lines above name; the whole log is {}",
            log.display()
        ))
}

fn how(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("it ended with exit code {code}"),
        (None, Some(libc_signal)) => {
            let name = Signal::try_from(libc_signal).map_or("an unknown signal", Signal::as_str);
            let hint = if name == "SIGKILL" {
                ": somebody, or the system for want of memory, killed it"
            } else {
                ""
            };
            format!("it was ended by {name}{hint}")
        }
        (None, None) => "it ended in an unknown way".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_shows_the_code_the_last_lines_and_the_file() {
        let cause = Cause::Ended {
            status: ExitStatus::from_raw(3 << 8),
            was_ready: false,
        };
        let lines = ["starting".to_owned(), "cannot open the database".to_owned()];
        insta::assert_debug_snapshot!(digest("photos", &cause, &lines, Path::new("logs/photos.log")));
    }

    #[test]
    fn a_signal_is_named() {
        assert_eq!(how(ExitStatus::from_raw(6)), "it was ended by SIGABRT");
        assert!(how(ExitStatus::from_raw(9)).contains("want of memory"));
    }
}
