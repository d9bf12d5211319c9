//! Processes by id: start one that cannot outlive us, know it again, and end it.

use std::{ffi::OsStr, fs, os::unix::fs::PermissionsExt, path::Path, process::Stdio, time::Duration};

use anyhow::Context as _;
use nix::{
    errno::Errno,
    sys::signal::{self, Signal},
    unistd::Pid,
};
use serde::{Deserialize, Serialize};
use tokio::{
    process::{Child, Command},
    time::{Instant, sleep},
};

/// A process that is known again although ids are given out anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    /// The process id.
    pub(crate) pid: u32,
    /// When it started, in the kernel's clock ticks since boot; 0 where the system does not tell.
    pub(crate) started: u64,
}

impl Identity {
    /// The process that has this id now, if there is one.
    pub(crate) fn of(pid: u32) -> Option<Self> {
        signal::kill(nix_pid(pid)?, None)
            .or_else(|error| if error == Errno::EPERM { Ok(()) } else { Err(error) })
            .ok()?;
        let started = match fs::read_to_string(format!("/proc/{pid}/stat")) {
            Ok(stat) => started_at(&stat)?,
            Err(_) => 0,
        };
        Some(Self { pid, started })
    }

    /// Whether this very process still runs.
    pub(crate) fn is_alive(self) -> bool {
        Self::of(self.pid) == Some(self)
    }

    /// Sends the signal if this very process still runs.
    pub(crate) fn send(self, signal: Signal) {
        if let (true, Some(pid)) = (self.is_alive(), nix_pid(self.pid)) {
            // It may end in between: then there is nothing left to do.
            let _ = signal::kill(pid, signal);
        }
    }

    /// Asks the process to end, waits for `patience`, and kills it if it is still there.
    pub(crate) async fn end(self, patience: Duration) {
        self.send(Signal::SIGTERM);
        if !self.gone_within(patience).await {
            self.send(Signal::SIGKILL);
            self.gone_within(Duration::from_secs(5)).await;
        }
    }

    /// Whether the process is gone before `patience` is over.
    pub(crate) async fn gone_within(self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        while self.is_alive() {
            if Instant::now() >= deadline {
                return false;
            }
            sleep(Duration::from_millis(20)).await;
        }
        true
    }
}

fn nix_pid(pid: u32) -> Option<Pid> {
    i32::try_from(pid).ok().filter(|pid| *pid > 0).map(Pid::from_raw)
}

/// The start time from `/proc/<pid>/stat`, or nothing for a zombie: field 22, counted after the name in parentheses,
/// which may itself hold spaces and parentheses.
fn started_at(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace();
    let state = fields.next()?;
    if matches!(state, "Z" | "X") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

/// A command that runs in a process group of its own and gets the signal when this process ends. It sees no environment
/// but what is added to it. `owner` is the user and the group that it runs as, if not ours.
///
/// Spawn it from the main thread: the kernel ties the child to the thread.
///
/// # Errors
/// When the path of the running program cannot be found.
pub(crate) fn guarded(
    program: &Path,
    owner: Option<(u32, u32)>,
    at_the_end: Signal,
) -> anyhow::Result<Command> {
    // The file of a running program may have been replaced by a new build: this link still opens it.
    let link = Path::new("/proc/self/exe");
    let plasma = if link.exists() {
        link.to_owned()
    } else {
        std::env::current_exe().context("cannot find the running program")?
    };
    let mut command = Command::new(plasma);
    command
        .arg("guard")
        .arg("--parent")
        .arg(std::process::id().to_string());
    command.arg("--signal").arg(at_the_end.as_str());
    if let Some((user, group)) = owner {
        command.arg("--owner").arg(format!("{user}:{group}"));
    }
    command.arg("--").arg(program);
    command
        .env_clear()
        .process_group(0)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    Ok(command)
}

/// The identity of a child that was just started.
pub(crate) fn identity(child: &Child) -> Option<Identity> {
    Identity::of(child.id()?)
}

/// Looks a program up like a shell: the first executable file in the folders of `path`, separated by colons.
pub(crate) fn find_program(name: impl AsRef<OsStr>, path: &str) -> Option<std::path::PathBuf> {
    std::env::split_paths(path)
        .map(|folder| folder.join(name.as_ref()))
        .find(|file| {
            fs::metadata(file).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
        })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_itself_and_no_other_with_its_id() {
        let own = Identity::of(std::process::id()).unwrap();
        assert!(own.is_alive());
        let recycled = Identity {
            started: own.started + 1,
            ..own
        };
        assert!(!recycled.is_alive());
        assert_eq!(Identity::of(0), None);
    }

    #[test]
    fn the_start_time_is_found_behind_an_odd_name() {
        let stat = "12 (a) b (c) S 1 12 12 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 777 9 10";
        assert_eq!(started_at(stat), Some(777));
        assert_eq!(started_at(&stat.replace(" S ", " Z ")), None);
    }

    #[tokio::test]
    async fn ending_waits_until_the_process_is_gone() {
        let mut child = Command::new("sleep").arg("600").spawn().unwrap();
        let sleeper = identity(&child).unwrap();
        let (_, status) = tokio::join!(sleeper.end(Duration::from_secs(10)), child.wait());
        assert!(!status.unwrap().success());
        assert!(!sleeper.is_alive());
    }
}
