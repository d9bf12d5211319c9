//! What faults of the media and refusals of a change mean for the caller.

use photos_api::FieldError;

use crate::domain::{FieldFault, Refusal};
use crate::error::Error;
use crate::media::MediaError;

impl From<MediaError> for Error {
    fn from(error: MediaError) -> Self {
        let text = error.to_string();
        match error {
            MediaError::Overloaded => Self::Overloaded("the server is busy with other images"),
            MediaError::TooManyBytes { limit } | MediaError::BodyTooLarge { limit } => {
                Self::BodyTooLarge { limit }
            }
            MediaError::Unsupported(_) => Self::UnsupportedImage(text),
            MediaError::Dimensions(_) => Self::ImageDimensions(text),
            MediaError::Corrupt(_) => Self::ImageCorrupt(text),
            MediaError::Missing { .. } => Self::ImageMissing(text),
            MediaError::Malformed(_) => Self::Malformed(text),
            MediaError::NotMultipart => Self::UnsupportedMediaType {
                expected: "multipart/form-data",
            },
            MediaError::Fields(faults) => Self::Invalid(faults),
            MediaError::Stalled(idle) => Self::RequestTimeout(idle),
            MediaError::Full(source) => Self::StorageFull(source.into()),
            MediaError::Db(error) => error.into(),
            MediaError::Store(error) => error.into(),
            error @ (MediaError::Encode(_)
            | MediaError::Variant(_)
            | MediaError::Row { .. }
            | MediaError::Spool(_)
            | MediaError::Panicked(_)) => Self::internal(error),
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound => Self::NotFound,
            Refusal::Forbidden => Self::Forbidden("only its owner and staff may change a photo".into()),
            Refusal::PreconditionFailed { current } => Self::PreconditionFailed { current },
            Refusal::Invalid(faults) => Self::Invalid(faults.into_iter().map(field_error).collect()),
            Refusal::NotAttempted => Self::NotAttempted,
        }
    }
}

/// A fault of the domain in the words of the API.
pub(super) fn field_error(fault: FieldFault) -> FieldError {
    FieldError::new(fault.field, fault.detail)
}
