//! `env docs`: the reference of all variables, from their definitions.

use clap::Args;

use crate::outcome::{Exit, Outcome};

/// Print the reference of all variables as Markdown; `doc/configuration.md` holds it.
#[derive(Args)]
pub(crate) struct Docs {}

impl Docs {
    pub(crate) fn run(&self) -> Outcome {
        print!("{}", config::reference());
        Ok(Exit::Done)
    }
}
