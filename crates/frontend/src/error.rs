//! What can go wrong with a page, and what its reader is told. Causes are for the log only.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use photos_client::{ClientError, ProblemCode};

use crate::shown;

/// Why there is no page.
#[derive(Debug)]
pub(crate) enum PageError {
    /// Only for those who are logged in.
    LoginNeeded,
    /// Nothing is there, or nothing that this visitor may see.
    NotFound,
    /// It is somebody else's to change.
    Forbidden,
    /// The form did not come from this browser's page.
    Forged,
    /// The request cannot be read.
    Unreadable(String),
    /// The body, or a part of it, is larger than it can be; with what is said of that.
    TooLarge(String),
    /// The photos service refused or did not answer.
    Photos(Box<ClientError>),
    /// The photos service could not be asked whether the session is still good.
    Unavailable(String),
    /// A fault of our own.
    Internal(String),
}

/// What the reader is told.
pub(crate) struct Told {
    pub(crate) status: StatusCode,
    pub(crate) heading: &'static str,
    pub(crate) text: String,
}

impl PageError {
    pub(crate) fn internal(cause: impl fmt::Display) -> Self {
        Self::Internal(cause.to_string())
    }

    /// Whether logging in would help.
    pub(crate) fn is_login_needed(&self) -> bool {
        match self {
            Self::LoginNeeded => true,
            Self::Photos(error) => is_login_needed(error),
            _ => false,
        }
    }

    /// The code of the photos service's refusal, if it is one.
    pub(crate) fn code(&self) -> Option<ProblemCode> {
        match self {
            Self::Photos(error) => error.code(),
            _ => None,
        }
    }

    pub(crate) fn told(&self) -> Told {
        let told = |status, heading, text: &str| Told {
            status,
            heading,
            text: text.to_owned(),
        };
        match self {
            Self::LoginNeeded => told(
                StatusCode::UNAUTHORIZED,
                "Please log in",
                "This page is for members.",
            ),
            Self::NotFound => told(
                StatusCode::NOT_FOUND,
                "Nothing here",
                "There is no such page, or it is a draft of somebody else, or it was deleted.",
            ),
            Self::Forbidden => told(
                StatusCode::FORBIDDEN,
                "That is not yours to change",
                "Only its owner and staff may do that.",
            ),
            Self::Forged => told(
                StatusCode::FORBIDDEN,
                "That form has expired",
                "It was opened before you logged in or out, or not on this site. Nothing was changed. Open its page anew \
                 and send it again.",
            ),
            Self::Unreadable(reason) => Told {
                status: StatusCode::BAD_REQUEST,
                heading: "That request makes no sense",
                text: reason.clone(),
            },
            Self::TooLarge(text) => told(StatusCode::PAYLOAD_TOO_LARGE, "That is too large", text),
            Self::Photos(error) => photos_told(error),
            Self::Unavailable(_) => offline(),
            Self::Internal(_) => told(
                StatusCode::INTERNAL_SERVER_ERROR,
                "Something broke on our side",
                "It is not your fault, and it has been written down. Try again in a moment.",
            ),
        }
    }

    /// What the log is to have of it.
    pub(crate) fn cause(&self) -> Option<String> {
        match self {
            Self::Internal(cause) | Self::Unavailable(cause) => Some(cause.clone()),
            Self::Photos(error) if self.told().status.is_server_error() => Some(error.to_string()),
            _ => None,
        }
    }
}

/// Whether a call was refused for want of a login.
pub(crate) fn is_login_needed(error: &ClientError) -> bool {
    match error {
        ClientError::NotLoggedIn | ClientError::SessionEnded => true,
        error => error.problem().is_some_and(|problem| problem.status == 401),
    }
}

fn offline() -> Told {
    Told {
        status: StatusCode::SERVICE_UNAVAILABLE,
        heading: "The photos are out of reach",
        text: "The service that keeps the photos does not answer right now. Try again in a moment."
            .to_owned(),
    }
}

fn logged_out() -> Told {
    Told {
        status: StatusCode::UNAUTHORIZED,
        heading: "Please log in",
        text: "Your session has ended. Log in, and try again.".to_owned(),
    }
}

fn photos_told(error: &ClientError) -> Told {
    let Some(problem) = error.problem() else {
        return match error {
            ClientError::Unreachable { .. } | ClientError::Broken { .. } | ClientError::Timeout { .. } => {
                offline()
            }
            ClientError::Unexpected {
                status: 502..=504, ..
            } => offline(),
            ClientError::NotLoggedIn | ClientError::SessionEnded => logged_out(),
            _ => PageError::Internal(String::new()).told(),
        };
    };
    match (problem.code, problem.status) {
        (ProblemCode::Unauthenticated | ProblemCode::InvalidToken | ProblemCode::ExpiredToken, _) => {
            logged_out()
        }
        (ProblemCode::NotFound, _) => PageError::NotFound.told(),
        (ProblemCode::InvalidCursor, _) => {
            PageError::Unreadable("This list has changed. Begin at its first page.".to_owned()).told()
        }
        (ProblemCode::Forbidden, _) => PageError::Forbidden.told(),
        (_, 503) => offline(),
        (_, status @ 400..=499) => Told {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST),
            heading: "That did not work",
            text: sentence(error),
        },
        _ => PageError::Internal(String::new()).told(),
    }
}

/// What the photos service says, for a person.
pub(crate) fn sentence(error: &ClientError) -> String {
    let Some(problem) = error.problem() else {
        return photos_told(error).text;
    };
    if problem.status >= 500 && problem.status != 507 {
        return photos_told(error).text;
    }
    if problem.errors.is_empty() {
        return shown::sentence(problem.detail.as_deref().unwrap_or(&problem.title));
    }
    let faults = problem.errors.iter();
    let faults = faults.map(|fault| {
        let field = fault.field.replace('_', " ");
        shown::fault(&format!("the {field}"), &fault.detail)
    });
    faults.collect::<Vec<_>>().join(" ")
}

impl From<ClientError> for PageError {
    fn from(error: ClientError) -> Self {
        Self::Photos(Box::new(error))
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
