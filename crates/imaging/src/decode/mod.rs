//! Bytes to pixels, one module a format.

pub(crate) mod animation;
pub(crate) mod jpeg;
pub(crate) mod png;
mod segments;

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::ImageError;
use crate::header::{Format, Header};
use crate::picture::Picture;

/// Pixels as stored, not yet upright, and the profile that says what their numbers mean.
pub(crate) struct Decoded {
    pub(crate) picture: Picture,
    /// ICC profile, if the file has one.
    pub(crate) profile: Option<Vec<u8>>,
}

/// Decodes the picture that `header` was read from.
pub(crate) fn decode(bytes: &[u8], header: &Header) -> Result<Decoded, ImageError> {
    guarded(|| match header.format {
        Format::Jpeg => jpeg::decode(bytes),
        Format::Png => png::decode(bytes),
        Format::WebP => animation::decode(animation::webp(bytes)?),
        Format::Gif => animation::decode(animation::gif(bytes)?),
    })
}

/// Runs a decoder on bytes from anywhere: if it panics, the bytes are at fault, not the process.
pub(crate) fn guarded<T>(run: impl FnOnce() -> Result<T, ImageError>) -> Result<T, ImageError> {
    catch_unwind(AssertUnwindSafe(run))
        .unwrap_or_else(|_| Err(ImageError::corrupt("the decoder could not make sense of it")))
}
