//! The question before something is lost.

use std::{
    io::{self, IsTerminal, Write},
    thread,
};

use anyhow::Context as _;
use tokio::sync::oneshot;

use crate::outcome::Failure;

/// What is asked.
pub(crate) struct Question<'a> {
    /// `Remove the kind cluster hmlet-local?`
    pub(crate) what: &'a str,
    /// What stays as it is if the answer is no.
    pub(crate) stays: &'a str,
    /// What would be lost, one line each.
    pub(crate) lost: &'a [String],
}

/// Shows what would be lost and asks, unless `yes` says that it was answered.
///
/// # Errors
/// Exit code 3 when the answer is not yes, or there is no terminal to ask on.
pub(crate) async fn confirm(question: &Question<'_>, yes: bool) -> anyhow::Result<()> {
    if !question.lost.is_empty() {
        eprintln!("This would be lost:");
    }
    for lost in question.lost {
        eprintln!("  {lost}");
    }
    if yes {
        return Ok(());
    }
    let refused = || Failure::refused(format!("{} stays as it is", question.stays));
    if !io::stdin().is_terminal() {
        return Err(refused()
            .because("something would be lost, and there is no terminal to ask on")
            .advise("add --yes")
            .into());
    }
    match ask(&format!("{} [y/N] ", question.what)).await?.as_str() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(refused().because("the answer was not yes").into()),
    }
}

/// Asks on the terminal and gives the answer without the space around it. A caller that listens to signals beside it sees
/// them at once: the reading is a thread's, which nobody waits for.
///
/// # Errors
/// When the terminal cannot be used.
pub(crate) async fn ask(question: &str) -> anyhow::Result<String> {
    eprint!("{question}");
    io::stderr().flush()?;
    let (sender, answer) = oneshot::channel();
    thread::spawn(move || {
        let mut line = String::new();
        // Nobody listens any more if the command was interrupted.
        let _ = sender.send(io::stdin().read_line(&mut line).map(|_| line));
    });
    let mut line = Line { ended: false };
    let answer = answer.await.context("nobody reads the answer")?;
    line.ended = true;
    Ok(answer.context("cannot read the answer")?.trim().to_owned())
}

/// Ends the line of a question that stays without an answer.
struct Line {
    ended: bool,
}

impl Drop for Line {
    fn drop(&mut self) {
        if !self.ended {
            eprintln!();
        }
    }
}
