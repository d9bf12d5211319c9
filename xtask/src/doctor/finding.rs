//! What a check comes to: what it saw, the evidence, and what to do.

use serde::Serialize;

use super::cure::Cure;
use crate::outcome::Failure;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    Fine,
    /// It works, but somebody may want to know.
    Note,
    /// It could not be measured.
    Unknown,
    /// A command will fail because of it.
    Fault,
}

/// One line of the doctor's report.
#[derive(Debug, Serialize)]
pub(crate) struct Finding {
    pub(crate) check: &'static str,
    pub(crate) state: State,
    /// What it is, in a few words.
    pub(crate) says: String,
    /// What was measured.
    pub(crate) evidence: String,
    /// What somebody can do about it.
    pub(crate) remedy: Option<String>,
    /// What `--fix` did about it.
    pub(crate) fixed: Option<String>,
    /// What `--fix` can do about it.
    #[serde(skip)]
    pub(crate) cure: Option<Cure>,
}

impl Finding {
    pub(super) fn fine(check: &'static str, says: impl Into<String>, evidence: impl Into<String>) -> Self {
        Self::new(check, State::Fine, says, evidence)
    }

    pub(super) fn note(check: &'static str, says: impl Into<String>, evidence: impl Into<String>) -> Self {
        Self::new(check, State::Note, says, evidence)
    }

    pub(super) fn unknown(check: &'static str, says: impl Into<String>, evidence: impl Into<String>) -> Self {
        Self::new(check, State::Unknown, says, evidence)
    }

    pub(super) fn fault(check: &'static str, says: impl Into<String>, evidence: impl Into<String>) -> Self {
        Self::new(check, State::Fault, says, evidence)
    }

    fn new(check: &'static str, state: State, says: impl Into<String>, evidence: impl Into<String>) -> Self {
        Self {
            check,
            state,
            says: says.into(),
            evidence: evidence.into(),
            remedy: None,
            fixed: None,
            cure: None,
        }
    }

    #[must_use]
    pub(super) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    #[must_use]
    pub(super) fn cure(mut self, cure: Cure) -> Self {
        self.cure = Some(cure);
        self
    }

    /// The error of a command that cannot begin because of it.
    pub(super) fn failure(&self) -> Failure {
        let failure = Failure::failed(&self.says).because(&self.evidence);
        match &self.remedy {
            Some(remedy) => failure.advise(remedy),
            None => failure,
        }
    }
}
