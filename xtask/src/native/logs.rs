//! What the apps print: shown with the app's name in front, kept in a file, and the last lines remembered.

use std::{
    collections::VecDeque,
    fs::{self, File},
    io::Write,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context as _;
use owo_colors::{AnsiColors, OwoColorize};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

use crate::outcome::colour_on_stderr;

/// How many of an app's last lines a digest shows.
const REMEMBERED: usize = 20;

const COLOURS: [AnsiColors; 5] = [
    AnsiColors::Cyan,
    AnsiColors::Magenta,
    AnsiColors::Yellow,
    AnsiColors::Blue,
    AnsiColors::Green,
];

/// Where the lines of one app go. Clones write to the same place.
#[derive(Clone)]
pub(crate) struct AppLog(Arc<Mutex<Inner>>);

struct Inner {
    prefix: String,
    file: File,
    last: VecDeque<String>,
}

impl AppLog {
    /// Opens the app's log file anew; the one of the run before stays beside it as `<app>.log.1`.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub(crate) fn open(path: &Path, app: &str, width: usize, index: usize) -> anyhow::Result<Self> {
        let cannot = || format!("cannot write {}", path.display());
        if path.exists() {
            fs::rename(path, path.with_extension("log.1")).with_context(cannot)?;
        }
        let file = File::create(path).with_context(cannot)?;
        let mut prefix = format!("{app:width$} │ ");
        if colour_on_stderr() {
            prefix = prefix.color(COLOURS[index % COLOURS.len()]).to_string();
        }
        Ok(Self(Arc::new(Mutex::new(Inner {
            prefix,
            file,
            last: VecDeque::new(),
        }))))
    }

    /// Takes lines until the other side closes. Bytes that are not UTF-8 are replaced.
    pub(crate) async fn follow(self, output: impl AsyncRead + Unpin) {
        let mut lines = BufReader::new(output);
        let mut line = Vec::new();
        while lines
            .read_until(b'\n', &mut line)
            .await
            .is_ok_and(|read| read > 0)
        {
            self.take(String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']));
            line.clear();
        }
    }

    /// The last lines, oldest first.
    pub(crate) fn last_lines(&self) -> Vec<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .last
            .iter()
            .cloned()
            .collect()
    }

    fn take(&self, line: &str) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Neither a terminal that is gone nor a full disk ends the run; the line is in the other place.
        let _ = writeln!(std::io::stderr(), "{}{line}", inner.prefix);
        let _ = writeln!(inner.file, "{line}");
        if inner.last.len() == REMEMBERED {
            inner.last.pop_front();
        }
        inner.last.push_back(line.to_owned());
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_are_kept_in_the_file_and_the_last_ones_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("photos.log");
        fs::write(&path, "the run before\n").unwrap();
        let log = AppLog::open(&path, "photos", 6, 0).unwrap();
        let text: String = (0..30).map(|number| format!("line {number}\r\n")).collect();
        log.clone().follow(text.as_bytes()).await;
        let last = log.last_lines();
        assert_eq!(
            (last.len(), last[0].as_str(), last[19].as_str()),
            (20, "line 10", "line 29")
        );
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 30);
        assert_eq!(
            fs::read_to_string(folder.path().join("photos.log.1")).unwrap(),
            "the run before\n"
        );
    }
}
