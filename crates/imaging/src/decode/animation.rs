//! GIF and WebP: still pictures, and the first frame of moving ones.

use std::io::Cursor;

use image::codecs::gif::GifDecoder;
use image::codecs::webp::WebPDecoder;
use image::{ColorType, ImageDecoder};

use super::Decoded;
use crate::budget::Cost;
use crate::error::ImageError;
use crate::header::{Format, Header};
use crate::orient::{self, Orientation};
use crate::picture::{Layout, Picture};

pub(crate) fn webp(bytes: &[u8]) -> Result<WebPDecoder<Cursor<&[u8]>>, ImageError> {
    WebPDecoder::new(Cursor::new(bytes)).map_err(refusal)
}

pub(crate) fn gif(bytes: &[u8]) -> Result<GifDecoder<Cursor<&[u8]>>, ImageError> {
    GifDecoder::new(Cursor::new(bytes)).map_err(refusal)
}

pub(crate) fn header(format: Format, decoder: &impl ImageDecoder, orientation: Orientation) -> Header {
    let (width, height) = orient::oriented(orientation, decoder.dimensions());
    let pixels = u64::from(width) * u64::from(height);
    let channels = u64::from(decoder.color_type().channel_count());
    // A frame that does not cover the picture is decoded apart; lossy WebP has planes of its own.
    let cost = Cost {
        working: pixels * 5,
        decoded: pixels * channels,
        channels,
    };
    Header {
        format,
        width,
        height,
        orientation,
        progressive: false,
        cost,
    }
}

pub(crate) fn decode(mut decoder: impl ImageDecoder) -> Result<Decoded, ImageError> {
    let (width, height) = decoder.dimensions();
    let layout = match decoder.color_type() {
        ColorType::Rgb8 => Layout::Rgb,
        ColorType::Rgba8 => Layout::Rgba,
        other => return Err(ImageError::unsupported(format!("pixels of the kind {other:?}"))),
    };
    let profile = decoder.icc_profile().unwrap_or(None);
    let size = usize::try_from(decoder.total_bytes()).map_err(ImageError::corrupt)?;
    let mut pixels = vec![0; size];
    decoder.read_image(&mut pixels).map_err(refusal)?;
    Ok(Decoded::full(
        Picture {
            width,
            height,
            layout,
            pixels,
        },
        profile,
    ))
}

fn refusal(error: image::ImageError) -> ImageError {
    match error {
        image::ImageError::Unsupported(what) => ImageError::unsupported(what.to_string()),
        error => ImageError::corrupt(error),
    }
}
