//! The log: lines on stderr.

use tracing_subscriber::EnvFilter;

/// Begins to log, for the whole process. A second call changes nothing.
pub fn start() {
    // `Err` only says that somebody logs already.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new("info"))
        .with_writer(std::io::stderr)
        .with_target(false)
        .try_init();
}
