//! How far the downloads are: bars on a terminal, plain lines elsewhere.

use std::{io::IsTerminal, time::Duration};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// All downloads of a command.
pub(super) struct Board {
    /// None where there is no terminal to draw on.
    bars: Option<MultiProgress>,
}

/// One download.
pub(super) struct Progress {
    title: String,
    bar: Option<ProgressBar>,
}

impl Board {
    pub(super) fn new() -> Self {
        let terminal = std::io::stderr().is_terminal();
        Self {
            bars: terminal.then(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr())),
        }
    }

    /// A line for `kind 0.31.0`, said to come from a host.
    pub(super) fn add(&self, title: &str, from: &str) -> Progress {
        let bar = self.bars.as_ref().map(|bars| {
            let bar = bars.add(ProgressBar::no_length());
            bar.set_style(style(false));
            bar.set_prefix(title.to_owned());
            bar.set_message(format!("from {from}"));
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        if bar.is_none() {
            eprintln!("{title}: downloading from {from}");
        }
        Progress {
            title: title.to_owned(),
            bar,
        }
    }
}

impl Progress {
    /// The answer begins at this byte of a file that may say its length.
    pub(super) fn begin(&self, at: u64, length: Option<u64>) {
        if let Some(bar) = &self.bar {
            bar.set_style(style(length.is_some()));
            if let Some(length) = length {
                bar.set_length(length);
            }
            bar.set_position(at);
            bar.reset_eta();
        } else if at > 0 {
            self.say(&format!("going on after {at} bytes"));
        }
    }

    pub(super) fn advance(&self, bytes: u64) {
        if let Some(bar) = &self.bar {
            bar.inc(bytes);
        }
    }

    /// Something that happened on the way.
    pub(super) fn say(&self, what: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{}: {what}", self.title)),
            None => eprintln!("{}: {what}", self.title),
        }
    }

    /// The last word: where the file is now.
    pub(super) fn done(&self, what: &str) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        self.say(what);
    }

    /// It has come to nothing; the error is said elsewhere.
    pub(super) fn abandon(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn style(length_known: bool) -> ProgressStyle {
    let template = if length_known {
        "{prefix:20} {bar:30} {bytes:>10} of {total_bytes:10} {bytes_per_sec:>12} {msg}"
    } else {
        "{prefix:20} {spinner} {bytes:>10} {msg}"
    };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
