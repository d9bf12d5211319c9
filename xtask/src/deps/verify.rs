//! Holds every tool that is here against the lock.

use std::path::PathBuf;

use serde::Serialize;

use super::{
    cache::Slot,
    locate::{self, Source},
    lock::Lock,
    tool::Tool,
};
use crate::context::Context;

/// What was found of one tool.
#[derive(Debug, Serialize)]
pub(crate) struct Finding {
    pub(crate) name: &'static str,
    /// The version in the lock.
    pub(crate) locked: String,
    pub(crate) state: State,
    /// Whether `bootstrap` and `deploy` cannot do without it.
    pub(crate) needed: bool,
    /// Of the program that would be called.
    pub(crate) version: Option<String>,
    pub(crate) path: Option<PathBuf>,
    /// What is wrong with it.
    pub(crate) fault: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// It is what the lock says.
    Fits,
    /// It is not here.
    Missing,
    /// What is here must not be used.
    Wrong,
}

/// Looks at every tool of the lock and downloads nothing.
///
/// # Errors
/// Exit code 2 when the lock or `PLASMA_DEPS` is wrong.
pub(crate) fn verify(context: &Context) -> anyhow::Result<Vec<Finding>> {
    let source = Source::of(context)?;
    let lock = Lock::load(&context.root)?;
    let mut findings = Vec::new();
    for tool in Tool::ALL {
        let Some(locked) = lock.tools.get(tool.name()) else {
            continue;
        };
        let finding = |state| Finding {
            name: tool.name(),
            locked: locked.version.clone(),
            state,
            needed: !matches!(tool, Tool::Skaffold | Tool::Telepresence),
            version: None,
            path: None,
            fault: None,
        };
        findings.push(match locate::find(context, source, tool, locked) {
            Ok(Some(program)) => {
                let fault = match source {
                    // The lock has sums of releases, not of what a machine's own packages make of them.
                    Source::System => None,
                    Source::Download | Source::Offline => Slot::of(context, tool, locked)?.fault()?,
                };
                Finding {
                    state: if fault.is_some() {
                        State::Wrong
                    } else {
                        State::Fits
                    },
                    version: Some(program.version),
                    path: Some(program.path),
                    fault,
                    ..finding(State::Fits)
                }
            }
            Ok(None) => finding(State::Missing),
            Err(error) => Finding {
                fault: Some(crate::outcome::reason(&error)),
                ..finding(State::Wrong)
            },
        });
    }
    Ok(findings)
}
