//! `logs/calls.log` of a stage: which external programs ran, when, how long, and how they ended.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    time::Instant,
};

use jiff::{Timestamp, Unit};

use super::runner::Call;
use crate::context::private_folder;

/// Beyond this size the log begins anew; the old one stays beside it as `calls.log.1`.
const LARGEST: u64 = 1 << 20;

/// Where the lines go.
#[derive(Clone, Debug)]
pub(super) struct CallLog {
    path: PathBuf,
}

/// A call that runs. Dropped before its end, it is written as given up.
pub(super) struct Entry<'a> {
    log: &'a CallLog,
    line: String,
    at: Timestamp,
    since: Instant,
    ended: bool,
}

impl CallLog {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub(super) fn begin(&self, call: &Call) -> Entry<'_> {
        Entry {
            log: self,
            line: call.to_string(),
            at: Timestamp::now(),
            since: Instant::now(),
            ended: false,
        }
    }

    /// A log that cannot be written (a full disk, a folder that is gone) must not keep a command from its work.
    fn write(&self, line: &str) {
        let write = || -> anyhow::Result<()> {
            private_folder(self.path.parent().unwrap_or(Path::new(".")))?;
            if fs::metadata(&self.path).is_ok_and(|file| file.len() > LARGEST) {
                fs::rename(&self.path, self.path.with_extension("log.1"))?;
            }
            let mut file = File::options().append(true).create(true).open(&self.path)?;
            file.write_all(line.as_bytes())?;
            Ok(())
        };
        let _ = write();
    }
}

impl Entry<'_> {
    pub(super) fn end(mut self, how: &str) {
        self.close(how);
    }

    fn close(&mut self, how: &str) {
        self.ended = true;
        let at = self.at.round(Unit::Second).unwrap_or(self.at);
        let took = self.since.elapsed().as_secs_f64();
        self.log
            .write(&format!("{at} {took:>7.2} s  {how:<12}  {}\n", self.line));
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.close("given up");
        }
    }
}
