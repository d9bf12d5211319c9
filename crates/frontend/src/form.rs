//! What a form is shown with after it was refused: the faults beside their fields.

use actix_web::http::StatusCode;

use crate::error::{PageError, sentence};
use crate::shown;

/// Faults of a form.
#[derive(Debug, Clone, Default)]
pub(crate) struct Faults {
    /// Of the form as a whole.
    pub(crate) general: Option<String>,
    fields: Vec<(String, String)>,
    is_out_of_reach: bool,
}

const OUT_OF_REACH: &str = "The service that keeps the photos does not answer right now. The form is as you sent it: send it again in a moment.";

impl Faults {
    /// Of the form as a whole.
    pub(crate) fn general(text: impl Into<String>) -> Self {
        Self {
            general: Some(text.into()),
            ..Self::default()
        }
    }

    /// Of one field.
    pub(crate) fn field(name: &str, text: impl Into<String>) -> Self {
        Self {
            fields: vec![(name.to_owned(), text.into())],
            ..Self::default()
        }
    }

    /// What the photos service has against a form, or that it does not answer. What its sender can neither mend nor send
    /// again is given back.
    pub(crate) fn of(error: impl Into<PageError>) -> Result<Self, PageError> {
        let error = error.into();
        if error.told().status == StatusCode::SERVICE_UNAVAILABLE {
            return Ok(Self {
                is_out_of_reach: true,
                ..Self::general(OUT_OF_REACH)
            });
        }
        let PageError::Photos(error) = error else {
            return Err(error);
        };
        let Some(problem) = error.problem() else {
            return Err(PageError::Photos(error));
        };
        if !matches!(problem.status, 401 | 403 | 409 | 412 | 413 | 415 | 422 | 429) {
            return Err(PageError::Photos(error));
        }
        let fields = problem.errors.iter();
        let fields: Vec<_> = fields
            .map(|fault| (fault.field.clone(), shown::fault("this", &fault.detail)))
            .collect();
        let general = fields.is_empty().then(|| sentence(&error));
        Ok(Self {
            general,
            fields,
            is_out_of_reach: false,
        })
    }

    /// The status of the page that shows them: `refused`, unless the photos service does not answer.
    pub(crate) fn status(&self, refused: StatusCode) -> StatusCode {
        if self.is_out_of_reach {
            StatusCode::SERVICE_UNAVAILABLE
        } else {
            refused
        }
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
