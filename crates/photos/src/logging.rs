//! The log: lines for people or JSON for machines, on stderr.

use std::io::IsTerminal as _;

use config::{LogFormat, PhotosEnv};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

/// `PS_LOG` is no list of levels.
#[derive(Debug, thiserror::Error)]
#[error("PS_LOG: {0}; write a level such as `info`, or a list such as `info,photos=debug`")]
pub struct BadFilter(#[from] ParseError);

/// Begins to log, for the whole process. A second call changes nothing.
///
/// # Errors
/// When `PS_LOG` cannot be read.
pub fn start(env: &PhotosEnv) -> Result<(), BadFilter> {
    let filter = EnvFilter::try_new(env.log.as_str())?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // A log that cannot be written must not end what it tells of: by itself it would complain to the same stderr, and panic.
        .log_internal_errors(false)
        .with_writer(std::io::stderr);
    // Colours are for a terminal; NO_COLOR holds there.
    let lines = if std::io::stderr().is_terminal() {
        lines
    } else {
        lines.with_ansi(false)
    };
    // `Err` only says that somebody logs already.
    let _ = match env.log_format {
        LogFormat::Text => lines.with_target(false).try_init(),
        LogFormat::Json => lines
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .try_init(),
    };
    Ok(())
}
