//! What can go wrong with a call, and the one map from it to an answer.
//!
//! Two audiences: the caller gets a [`Problem`] that never shows an inner cause; the log gets the cause, once, with the
//! request's id. Both come from here, so that no handler chooses a status.

use std::time::Duration;

use actix_web::http::{Method, StatusCode, header};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use photos_api::{BatchResult, FieldError, PROBLEM_JSON, Problem, ProblemCode};

use crate::db::DbError;
use crate::store::StoreError;

/// A cause that only the log sees.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// How soon to come back when a server behind this one is away.
const BACK_SOON: Duration = Duration::from_secs(5);

/// Why a call is refused or fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request cannot be read: bad JSON, UTF-8 or multipart. The text says what, for the caller.
    #[error("malformed request: {0}")]
    Malformed(String),
    /// The cursor is not one of ours, or belongs to other filters.
    #[error("invalid cursor")]
    InvalidCursor,
    /// No access token where one is needed.
    #[error("not logged in")]
    Unauthenticated,
    /// Username or password is wrong, or the user is inactive.
    #[error("wrong username or password")]
    InvalidCredentials,
    /// An access or refresh token is false, or its session has ended.
    #[error("invalid token")]
    InvalidToken,
    /// An access or refresh token's time is over.
    #[error("expired token")]
    ExpiredToken,
    /// A refresh token was used twice; its session has ended.
    #[error("refresh token used twice")]
    RefreshReused,
    /// Somebody else's, and known to the caller.
    #[error("forbidden: {0}")]
    Forbidden(String),
    /// Accounts are not made by everybody on this stage.
    #[error("registration is closed")]
    RegistrationClosed,
    /// Not there, or not for this caller's eyes.
    #[error("not found")]
    NotFound,
    /// The path is there, but not for this method.
    #[error("method not allowed")]
    MethodNotAllowed(Vec<Method>),
    /// The caller stopped sending.
    #[error("the request sent nothing for {0:?}")]
    RequestTimeout(Duration),
    /// Somebody has this username.
    #[error("username taken")]
    UsernameTaken,
    /// The first request with this idempotency key is not done yet.
    #[error("the first request with this idempotency key is in progress")]
    IdempotencyInProgress,
    /// `If-Match` names another version.
    #[error("precondition failed, version is {current}")]
    PreconditionFailed {
        /// The version that the photo has.
        current: i64,
    },
    /// More than `limit` bytes.
    #[error("body above {limit} bytes")]
    BodyTooLarge {
        /// The most that is accepted, in bytes.
        limit: u64,
    },
    /// The body is not of the kind that the call takes.
    #[error("unsupported media type, expected {expected}")]
    UnsupportedMediaType {
        /// What the call takes.
        expected: &'static str,
    },
    /// The file is no picture of a format that is served.
    #[error("unsupported image: {0}")]
    UnsupportedImage(String),
    /// Well-formed, but not what the call takes.
    #[error("validation failed: {0:?}")]
    Invalid(Vec<FieldError>),
    /// No file where one is needed.
    #[error("image missing: {0}")]
    ImageMissing(String),
    /// The picture is larger than allowed.
    #[error("image dimensions: {0}")]
    ImageDimensions(String),
    /// The picture cannot be decoded.
    #[error("image corrupt: {0}")]
    ImageCorrupt(String),
    /// The idempotency key was used for another request.
    #[error("idempotency key used for another request")]
    IdempotencyMismatch,
    /// One item of an atomic batch failed, so nothing was done.
    #[error("batch rejected")]
    BatchRejected(Vec<BatchResult>),
    /// Nothing is wrong with this item, but another of its batch failed.
    #[error("not attempted")]
    NotAttempted,
    /// Too many failed logins.
    #[error("rate limited for {0:?}")]
    RateLimited(Duration),
    /// A fault of this service.
    #[error("internal: {0}")]
    Internal(#[source] Cause),
    /// No room for more work in time.
    #[error("overloaded: {0}")]
    Overloaded(&'static str),
    /// The database does not answer.
    #[error("database unavailable: {0}")]
    DatabaseUnavailable(#[source] Cause),
    /// The object store does not answer.
    #[error("store unavailable: {0}")]
    StoreUnavailable(#[source] Cause),
    /// A disk is full.
    #[error("storage full: {0}")]
    StorageFull(#[source] Cause),
}

impl Error {
    /// A single wrong field.
    pub fn field(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError::new(field, detail)])
    }

    /// A fault of this service, whose cause only the log sees.
    pub fn internal(cause: impl Into<Cause>) -> Self {
        Self::Internal(cause.into())
    }

    /// The stable code for the caller's program.
    #[must_use]
    pub fn code(&self) -> ProblemCode {
        match self {
            Self::Malformed(_) => ProblemCode::MalformedRequest,
            Self::InvalidCursor => ProblemCode::InvalidCursor,
            Self::Unauthenticated => ProblemCode::Unauthenticated,
            Self::InvalidCredentials => ProblemCode::InvalidCredentials,
            Self::InvalidToken => ProblemCode::InvalidToken,
            Self::ExpiredToken => ProblemCode::ExpiredToken,
            Self::RefreshReused => ProblemCode::RefreshReused,
            Self::Forbidden(_) => ProblemCode::Forbidden,
            Self::RegistrationClosed => ProblemCode::RegistrationClosed,
            Self::NotFound => ProblemCode::NotFound,
            Self::MethodNotAllowed(_) => ProblemCode::MethodNotAllowed,
            Self::RequestTimeout(_) => ProblemCode::RequestTimeout,
            Self::UsernameTaken => ProblemCode::UsernameTaken,
            Self::IdempotencyInProgress => ProblemCode::IdempotencyInProgress,
            Self::PreconditionFailed { .. } => ProblemCode::PreconditionFailed,
            Self::BodyTooLarge { .. } => ProblemCode::BodyTooLarge,
            Self::UnsupportedMediaType { .. } => ProblemCode::UnsupportedMediaType,
            Self::UnsupportedImage(_) => ProblemCode::UnsupportedImage,
            Self::Invalid(_) => ProblemCode::ValidationFailed,
            Self::ImageMissing(_) => ProblemCode::ImageMissing,
            Self::ImageDimensions(_) => ProblemCode::ImageDimensions,
            Self::ImageCorrupt(_) => ProblemCode::ImageCorrupt,
            Self::IdempotencyMismatch => ProblemCode::IdempotencyMismatch,
            Self::BatchRejected(_) => ProblemCode::BatchRejected,
            Self::NotAttempted => ProblemCode::NotAttempted,
            Self::RateLimited(_) => ProblemCode::RateLimited,
            Self::Internal(_) => ProblemCode::Internal,
            Self::Overloaded(_) => ProblemCode::Overloaded,
            Self::DatabaseUnavailable(_) => ProblemCode::DatabaseUnavailable,
            Self::StoreUnavailable(_) => ProblemCode::StoreUnavailable,
            Self::StorageFull(_) => ProblemCode::StorageFull,
        }
    }

    /// What the caller may know and can do. Never a cause.
    pub(crate) fn detail(&self) -> String {
        match self {
            Self::Malformed(detail) | Self::Forbidden(detail) => detail.clone(),
            Self::UnsupportedImage(detail) | Self::ImageMissing(detail) => detail.clone(),
            Self::ImageDimensions(detail) => detail.clone(),
            // What the decoder says is for the log.
            Self::ImageCorrupt(_) => {
                "the picture's data end early or are damaged: export it again from its source".into()
            }
            Self::InvalidCursor => "this cursor belongs to another list: begin at its first page".into(),
            Self::Unauthenticated => "log in and send `Authorization: Bearer <access token>`".into(),
            Self::InvalidCredentials => "no active user has this username and password".into(),
            Self::InvalidToken => "this token is not valid, or its session has ended: log in".into(),
            Self::ExpiredToken => "this token has expired: refresh it, or log in".into(),
            Self::RefreshReused => {
                "this refresh token was used before, so its session has ended: log in".into()
            }
            Self::RegistrationClosed => "ask an administrator for an account".into(),
            Self::NotFound => "there is nothing here, or nothing that you may see".into(),
            Self::MethodNotAllowed(allowed) => {
                let allowed: Vec<&str> = allowed.iter().map(Method::as_str).collect();
                format!("this path takes {}", allowed.join(", "))
            }
            Self::RequestTimeout(after) => {
                format!(
                    "nothing arrived for {} s: send the request again",
                    after.as_secs_f32()
                )
            }
            Self::UsernameTaken => "choose another username".into(),
            Self::IdempotencyInProgress => {
                "the first request with this `Idempotency-Key` is not done: repeat it later".into()
            }
            Self::PreconditionFailed { current } => {
                format!("the photo has version {current} by now: read it again")
            }
            Self::BodyTooLarge { limit } => format!("at most {limit} bytes are accepted"),
            Self::UnsupportedMediaType { expected } => format!("send `Content-Type: {expected}`"),
            Self::Invalid(errors) => match errors.as_slice() {
                [only] => format!("{}: {}", only.field, only.detail),
                many => format!("{} fields are wrong", many.len()),
            },
            Self::IdempotencyMismatch => {
                "this `Idempotency-Key` was used for another request: take a new one".into()
            }
            Self::BatchRejected(_) => "nothing was done, because some items cannot be: see `results`".into(),
            Self::NotAttempted => "another item of the batch failed, so this one was left alone".into(),
            Self::RateLimited(wait) => {
                format!("too many failed logins: try again in {} s", whole_seconds(*wait))
            }
            Self::Internal(_) => "this is our fault: report the `request_id` if it persists".into(),
            Self::Overloaded(what) => format!("{what}: try again shortly"),
            Self::DatabaseUnavailable(_) => "the database does not answer: try again shortly".into(),
            Self::StoreUnavailable(_) => "the object store does not answer: try again shortly".into(),
            Self::StorageFull(_) => "there is no room left to store this".into(),
        }
    }

    /// What the log must know, beyond the answer.
    #[must_use]
    pub fn cause(&self) -> Option<&Cause> {
        match self {
            Self::Internal(cause)
            | Self::DatabaseUnavailable(cause)
            | Self::StoreUnavailable(cause)
            | Self::StorageFull(cause) => Some(cause),
            _ => None,
        }
    }

    /// How long the caller should wait, where that is known.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited(wait) => Some(*wait),
            Self::Overloaded(_) => Some(Duration::from_secs(1)),
            Self::DatabaseUnavailable(_) | Self::StoreUnavailable(_) => Some(BACK_SOON),
            _ => None,
        }
    }

    /// The problem, as it also stands in the results of a batch.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let mut problem = Problem::new(self.code()).with_detail(self.detail());
        match self {
            Self::Invalid(errors) => problem.errors.clone_from(errors),
            Self::BatchRejected(results) => problem.results.clone_from(results),
            _ => {}
        }
        problem
    }

    /// The whole answer, for the call of `instance` with `request_id`.
    pub(crate) fn answer(&self, instance: Option<&str>, request_id: Option<&str>) -> HttpResponse {
        let mut problem = self.problem();
        problem.instance = instance.map(str::to_owned);
        problem.request_id = request_id.map(str::to_owned);
        let mut response = HttpResponseBuilder::new(self.status_code());
        response.content_type(PROBLEM_JSON);
        if self.status_code() == StatusCode::UNAUTHORIZED {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        if let Some(wait) = self.retry_after() {
            response.insert_header((header::RETRY_AFTER, whole_seconds(wait).to_string()));
        }
        if let Self::MethodNotAllowed(allowed) = self {
            response.insert_header(header::Allow(allowed.clone()));
        }
        match serde_json::to_vec(&problem) {
            Ok(body) => response.body(body),
            Err(_) => response.finish(),
        }
    }
}

/// Seconds, rounded up, so that a caller who obeys never comes too early.
pub(crate) fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.code().status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        self.answer(None, None)
    }
}

impl From<crate::auth::passwords::PasswordError> for Error {
    fn from(error: crate::auth::passwords::PasswordError) -> Self {
        use crate::auth::passwords::PasswordError;
        match error {
            PasswordError::Overloaded(_) => Self::Overloaded("too many passwords are being checked"),
            PasswordError::Fault(_) => Self::internal(error),
        }
    }
}

impl From<DbError> for Error {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Unavailable { .. } => Self::DatabaseUnavailable(error.into()),
            DbError::Full { .. } => Self::StorageFull(error.into()),
            DbError::Conflict(_) | DbError::Refused(_) | DbError::Fault(_) => Self::internal(error),
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable { .. } => Self::StoreUnavailable(error.into()),
            StoreError::Full { .. } => Self::StorageFull(error.into()),
            // Callers that expect an object to be missing ask for it; a row without its object is our fault.
            StoreError::NotFound { .. } | StoreError::Mismatch { .. } | StoreError::Fault { .. } => {
                Self::internal(error)
            }
        }
    }
}

impl From<jsonwebtoken::errors::Error> for Error {
    fn from(error: jsonwebtoken::errors::Error) -> Self {
        Self::internal(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caller_never_sees_a_cause() {
        let secret = "password of the database";
        let all = [
            Error::internal(secret),
            Error::DatabaseUnavailable(secret.into()),
            Error::StoreUnavailable(secret.into()),
            Error::StorageFull(secret.into()),
        ];
        for error in all {
            let shown = serde_json::to_string(&error.problem()).unwrap_or_default();
            assert!(shown.contains(error.code().as_str()), "{shown}");
            assert!(!shown.contains(secret), "{shown}");
            assert!(error.cause().is_some_and(|cause| cause.to_string() == secret));
        }
    }

    #[test]
    fn nobody_who_obeys_comes_too_early() {
        assert_eq!(whole_seconds(Duration::from_millis(1)), 1);
        assert_eq!(whole_seconds(Duration::from_secs(2)), 2);
        let header = |error: Error| {
            error
                .answer(None, None)
                .headers()
                .contains_key(header::RETRY_AFTER)
        };
        assert!(header(Error::RateLimited(Duration::from_secs(1))));
        assert!(header(Error::Overloaded("busy")));
        assert!(header(Error::DatabaseUnavailable("away".into())));
        assert!(header(Error::StoreUnavailable("away".into())));
    }
}
