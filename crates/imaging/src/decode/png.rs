//! PNG: every colour type and depth, as eight bits of grey, RGB or RGBA.

use std::io::Cursor;

use png::{ColorType, DecodingError, Limits, Transformations};

use super::Decoded;
use crate::budget::Cost;
use crate::error::ImageError;
use crate::header::{Format, Header};
use crate::orient;
use crate::picture::{Layout, Picture};

/// The most that profile, EXIF and palette may take, decompressed.
const MAX_METADATA: usize = 8 << 20;

/// Bytes of pixels beyond what a picture needs that are never looked into.
const SLACK: u64 = 64 << 10;

/// Width and height, as the first chunk states them.
pub(crate) fn stated_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let header = bytes.get(12..)?.strip_prefix(b"IHDR")?;
    let (width, rest) = header.split_first_chunk::<4>()?;
    let (height, _) = rest.split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*width), u32::from_be_bytes(*height)))
}

/// Reads everything before the pixels.
pub(crate) fn header(bytes: &[u8]) -> Result<Header, ImageError> {
    let reader = decoder(bytes).read_info().map_err(refusal)?;
    let info = reader.info();
    let orientation = orient::from_exif(info.exif_metadata.as_deref());
    let (width, height) = orient::oriented(orientation, (info.width, info.height));
    // Deflate makes nothing longer, but for some bytes: what takes more than twice the picture hides something else in it.
    if image_data(bytes) > 2 * info.raw_bytes() as u64 + SLACK {
        return Err(ImageError::corrupt("it has more data than its size says"));
    }
    let pixels = u64::from(width) * u64::from(height);
    let channels = reader.output_color_type().0.samples() as u64;
    let cost = Cost {
        working: u64::from(info.width) * 32 + MAX_METADATA as u64,
        // Grey with alpha is spread to four channels while its two are still there.
        decoded: if channels == 2 {
            pixels * 6
        } else {
            pixels * channels
        },
        channels: if channels == 2 { 4 } else { channels },
    };
    Ok(Header {
        format: Format::Png,
        width,
        height,
        orientation,
        progressive: false,
        cost,
    })
}

/// Decodes the still picture.
pub(crate) fn decode(bytes: &[u8]) -> Result<Decoded, ImageError> {
    let mut reader = decoder(bytes).read_info().map_err(refusal)?;
    let size = reader
        .output_buffer_size()
        .ok_or_else(|| ImageError::corrupt("its size overflows"))?;
    let mut pixels = vec![0; size];
    let frame = reader.next_frame(&mut pixels).map_err(refusal)?;
    let (layout, pixels) = match frame.color_type {
        ColorType::Grayscale => (Layout::Grey, pixels),
        ColorType::GrayscaleAlpha => (Layout::Rgba, spread(&pixels)),
        ColorType::Rgb => (Layout::Rgb, pixels),
        ColorType::Rgba => (Layout::Rgba, pixels),
        ColorType::Indexed => return Err(ImageError::corrupt("its palette is missing")),
    };
    let profile = reader.info().icc_profile.as_ref().map(|profile| profile.to_vec());
    Ok(Decoded::full(
        Picture {
            width: frame.width,
            height: frame.height,
            layout,
            pixels,
        },
        profile,
    ))
}

fn decoder(bytes: &[u8]) -> png::Decoder<Cursor<&[u8]>> {
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: MAX_METADATA });
    decoder.set_ignore_text_chunk(true);
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    decoder
}

/// The bytes of all chunks of pixels together, compressed.
fn image_data(bytes: &[u8]) -> u64 {
    let mut rest = bytes.get(8..).unwrap_or_default();
    let mut total = 0;
    while let Some((head, data)) = rest.split_first_chunk::<8>() {
        let [a, b, c, d, kind @ ..] = *head;
        let length = u32::from_be_bytes([a, b, c, d]);
        if &kind == b"IDAT" {
            total += u64::from(length);
        }
        // Behind the data is a checksum of four bytes.
        let next = usize::try_from(length)
            .ok()
            .and_then(|length| length.checked_add(4));
        rest = next.and_then(|next| data.get(next..)).unwrap_or_default();
    }
    total
}

fn spread(grey_alpha: &[u8]) -> Vec<u8> {
    grey_alpha
        .as_chunks::<2>()
        .0
        .iter()
        .flat_map(|&[grey, alpha]| [grey, grey, grey, alpha])
        .collect()
}

fn refusal(error: DecodingError) -> ImageError {
    match error {
        DecodingError::IoError(_) => ImageError::cut_off(),
        // The decoder's own words name its types.
        DecodingError::Format(_) => {
            ImageError::corrupt("it has parts that no PNG can have, or that were altered")
        }
        error => ImageError::corrupt(error),
    }
}
