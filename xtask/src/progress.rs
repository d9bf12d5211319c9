//! Progress of a command with several steps: live on a terminal, plain lines in a pipe. All of it goes to stderr.

use std::{
    borrow::Cow,
    fmt::Display,
    time::{Duration, Instant},
};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use owo_colors::{OwoColorize, Style};

use crate::outcome::colour_on_stderr;

/// The steps of one command, one below the other.
#[derive(Clone)]
pub(crate) struct Progress {
    bars: MultiProgress,
    live: bool,
}

/// A step that goes on. Dropped before [`Step::done`] or [`Step::skip`], it is shown as not finished.
pub(crate) struct Step {
    progress: Progress,
    bar: ProgressBar,
    title: Cow<'static, str>,
    since: Instant,
    said: String,
    ended: bool,
}

impl Progress {
    /// Live if stderr is a terminal that can move its cursor.
    pub(crate) fn new() -> Self {
        let live = console_is_live();
        let bars = MultiProgress::with_draw_target(if live {
            ProgressDrawTarget::stderr_with_hz(10)
        } else {
            ProgressDrawTarget::hidden()
        });
        Self { bars, live }
    }

    /// Begins a step.
    pub(crate) fn step(&self, title: impl Into<Cow<'static, str>>) -> Step {
        let title = title.into();
        let bar = self.bars.add(ProgressBar::new_spinner());
        if self.live {
            if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix}  {msg}") {
                bar.set_style(style);
            }
            bar.set_prefix(title.to_string());
            bar.enable_steady_tick(Duration::from_millis(100));
        }
        Step {
            progress: self.clone(),
            bar,
            title,
            since: Instant::now(),
            said: String::new(),
            ended: false,
        }
    }

    /// Something that is there already.
    pub(crate) fn unchanged(&self, what: impl Display) {
        let dim = if colour_on_stderr() {
            Style::new().dimmed()
        } else {
            Style::new()
        };
        self.line(format_args!("{} {what}", "=".style(dim)));
    }

    /// A line above the steps that go on.
    pub(crate) fn line(&self, text: impl Display) {
        if self.live {
            // A terminal that is gone has nobody who misses the line.
            let _ = self.bars.println(text.to_string());
        } else {
            eprintln!("{text}");
        }
    }
}

impl Step {
    /// What the step does or waits for now. The same words twice are said once.
    pub(crate) fn says(&mut self, what: &str) {
        if what == self.said {
            return;
        }
        what.clone_into(&mut self.said);
        if self.progress.live {
            self.bar.set_message(fitting(what, self.title.chars().count()));
        } else {
            eprintln!("  {}: {what}", self.title);
        }
    }

    /// A line above the steps that go on.
    pub(crate) fn line(&self, text: impl Display) {
        self.progress.line(text);
    }

    /// It did something.
    pub(crate) fn done(mut self) {
        let took = self.since.elapsed().as_secs_f64();
        self.close(
            "✓",
            Style::new().green(),
            &format!("{} ({took:.1} s)", self.title.clone()),
        );
    }

    /// There was nothing to do, or nothing worth a word.
    pub(crate) fn skip(mut self) {
        self.ended = true;
        self.bar.finish_and_clear();
    }

    fn close(&mut self, sign: &str, style: Style, text: &str) {
        self.ended = true;
        let style = if colour_on_stderr() { style } else { Style::new() };
        self.bar.finish_and_clear();
        self.progress.line(format_args!("{} {text}", sign.style(style)));
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if !self.ended {
            let at = if self.said.is_empty() {
                String::new()
            } else {
                format!(", at: {}", self.said)
            };
            let text = format!("{}: not finished{at}", self.title);
            self.close("✗", Style::new().red(), &text);
        }
    }
}

/// The message, cut so that the line stays short of the terminal's edge: there the `^C` that a terminal shows would begin a
/// line of its own, and the step's would be left behind.
fn fitting(what: &str, title: usize) -> String {
    let width = crossterm::terminal::size().map_or(80, |(width, _)| usize::from(width));
    let room = width.saturating_sub(title + 8);
    if what.chars().count() <= room {
        return what.to_owned();
    }
    let mut cut: String = what.chars().take(room.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

fn console_is_live() -> bool {
    use std::io::IsTerminal;
    std::io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}
