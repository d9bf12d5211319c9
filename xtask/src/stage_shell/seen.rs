//! What a shell has seen of its files, in a form that every shell compares without starting a process.
//!
//! For each watched file there is an empty file with the same time of change, to the nanosecond, or none if there is none.
//! `file -nt seen` or `file -ot seen` then tells that the file was written, replaced, restored, added or removed. Two
//! writes within one tick of the file system's clock have the same time, so a file is not read before its tick is over;
//! where the clock ticks in seconds, its time is not believed and the next prompt looks again.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::Context as _;

use crate::context::private_folder;

/// Kernels keep the time of a change to one tick of their clock: 10 ms at most.
const TICK: Duration = Duration::from_millis(20);

/// Some file systems keep whole or even seconds.
const COARSE_TICK: Duration = Duration::from_secs(2);

/// The watched files of one shell.
#[derive(Debug)]
pub(crate) struct Seen {
    folder: PathBuf,
    files: Vec<PathBuf>,
    /// When each file was changed, as it was noted last.
    times: Vec<Option<SystemTime>>,
}

impl Seen {
    /// The files of the shell with this folder.
    pub(crate) fn new(session: &Path, files: Vec<PathBuf>) -> Self {
        Self {
            folder: session.join("seen"),
            files,
            times: Vec::new(),
        }
    }

    /// Notes how the files are now. Read them after that: what changes in between is noticed at the next prompt.
    ///
    /// # Errors
    /// When the session's folder cannot be written.
    pub(crate) fn note(&mut self) -> anyhow::Result<()> {
        private_folder(&self.folder)?;
        let mut wait = Duration::ZERO;
        self.times = self.now();
        for (index, &changed) in self.times.iter().enumerate() {
            let (believed, patience) = match changed {
                Some(time) => believe(time, SystemTime::now()),
                None => (None, Duration::ZERO),
            };
            wait = wait.max(patience);
            let seen = self.folder.join(index.to_string());
            set(&seen, changed.map(|_| believed.unwrap_or(UNIX_EPOCH)))
                .with_context(|| format!("cannot write {}", seen.display()))?;
        }
        thread::sleep(wait);
        Ok(())
    }

    /// Whether the files are still as they were noted: nobody is just writing one.
    pub(crate) fn holds(&self) -> bool {
        self.times == self.now()
    }

    fn now(&self) -> Vec<Option<SystemTime>> {
        let changed = |file: &PathBuf| fs::metadata(file).and_then(|metadata| metadata.modified()).ok();
        self.files.iter().map(changed).collect()
    }
}

/// The time to note, unless it cannot be believed, and how long to wait until it can.
fn believe(changed: SystemTime, now: SystemTime) -> (Option<SystemTime>, Duration) {
    let age = now
        .duration_since(changed)
        .unwrap_or_else(|ahead| ahead.duration());
    let coarse = changed
        .duration_since(UNIX_EPOCH)
        .is_ok_and(|time| time.subsec_nanos() == 0);
    if coarse && age < COARSE_TICK {
        (None, Duration::ZERO)
    } else {
        (Some(changed), TICK.saturating_sub(age))
    }
}

fn set(seen: &Path, time: Option<SystemTime>) -> io::Result<()> {
    match time {
        Some(time) => File::create(seen)?.set_modified(time),
        None => match fs::remove_file(seen) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        },
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn time(seconds: u64, nanoseconds: u32) -> SystemTime {
        UNIX_EPOCH + Duration::new(seconds, nanoseconds)
    }

    #[test]
    fn a_time_is_believed_once_its_tick_is_over() {
        let fine = time(100, 5_000_000);
        assert_eq!(
            believe(fine, time(100, 9_000_000)),
            (Some(fine), Duration::from_millis(16))
        );
        assert_eq!(believe(fine, time(100, 25_000_000)), (Some(fine), Duration::ZERO));
        let coarse = time(100, 0);
        assert_eq!(believe(coarse, time(101, 0)), (None, Duration::ZERO));
        assert_eq!(believe(coarse, time(102, 0)), (Some(coarse), Duration::ZERO));
    }

    #[test]
    fn what_is_seen_has_the_time_of_the_file_and_goes_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("local.yaml");
        let mut seen = Seen::new(
            folder.path(),
            vec![file.clone(), folder.path().join("native.yaml")],
        );
        File::create(&file)
            .unwrap()
            .set_modified(time(1_700_000_000, 7))
            .unwrap();
        seen.note().unwrap();
        let noted = folder.path().join("seen/0");
        assert_eq!(
            fs::metadata(&noted).unwrap().modified().unwrap(),
            time(1_700_000_000, 7)
        );
        assert!(!folder.path().join("seen/1").exists());
        fs::remove_file(&file).unwrap();
        assert!(!seen.holds());
        seen.note().unwrap();
        assert!(seen.holds() && !noted.exists());
    }
}
