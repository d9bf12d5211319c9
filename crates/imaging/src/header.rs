//! What a file's header says: format, size, orientation, and what decoding would cost. Never decodes.

use image::ImageDecoder as _;

use crate::budget;
use crate::decode::{animation, jpeg, png};
use crate::error::ImageError;
use crate::orient::{self, Orientation};
use crate::preset::PresetSpec;

/// Formats that are decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Baseline or progressive, grey, colour or CMYK.
    Jpeg,
    /// Every colour type and depth; of an animated one the still picture.
    Png,
    /// Lossy or lossless; the first frame of an animated one.
    WebP,
    /// The first frame.
    Gif,
}

impl Format {
    /// Lower-case name, as in `jpeg`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::Png => "png",
            Self::WebP => "webp",
            Self::Gif => "gif",
        }
    }

    /// By the first bytes; a file's name or announced type play no part.
    fn of(bytes: &[u8]) -> Result<Self, ImageError> {
        match bytes {
            [0xff, 0xd8, 0xff, ..] => Ok(Self::Jpeg),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Ok(Self::Png),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Ok(Self::WebP),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Ok(Self::Gif),
            [] => Err(ImageError::unsupported("it is empty")),
            _ => Err(ImageError::unsupported("its first bytes are of no known kind")),
        }
    }
}

/// How large a picture may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Greatest width × height.
    pub max_pixels: u64,
    /// Greatest width and greatest height.
    pub max_side: u32,
}

impl Limits {
    fn check(&self, width: u32, height: u32) -> Result<(), ImageError> {
        let pixels = u64::from(width) * u64::from(height);
        if pixels > self.max_pixels || width.max(height) > self.max_side {
            return Err(ImageError::TooLarge {
                width,
                height,
                max_side: self.max_side,
                max_pixels: self.max_pixels,
            });
        }
        Ok(())
    }
}

/// What [`probe`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The format, by the first bytes.
    pub format: Format,
    /// Width in pixels, after orientation.
    pub width: u32,
    /// Height in pixels, after orientation.
    pub height: u32,
    /// How the stored picture has to be turned to be upright.
    pub orientation: Orientation,
    /// Whether it is a progressive JPEG, whose coefficients are all held at once.
    pub progressive: bool,
    /// What decoding holds at once.
    pub(crate) cost: budget::Cost,
}

impl Header {
    /// Width and height as stored, before orientation.
    pub(crate) fn stored_size(&self) -> (u32, u32) {
        orient::oriented(self.orientation, (self.width, self.height))
    }

    /// The most memory in bytes that [`render`](crate::render) may hold at once for these presets, the encoded input
    /// not counted: coefficients, decoded pixels, resized ones, scratch space and outputs.
    #[must_use]
    pub fn decode_bytes(&self, presets: &[PresetSpec]) -> u64 {
        budget::peak(self, presets)
    }
}

/// Reads the header of a picture and refuses what is too large, without decoding anything and without allocating more
/// than the metadata in the header takes.
///
/// # Errors
/// [`ImageError::Unsupported`] if the bytes are no picture of a known kind, [`ImageError::Corrupt`] if its header is
/// damaged or cut off, [`ImageError::TooLarge`] if its size is beyond `limits`.
pub fn probe(bytes: &[u8], limits: &Limits) -> Result<Header, ImageError> {
    let format = Format::of(bytes)?;
    // The decoder of PNG refuses some sizes by itself, without saying which.
    if let (Format::Png, Some((width, height))) = (format, png::stated_size(bytes)) {
        limits.check(width, height)?;
    }
    let header = crate::decode::guarded(|| match format {
        Format::Jpeg => jpeg::header(bytes),
        Format::Png => png::header(bytes),
        Format::WebP => {
            let mut decoder = animation::webp(bytes)?;
            let exif = decoder.exif_metadata().unwrap_or(None);
            Ok(animation::header(
                format,
                &decoder,
                orient::from_exif(exif.as_deref()),
            ))
        }
        Format::Gif => Ok(animation::header(
            format,
            &animation::gif(bytes)?,
            Orientation::NoTransforms,
        )),
    })?;
    if header.width == 0 || header.height == 0 {
        return Err(ImageError::corrupt("it has no pixels"));
    }
    limits.check(header.width, header.height)?;
    Ok(header)
}
