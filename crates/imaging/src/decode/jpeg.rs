//! JPEG: baseline and progressive, grey, colour and CMYK.

use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;

use super::{Decoded, segments};
use crate::budget::Cost;
use crate::error::ImageError;
use crate::header::{Format, Header};
use crate::orient;
use crate::picture::{Layout, Picture};

/// Usual files have about ten scans; each takes time in proportion to the picture, not to its own bytes.
pub(crate) const MAX_SCANS: u8 = 64;

type Decoder<'a> = JpegDecoder<ZCursor<&'a [u8]>>;

/// Reads everything before the first scan.
pub(crate) fn header(bytes: &[u8]) -> Result<Header, ImageError> {
    let decoder = opened(bytes)?;
    let info = decoder
        .info()
        .ok_or_else(|| ImageError::corrupt("it has no header"))?;
    let channels = layout(&decoder)?.channels() as u64;
    let orientation = orient::from_exif(info.exif_data.as_deref());
    let progressive = info.sof.is_progressive();
    let (stored_width, stored_height) = (u32::from(info.width), u32::from(info.height));
    let (width, height) = orient::oriented(orientation, (stored_width, stored_height));
    let decoded = u64::from(stored_width) * u64::from(stored_height) * channels;
    // Otherwise it is decoded a row of blocks at a time.
    let all_at_once = progressive || !segments::is_interleaved(bytes, info.components);
    let rows = u64::from(stored_width).next_multiple_of(32) * channels * 2 * 32 * 4;
    let working = rows
        + if all_at_once {
            segments::coefficients(bytes) * 2
        } else {
            0
        };
    // Ink takes more than its coefficients: measured, the decoder keeps some two bytes a pixel beside them.
    let working = working + if channels == 4 { decoded / 2 } else { 0 };
    let cost = Cost {
        working,
        decoded,
        channels,
    };
    Ok(Header {
        format: Format::Jpeg,
        width,
        height,
        orientation,
        progressive,
        cost,
    })
}

/// Decodes to at least `scale` (0 to 1) of the full size.
pub(crate) fn decode(bytes: &[u8], scale: f64) -> Result<Decoded, ImageError> {
    segments::require_end(bytes)?;
    let mut decoder = opened(bytes)?;
    let layout = layout(&decoder)?;
    let profile = decoder.icc_profile();
    #[cfg(feature = "turbo")]
    if let Some((picture, extent)) = super::turbo::decode(bytes, layout, scale) {
        return Ok(Decoded {
            picture,
            extent,
            profile,
        });
    }
    let _ = scale;
    let colours = match layout {
        Layout::Grey => ColorSpace::Luma,
        Layout::InvertedCmyk => ColorSpace::CMYK,
        Layout::Ycck => ColorSpace::YCCK,
        Layout::Rgb | Layout::Rgba => ColorSpace::RGB,
    };
    // Lenient about headers, strict about pixels: bits that are no code are an error. That a marker comes before the last
    // pixel is none to the decoder, which goes on with grey; a file that merely ends early was refused above.
    decoder.set_options(
        decoder
            .options()
            .jpeg_set_out_colorspace(colours)
            .set_strict_mode(true),
    );
    let pixels = decoder.decode().map_err(refusal)?;
    let (width, height) = decoder
        .dimensions()
        .ok_or_else(|| ImageError::corrupt("it has no size"))?;
    let side = |length: usize| u32::try_from(length).map_err(ImageError::corrupt);
    Ok(Decoded::full(
        Picture {
            width: side(width)?,
            height: side(height)?,
            layout,
            pixels,
        },
        profile,
    ))
}

fn opened(bytes: &[u8]) -> Result<Decoder<'_>, ImageError> {
    let options = DecoderOptions::default()
        .set_strict_mode(false)
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
        .jpeg_set_max_scans(usize::from(MAX_SCANS));
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(refusal)?;
    Ok(decoder)
}

fn layout(decoder: &Decoder<'_>) -> Result<Layout, ImageError> {
    match decoder.input_colorspace() {
        Some(ColorSpace::Luma) => Ok(Layout::Grey),
        Some(ColorSpace::YCbCr | ColorSpace::RGB) => Ok(Layout::Rgb),
        Some(ColorSpace::CMYK) => Ok(Layout::InvertedCmyk),
        Some(ColorSpace::YCCK) => Ok(Layout::Ycck),
        _ => Err(ImageError::unsupported("a JPEG with this number of channels")),
    }
}

fn refusal(error: DecodeErrors) -> ImageError {
    match error {
        DecodeErrors::Unsupported(scheme) => ImageError::unsupported(format!("a JPEG with {scheme:?}")),
        DecodeErrors::ExhaustedData | DecodeErrors::IoErrors(_) => ImageError::cut_off(),
        error => ImageError::corrupt(error.to_string().trim()),
    }
}
