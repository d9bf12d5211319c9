//! A program in a pseudo-terminal: what it shows, and waiting for it without a clock.

use std::{
    io::{Read, Write},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// After this long nothing more is expected: something is broken.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running program and its terminal.
pub(crate) struct Pty {
    pub(crate) child: Box<dyn Child + Send + Sync>,
    input: Box<dyn Write + Send>,
    screen: Arc<Screen>,
    reader: Option<thread::JoinHandle<()>>,
    /// Open as long as the program may use its terminal.
    #[allow(
        dead_code,
        reason = "not all who share this file look at its size and its flags"
    )]
    pub(crate) master: Box<dyn MasterPty + Send>,
}

#[derive(Default)]
struct Screen {
    shown: Mutex<String>,
    more: Condvar,
}

impl Screen {
    fn lock(&self) -> MutexGuard<'_, String> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pty {
    /// Starts the program in a terminal of this size.
    pub(crate) fn start(command: CommandBuilder, rows: u16, cols: u16) -> anyhow::Result<Self> {
        let size = PtySize {
            rows,
            cols,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system()
            .openpty(size)
            .context("there is no pseudo-terminal")?;
        let child = pair
            .slave
            .spawn_command(command)
            .context("the program cannot be started")?;
        drop(pair.slave);
        let screen = Arc::new(Screen::default());
        let mut output = pair.master.try_clone_reader()?;
        let shown = Arc::clone(&screen);
        let reader = thread::spawn(move || {
            let (mut buffer, mut rest) = ([0; 4096], Vec::new());
            // The terminal ends with an error when its last user is gone.
            while let Ok(count @ 1..) = output.read(&mut buffer) {
                rest.extend_from_slice(&buffer[..count]);
                // A character may come in two parts.
                let whole = match std::str::from_utf8(&rest) {
                    Err(error) if error.error_len().is_none() => error.valid_up_to(),
                    _ => rest.len(),
                };
                shown.lock().push_str(&String::from_utf8_lossy(&rest[..whole]));
                rest.drain(..whole);
                shown.more.notify_all();
            }
        });
        Ok(Self {
            child,
            input: pair.master.take_writer()?,
            screen,
            reader: Some(reader),
            master: pair.master,
        })
    }

    /// Types this.
    pub(crate) fn type_text(&mut self, text: &str) -> anyhow::Result<()> {
        self.input
            .write_all(text.as_bytes())
            .context("the terminal is gone")
    }

    /// Everything that was shown so far, with its escape sequences.
    pub(crate) fn shown(&self) -> String {
        self.screen.lock().clone()
    }

    /// Looks at what is shown behind the first `from` bytes, each time there is more, until it is as wanted.
    pub(crate) fn wait<T>(
        &self,
        what: &str,
        from: usize,
        mut look: impl FnMut(&str) -> Option<T>,
    ) -> anyhow::Result<T> {
        let deadline = Instant::now() + PATIENCE;
        let mut shown = self.screen.lock();
        loop {
            if let Some(found) = shown.get(from..).and_then(&mut look) {
                return Ok(found);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            anyhow::ensure!(!left.is_zero(), "not {what} in time; shown was:\n{}", *shown);
            (shown, _) = self
                .screen
                .more
                .wait_timeout(shown, left)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits for the end, and returns the exit code and all that was shown.
    pub(crate) fn end(&mut self) -> anyhow::Result<(u32, String)> {
        let status = self.child.wait()?;
        if let Some(reader) = self.reader.take() {
            // It ends with the terminal.
            let _ = reader.join();
        }
        Ok((status.exit_code(), self.shown()))
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        // Where something failed nobody else ends it.
        let _ = self.child.kill();
    }
}
