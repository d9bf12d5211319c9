//! `terminal` in a pseudo-terminal.

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use portable_pty::{CommandBuilder, PtySize};

use crate::{pty::Pty, stage::Stage};

/// A shell in a pod of photos, on a terminal of 30 rows and 100 columns.
pub(crate) struct Terminal {
    pty: Pty,
    /// Bytes that were looked at.
    seen: usize,
}

impl Terminal {
    pub(crate) fn open(stage: &Stage) -> Self {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_plasma"));
        command.args(["terminal", "photos", "--", "sh"]);
        command.cwd(env!("CARGO_MANIFEST_DIR"));
        command.env("PLASMA_STATE_DIR", stage.folder.path().join("state"));
        command.env("PLASMA_STAGE", "test");
        Self {
            pty: Pty::start(command, 30, 100).unwrap(),
            seen: 0,
        }
    }

    pub(crate) fn types(&mut self, line: &str) {
        self.pty.type_text(&format!("{line}\n")).unwrap();
    }

    pub(crate) fn presses(&mut self, key: char) {
        self.pty.type_text(&key.to_string()).unwrap();
    }

    /// Waits until it shows these words, behind those of the call before.
    pub(crate) fn until(&mut self, words: &str) {
        let place = |shown: &str| shown.find(words).map(|at| at + words.len());
        self.seen += self.pty.wait(words, self.seen, place).unwrap();
    }

    pub(crate) fn resize(&self, rows: u16, cols: u16) {
        let size = PtySize {
            rows,
            cols,
            ..PtySize::default()
        };
        self.pty.master.resize(size).unwrap();
    }

    /// Of the terminal itself: `ICANON` where it hands over lines, and not every key.
    pub(crate) fn flags(&self) -> String {
        format!("{:?}", self.pty.master.get_termios().unwrap().local_flags)
    }

    pub(crate) fn terminate(&self) {
        let process = i32::try_from(self.pty.child.process_id().unwrap()).unwrap();
        kill(Pid::from_raw(process), Signal::SIGTERM).unwrap();
    }

    /// Its exit code.
    pub(crate) fn ends(&mut self) -> u32 {
        self.pty.end().unwrap().0
    }
}
