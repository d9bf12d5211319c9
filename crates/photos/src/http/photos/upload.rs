//! What both creations share: the body and its end, the fields of a photo, the answer that is kept for a repetition.

use std::time::Duration;

use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use photos_api::{FieldError, ProblemCode};

use super::errors::field_error;
use crate::app::App;
use crate::db::idempotency::StoredAnswer;
use crate::domain::validate;
use crate::error::Error;
use crate::http::idempotency::Held;
use crate::media::MediaError;
use crate::media::body::{Body, DrainBounds};
use crate::media::form::Form;
use crate::media::ingest::Details;

/// What a form may have beside its files: texts, headers of parts, boundaries.
pub(super) const OVERHEAD: u64 = 2 << 20;

/// How long a refused body is read before the refusal is sent. The connection is read on for a while after it, too.
const DRAIN_TIME: Duration = Duration::from_secs(5);

/// The body of an upload.
pub(super) struct Upload {
    body: Body,
    limit: u64,
    idle: Duration,
}

impl Upload {
    /// A body of at most `files` files.
    pub(super) fn new(app: &App, payload: Payload, files: u64) -> Self {
        let limit = app
            .media
            .max_bytes()
            .saturating_mul(files)
            .saturating_add(OVERHEAD);
        let idle = app.options.stalled_after;
        Self {
            body: Body::new(payload.into_inner(), idle, limit),
            limit,
            idle,
        }
    }

    /// The body's parts.
    pub(super) fn form(&self, request: &HttpRequest) -> Form {
        Form::new(request.headers(), self.body.clone(), self.idle, self.limit)
    }

    /// Ends the body: what is left is read within bounds, so that the answer reaches a client that sends everything before it
    /// reads. Counts what became of the upload.
    pub(super) async fn end(
        mut self,
        app: &App,
        answer: Result<HttpResponse, Error>,
    ) -> Result<HttpResponse, Error> {
        if !matches!(answer, Err(Error::RequestTimeout(_))) {
            let bytes = app.media.max_bytes().saturating_mul(2).saturating_add(OVERHEAD);
            self.body
                .drain(DrainBounds {
                    bytes,
                    time: DRAIN_TIME,
                })
                .await;
        }
        if let Err(error) = &answer {
            let result = if error.code().status() < 500 {
                "refused"
            } else {
                "failed"
            };
            app.metrics.uploads.with_label_values(&[result]).inc();
        }
        answer
    }
}

/// Checks what a caller says of a new photo.
///
/// # Errors
/// Every wrong field.
pub(super) fn details(name: Option<&str>, caption: &str, draft: bool) -> Result<Details, Vec<FieldError>> {
    let name = match name {
        Some(name) => validate::name(name).map_err(field_error),
        None => Err(FieldError::new("name", "is required")),
    };
    match (name, validate::caption(caption).map_err(field_error)) {
        (Ok(name), Ok(caption)) => Ok(Details { name, caption, draft }),
        (name, caption) => Err(name.err().into_iter().chain(caption.err()).collect()),
    }
}

/// The parts of an answer that was kept, as a response.
pub(super) fn respond(answer: &StoredAnswer) -> Result<HttpResponse, Error> {
    let status = actix_web::http::StatusCode::from_u16(answer.status).map_err(Error::internal)?;
    let mut response = HttpResponse::build(status);
    for (name, value) in &answer.headers {
        response.insert_header((name.as_str(), value.as_str()));
    }
    Ok(response.body(answer.body.clone()))
}

/// The work is committed: its key, if there is one, keeps the answer.
pub(super) fn keep(held: Option<Held>) {
    if let Some(held) = held {
        held.keep();
    }
}

/// Whether one file is to blame, and not the request or the service: then only its item of a batch fails.
pub(super) fn is_of_the_file(error: &Error) -> bool {
    matches!(
        error.code(),
        ProblemCode::BodyTooLarge
            | ProblemCode::UnsupportedImage
            | ProblemCode::ImageDimensions
            | ProblemCode::ImageCorrupt
            | ProblemCode::ImageMissing
    )
}

/// The form of a file part that has no bytes: browsers send one when nothing was chosen.
pub(super) fn missing(part: &str) -> MediaError {
    MediaError::Missing {
        part: part.to_owned(),
    }
}
