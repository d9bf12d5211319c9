//! What can go wrong with a page of the admin, and what its reader is told. Causes are for the log only.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};

use crate::db::DbError;
use crate::error::Error;

/// Why there is no page.
#[derive(Debug)]
pub(super) enum PageError {
    /// Only for those who are logged in.
    LoginNeeded,
    /// Nothing is there.
    NotFound,
    /// Not for this member of staff. The text says why, for the reader.
    Forbidden(String),
    /// The form did not come from this browser's page.
    Forged,
    /// The request cannot be read.
    Unreadable(String),
    /// The body is larger than a form can be.
    TooLarge,
    /// The service refused or failed.
    Service(Error),
}

/// What the reader is told.
pub(super) struct Told {
    pub(super) status: StatusCode,
    pub(super) heading: &'static str,
    pub(super) text: String,
}

impl PageError {
    pub(super) fn internal(cause: impl fmt::Display) -> Self {
        Self::Service(Error::internal(cause.to_string()))
    }

    pub(super) fn told(&self) -> Told {
        let told = |status, heading, text: &str| Told {
            status,
            heading,
            text: text.to_owned(),
        };
        match self {
            Self::LoginNeeded => told(
                StatusCode::UNAUTHORIZED,
                "Please log in",
                "This page is for staff.",
            ),
            Self::NotFound => told(
                StatusCode::NOT_FOUND,
                "Nothing here",
                "There is no such page, photo or user, or it is gone for good.",
            ),
            Self::Forbidden(reason) => told(StatusCode::FORBIDDEN, "That is not yours to do", reason),
            Self::Forged => told(
                StatusCode::FORBIDDEN,
                "That form has expired",
                "It was opened before you logged in or out, or not on this site. Go back, reload the page and send it \
                 again; nothing was changed.",
            ),
            Self::Unreadable(reason) => Told {
                status: StatusCode::BAD_REQUEST,
                heading: "That request makes no sense",
                text: format!("{reason}. Go back and try again; nothing was changed."),
            },
            Self::TooLarge => told(
                StatusCode::PAYLOAD_TOO_LARGE,
                "That is too much at once",
                "Select fewer photos and try again; nothing was changed.",
            ),
            Self::Service(error) => service(error),
        }
    }
}

fn service(error: &Error) -> Told {
    let status = error.status_code();
    let heading = match status {
        StatusCode::NOT_FOUND => "Nothing here",
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::INSUFFICIENT_STORAGE => {
            "The service cannot do that now"
        }
        StatusCode::INTERNAL_SERVER_ERROR => "Something broke on our side",
        _ => "That cannot be done",
    };
    Told {
        status,
        heading,
        text: super::shown::sentence(&error.detail()),
    }
}

impl From<Error> for PageError {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound => Self::NotFound,
            error => Self::Service(error),
        }
    }
}

impl From<DbError> for PageError {
    fn from(error: DbError) -> Self {
        Self::Service(error.into())
    }
}

impl From<askama::Error> for PageError {
    fn from(error: askama::Error) -> Self {
        Self::internal(error)
    }
}

impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.told().heading)
    }
}

impl ResponseError for PageError {
    fn status_code(&self) -> StatusCode {
        self.told().status
    }

    /// Replaced by a page in the shell, which knows whose it is.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}
