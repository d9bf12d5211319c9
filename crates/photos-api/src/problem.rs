//! Refusals: RFC 9457 problem details with a stable code.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::BatchResult;

/// Why a call was refused, as `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// `/problems/<code>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The code in words.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// What was wrong this time and what to do, for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What was wrong, for a program.
    pub code: ProblemCode,
    /// Path of the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Id of the call, also in the service's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Faults of single fields.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// With `batch-rejected`: what became of each item, in the order of the request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(no_recursion))]
    pub results: Vec<BatchResult>,
}

impl Problem {
    /// A problem with the status and title of its code, and nothing else yet.
    pub fn new(code: ProblemCode) -> Self {
        Self {
            kind: format!("/problems/{code}"),
            title: code.title().to_owned(),
            status: code.status(),
            detail: None,
            code,
            instance: None,
            request_id: None,
            errors: Vec::new(),
            results: Vec::new(),
        }
    }

    /// The same with a `detail`.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// The same with faults of fields.
    #[must_use]
    pub fn with_errors(mut self, errors: Vec<FieldError>) -> Self {
        self.errors = errors;
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.detail.as_deref().unwrap_or(&self.title);
        f.write_str(text)?;
        for error in self.errors.iter().map(ToString::to_string) {
            // The service's detail names the fields in the same words.
            if !text.contains(&error) {
                write!(f, "; {error}")?;
            }
        }
        write!(f, " ({} {})", self.status, self.code)
    }
}

impl std::error::Error for Problem {}

/// A fault of one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldError {
    /// Name of the field or parameter, with a path into lists: `items[2].caption`.
    pub field: String,
    /// What is wrong with it.
    pub detail: String,
}

impl FieldError {
    /// A fault of `field`.
    pub fn new(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            detail: detail.into(),
        }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.detail)
    }
}

macro_rules! codes {
    ($($variant:ident = $code:literal, $status:literal, $title:literal;)*) => {
        /// What was wrong, for a program: each code has one status and one title.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        // For all of them at once: utoipa does not see a `rename` whose name a macro has put there.
        #[serde(rename_all = "kebab-case")]
        pub enum ProblemCode {
            $(#[doc = concat!("`", $code, "`, ", stringify!($status), ": ", $title, ".")]
            $variant,)*
            /// A code that this version does not know; only ever read, never sent.
            #[serde(other)]
            Unknown,
        }

        impl ProblemCode {
            /// Every code that is sent.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The code as it is sent.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)*
                    Self::Unknown => "unknown",
                }
            }

            /// HTTP status.
            pub const fn status(self) -> u16 {
                match self {
                    $(Self::$variant => $status,)*
                    Self::Unknown => 500,
                }
            }

            /// The code in words.
            pub const fn title(self) -> &'static str {
                match self {
                    $(Self::$variant => $title,)*
                    Self::Unknown => "Unknown problem",
                }
            }
        }
    };
}

codes! {
    MalformedRequest = "malformed-request", 400, "Malformed request";
    InvalidCursor = "invalid-cursor", 400, "Invalid cursor";
    Unauthenticated = "unauthenticated", 401, "Not logged in";
    InvalidCredentials = "invalid-credentials", 401, "Wrong username or password";
    InvalidToken = "invalid-token", 401, "Invalid token";
    ExpiredToken = "expired-token", 401, "Expired token";
    RefreshReused = "refresh-reused", 401, "Refresh token used twice";
    Forbidden = "forbidden", 403, "Forbidden";
    RegistrationClosed = "registration-closed", 403, "Registration is closed";
    NotFound = "not-found", 404, "Not found";
    MethodNotAllowed = "method-not-allowed", 405, "Method not allowed";
    RequestTimeout = "request-timeout", 408, "Request timed out";
    UsernameTaken = "username-taken", 409, "Username is taken";
    IdempotencyInProgress = "idempotency-in-progress", 409, "The same request is in progress";
    PreconditionFailed = "precondition-failed", 412, "Changed meanwhile";
    BodyTooLarge = "body-too-large", 413, "Body too large";
    UnsupportedMediaType = "unsupported-media-type", 415, "Unsupported media type";
    UnsupportedImage = "unsupported-image", 415, "Unsupported image";
    ValidationFailed = "validation-failed", 422, "Validation failed";
    ImageMissing = "image-missing", 422, "Image missing";
    ImageDimensions = "image-dimensions", 422, "Image dimensions out of range";
    ImageCorrupt = "image-corrupt", 422, "Image cannot be read";
    IdempotencyMismatch = "idempotency-mismatch", 422, "Idempotency key used for another request";
    BatchRejected = "batch-rejected", 422, "Batch rejected";
    NotAttempted = "not-attempted", 424, "Not attempted";
    RateLimited = "rate-limited", 429, "Too many requests";
    Internal = "internal", 500, "Internal error";
    Overloaded = "overloaded", 503, "Overloaded";
    DatabaseUnavailable = "database-unavailable", 503, "Database unavailable";
    StoreUnavailable = "store-unavailable", 503, "Store unavailable";
    StorageFull = "storage-full", 507, "Storage full";
}

impl fmt::Display for ProblemCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
