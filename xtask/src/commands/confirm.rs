//! The question before something is lost.

use std::io::{self, IsTerminal, Write};

use anyhow::Context as _;

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
pub(crate) fn confirm(question: &Question<'_>, yes: bool) -> anyhow::Result<()> {
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
    eprint!("{} [y/N] ", question.what);
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin()
        .read_line(&mut answer)
        .context("cannot read the answer")?;
    match answer.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(refused().because("the answer was not yes").into()),
    }
}
