//! `terminal` in a pseudo-terminal.

use std::{
    io::{Read as _, Write},
    sync::mpsc,
    thread,
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::stage::Stage;

/// A shell in a pod of photos, on a terminal of 30 rows and 100 columns.
pub(crate) struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    shown: mpsc::Receiver<String>,
}

impl Terminal {
    pub(crate) fn open(stage: &Stage) -> Self {
        let pair = native_pty_system().openpty(size(30, 100)).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_plasma"));
        command.args(["terminal", "photos", "--", "sh"]);
        command.cwd(env!("CARGO_MANIFEST_DIR"));
        command.env("PLASMA_STATE_DIR", stage.folder.path().join("state"));
        command.env("PLASMA_STAGE", "test");
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let writer = pair.master.take_writer().unwrap();
        let (sender, shown) = mpsc::channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = reader.read(&mut buffer) {
                let text = String::from_utf8_lossy(&buffer[..read]).into_owned();
                if sender.send(text).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            master: pair.master,
            writer,
            shown,
        }
    }

    pub(crate) fn types(&mut self, line: &str) {
        self.writer.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    pub(crate) fn presses(&mut self, key: u8) {
        self.writer.write_all(&[key]).unwrap();
    }

    /// Waits until it shows these words.
    pub(crate) fn until(&mut self, words: &str) {
        let mut text = String::new();
        while !text.contains(words) {
            let more = self.shown.recv_timeout(Duration::from_secs(60));
            text.push_str(&more.unwrap_or_else(|_| panic!("no `{words}` in {text:?}")));
        }
    }

    pub(crate) fn resize(&self, rows: u16, cols: u16) {
        self.master.resize(size(rows, cols)).unwrap();
    }

    /// Of the terminal itself: `ICANON` where it hands over lines, and not every key.
    pub(crate) fn flags(&self) -> String {
        format!("{:?}", self.master.get_termios().unwrap().local_flags)
    }

    pub(crate) fn terminate(&self) {
        let process = i32::try_from(self.child.process_id().unwrap()).unwrap();
        kill(Pid::from_raw(process), Signal::SIGTERM).unwrap();
    }

    /// Its exit code.
    pub(crate) fn ends(&mut self) -> u32 {
        self.child.wait().unwrap().exit_code()
    }
}

fn size(rows: u16, cols: u16) -> PtySize {
    PtySize {
        rows,
        cols,
        ..PtySize::default()
    }
}
