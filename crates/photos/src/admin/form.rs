//! What a form is shown with after it was refused: the faults beside their fields.

use crate::domain::FieldFault;
use crate::error::Error;

use super::error::PageError;
use super::shown::sentence;

/// Faults of a form.
#[derive(Debug, Clone, Default)]
pub(super) struct Faults {
    /// Of the form as a whole.
    pub(super) general: Option<String>,
    fields: Vec<(String, String)>,
}

impl Faults {
    /// Of the form as a whole.
    pub(super) fn general(text: impl Into<String>) -> Self {
        Self {
            general: Some(text.into()),
            fields: Vec::new(),
        }
    }

    /// Adds the fault of a field, if it has one.
    pub(super) fn check(&mut self, name: &str, fault: Option<impl AsRef<str>>) {
        if let Some(fault) = fault {
            self.fields.push((name.to_owned(), sentence(fault.as_ref())));
        }
    }

    /// What the domain has against values.
    pub(super) fn of_fields(faults: &[FieldFault]) -> Self {
        let mut all = Self::default();
        for fault in faults {
            all.check(&fault.field, Some(&fault.detail));
        }
        all
    }

    /// What the service has against a form. Whatever its sender cannot mend is given back.
    pub(super) fn of(error: Error) -> Result<Self, PageError> {
        match error {
            Error::Invalid(faults) => {
                let mut all = Self::default();
                for fault in &faults {
                    all.check(&fault.field, Some(&fault.detail));
                }
                Ok(all)
            }
            error @ (Error::InvalidCredentials | Error::RateLimited(_)) => {
                Ok(Self::general(sentence(&error.detail())))
            }
            error => Err(error.into()),
        }
    }

    /// The fault of a field.
    pub(super) fn on(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(field, _)| field == name);
        found.map(|(_, text)| text.as_str())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.general.is_none() && self.fields.is_empty()
    }
}
