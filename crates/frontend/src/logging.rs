//! The log: lines on stderr.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

/// Begins to log, for the whole process. A second call changes nothing.
pub fn start() {
    let lines = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new("info"))
        // A log that cannot be written must not end what it tells of: by itself it would complain to the same stderr, and panic.
        .log_internal_errors(false)
        .with_writer(std::io::stderr)
        .with_target(false);
    // Colours are for a terminal; NO_COLOR holds there.
    let lines = if std::io::stderr().is_terminal() {
        lines
    } else {
        lines.with_ansi(false)
    };
    // `Err` only says that somebody logs already.
    let _ = lines.try_init();
}
