//! The signals that ask a command for an orderly end: Ctrl-C, `kill`, a terminal that is closed.

use std::{future::Future, time::Duration};

use tokio::{
    signal::unix::{self, SignalKind},
    time::timeout,
};

use crate::outcome::Exit;

/// How much later than the end of its programs a command may be told of the signal that ended them.
const SAME_MOMENT: Duration = Duration::from_millis(100);

/// The signals that ask for an orderly end.
pub(crate) struct Signals {
    interrupt: unix::Signal,
    terminate: unix::Signal,
    hang_up: unix::Signal,
}

impl Signals {
    /// From now on these signals no longer end the process.
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn listen() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: unix::signal(SignalKind::interrupt())?,
            terminate: unix::signal(SignalKind::terminate())?,
            hang_up: unix::signal(SignalKind::hangup())?,
        })
    }

    /// Waits for one. Ctrl-C is an interruption; the others are requests to end, which is then done.
    pub(crate) async fn next(&mut self) -> Exit {
        tokio::select! {
            _ = self.interrupt.recv() => Exit::Interrupted,
            _ = self.terminate.recv() => Exit::Done,
            _ = self.hang_up.recv() => Exit::Done,
        }
    }

    /// What some work gives; nothing if a signal came first, which gives the work up. Ctrl-C reaches the programs of the work
    /// too, and that they ended of it may be seen before: an error waits for a signal a moment.
    pub(crate) async fn unless<T>(
        &mut self,
        work: impl Future<Output = anyhow::Result<T>>,
    ) -> Option<anyhow::Result<T>> {
        let done = tokio::select! {
            done = work => done,
            _ = self.next() => return None,
        };
        if done.is_err() && timeout(SAME_MOMENT, self.next()).await.is_ok() {
            return None;
        }
        Some(done)
    }
}
