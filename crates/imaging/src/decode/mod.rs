//! Bytes to pixels, one module a format.

pub(crate) mod animation;
pub(crate) mod jpeg;
pub(crate) mod png;
mod segments;
#[cfg(feature = "turbo")]
pub(crate) mod turbo;

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::ImageError;
use crate::header::{Format, Header};
use crate::picture::Picture;

/// Pixels as stored, not yet upright, and the profile that says what their numbers mean.
pub(crate) struct Decoded {
    pub(crate) picture: Picture,
    /// Width and height of what is shown, in pixels of `picture`, from its upper left corner. Less than a whole pixel
    /// away from the picture's own.
    pub(crate) extent: (f64, f64),
    /// ICC profile, if the file has one.
    pub(crate) profile: Option<Vec<u8>>,
}

impl Decoded {
    /// A picture at full size.
    pub(crate) fn full(picture: Picture, profile: Option<Vec<u8>>) -> Self {
        let extent = (f64::from(picture.width), f64::from(picture.height));
        Self {
            picture,
            extent,
            profile,
        }
    }
}

/// Decodes the picture that `header` was read from, to at least `scale` (0 to 1) of its full size.
pub(crate) fn decode(bytes: &[u8], header: &Header, scale: f64) -> Result<Decoded, ImageError> {
    let decoded = guarded(|| match header.format {
        Format::Jpeg => jpeg::decode(bytes, scale),
        Format::Png => png::decode(bytes),
        Format::WebP => animation::decode(animation::webp(bytes)?),
        Format::Gif => animation::decode(animation::gif(bytes)?),
    })?;
    let (width, height) = header.stored_size();
    // A pixel of what was decoded is a whole number of pixels of the picture.
    let whole = |side: u32, extent: f64| (f64::from(side) / extent).fract() == 0.0;
    if whole(width, decoded.extent.0) && whole(height, decoded.extent.1) {
        return Ok(decoded);
    }
    Err(ImageError::corrupt(
        "it decodes to another size than its header says",
    ))
}

/// Runs a decoder on bytes from anywhere: if it panics, the bytes are at fault, not the process.
pub(crate) fn guarded<T>(run: impl FnOnce() -> Result<T, ImageError>) -> Result<T, ImageError> {
    catch_unwind(AssertUnwindSafe(run))
        .unwrap_or_else(|_| Err(ImageError::corrupt("the decoder could not make sense of it")))
}
