//! What a form is shown with after it was refused: the faults beside their fields.

use photos_client::ClientError;

use crate::error::{PageError, sentence};

/// Faults of a form.
#[derive(Debug, Clone, Default)]
pub(crate) struct Faults {
    /// Of the form as a whole.
    pub(crate) general: Option<String>,
    fields: Vec<(String, String)>,
}

impl Faults {
    /// Of the form as a whole.
    pub(crate) fn general(text: impl Into<String>) -> Self {
        Self {
            general: Some(text.into()),
            fields: Vec::new(),
        }
    }

    /// Of one field.
    pub(crate) fn field(name: &str, text: impl Into<String>) -> Self {
        Self {
            general: None,
            fields: vec![(name.to_owned(), text.into())],
        }
    }

    /// What the photos service has against a form. Whatever its sender cannot mend is given back.
    pub(crate) fn of(error: ClientError) -> Result<Self, PageError> {
        let Some(problem) = error.problem() else {
            return Err(error.into());
        };
        if !matches!(problem.status, 401 | 403 | 409 | 412 | 413 | 415 | 422 | 429) {
            return Err(error.into());
        }
        let fields = problem.errors.iter();
        let fields: Vec<_> = fields
            .map(|fault| (fault.field.clone(), fault.detail.clone()))
            .collect();
        let general = fields.is_empty().then(|| sentence(&error));
        Ok(Self { general, fields })
    }

    /// The fault of a field.
    pub(crate) fn on(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(field, _)| field == name);
        found.map(|(_, text)| text.as_str())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.general.is_none() && self.fields.is_empty()
    }
}
