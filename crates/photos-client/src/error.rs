//! What a call can fail with, each saying what to do next.

use std::path::PathBuf;
use std::time::Duration;

use photos_api::{Problem, ProblemCode};
use url::Url;

use crate::store::TokenStoreError;

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The service refused, and says why.
    #[error("{0}")]
    Problem(Box<Problem>),
    /// An answer that is not the service's: of a proxy, or of another program at this address.
    #[error("{url} answered {status}, not as the photos service does: {excerpt}. Is this its address?")]
    Unexpected {
        /// What was called.
        url: Url,
        /// HTTP status.
        status: u16,
        /// The beginning of the answer.
        excerpt: String,
    },
    /// The answer has the right status and a body that cannot be read.
    #[error(
        "{url} answered with a body that cannot be read: {source}. Are client and service of one version?"
    )]
    Body {
        /// What was called.
        url: Url,
        /// What is wrong with the body.
        source: serde_json::Error,
    },
    /// No connection could be made: nothing was sent.
    #[error("cannot reach {url}: {reason}. Is the service running, and is this its address?")]
    Unreachable {
        /// What was called.
        url: Url,
        /// The first cause.
        reason: String,
        /// The whole chain.
        source: reqwest::Error,
    },
    /// The connection broke; whether the call was done is not known.
    #[error("the connection to {url} broke: {reason}. Whether the call was done is not known")]
    Broken {
        /// What was called.
        url: Url,
        /// The first cause.
        reason: String,
        /// The whole chain.
        source: reqwest::Error,
    },
    /// No answer in time; whether the call was done is not known.
    #[error("{url} did not answer within {after:?}. Whether the call was done is not known")]
    Timeout {
        /// What was called.
        url: Url,
        /// How long it was waited for, or, for an upload, how long nothing moved.
        after: Duration,
    },
    /// The file to upload cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The call needs a login, and there is none.
    #[error("not logged in: log in first")]
    NotLoggedIn,
    /// The login has ended: it expired, was revoked, or its renewal was interrupted.
    #[error("the login has ended: log in again")]
    SessionEnded,
    /// The tokens cannot be read or kept.
    #[error(transparent)]
    TokenStore(#[from] TokenStoreError),
    /// The caller gave something that cannot be sent.
    #[error("{0}")]
    Invalid(String),
}

impl ClientError {
    /// The refusal, if it is one.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Problem(problem) => Some(problem),
            _ => None,
        }
    }

    /// The refusal's code, if it is one.
    pub fn code(&self) -> Option<ProblemCode> {
        self.problem().map(|problem| problem.code)
    }

    /// Whether the call was certainly not done, so that it may be repeated with the same single-use token.
    pub(crate) fn was_not_done(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Problem(problem) => matches!(problem.status, 429 | 503),
            Self::Unexpected { status, .. } => matches!(status, 429 | 503),
            _ => false,
        }
    }

    /// Sorts what the transport reports by what is known about the call.
    pub(crate) fn from_transport(url: &Url, timeout: Duration, error: reqwest::Error) -> Self {
        let url = url.clone();
        let source = error.without_url();
        let reason = first_cause(&source);
        if source.is_builder() {
            Self::Invalid(format!("the request to {url} cannot be built: {reason}"))
        } else if source.is_connect() {
            Self::Unreachable { url, reason, source }
        } else if source.is_timeout() {
            Self::Timeout { url, after: timeout }
        } else {
            Self::Broken { url, reason, source }
        }
    }
}

fn first_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
