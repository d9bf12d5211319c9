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

/// Reads everything before the first scan.
pub(crate) fn header(bytes: &[u8]) -> Result<Header, ImageError> {
    let decoder = opened(bytes)?;
    let info = decoder
        .info()
        .ok_or_else(|| ImageError::corrupt("it has no header"))?;
    let layout = layout(&decoder)?;
    let orientation = orient::from_exif(info.exif_data.as_deref());
    let progressive = info.sof.is_progressive();
    let size = (u32::from(info.width), u32::from(info.height));
    let (width, height) = orient::oriented(orientation, size);
    let pixels = u64::from(info.width.next_multiple_of(32)) * u64::from(info.height.next_multiple_of(32));
    let channels = layout.channels() as u64;
    // Coefficients are two bytes; chroma is counted as if it were not subsampled.
    let buffered = progressive || !segments::is_interleaved(bytes, info.components);
    let working = if buffered {
        pixels * channels * 2
    } else {
        u64::from(info.width) * channels * 64
    };
    let cost = Cost {
        working,
        decoded: pixels * channels,
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

/// Decodes at full size.
pub(crate) fn decode(bytes: &[u8]) -> Result<Decoded, ImageError> {
    segments::require_end(bytes)?;
    let mut decoder = opened(bytes)?;
    let layout = layout(&decoder)?;
    let colours = match layout {
        Layout::Grey => ColorSpace::Luma,
        Layout::InvertedCmyk => ColorSpace::CMYK,
        Layout::Ycck => ColorSpace::YCCK,
        Layout::Rgb | Layout::Rgba => ColorSpace::RGB,
    };
    // Lenient about headers, strict about pixels: what cannot be decoded is an error, not a grey patch.
    let options = decoder
        .options()
        .jpeg_set_out_colorspace(colours)
        .set_strict_mode(true);
    decoder.set_options(options);
    let pixels = decoder.decode().map_err(refusal)?;
    let (width, height) = decoder
        .dimensions()
        .ok_or_else(|| ImageError::corrupt("it has no size"))?;
    let picture = Picture {
        width: side(width)?,
        height: side(height)?,
        layout,
        pixels,
    };
    Ok(Decoded {
        picture,
        profile: decoder.icc_profile(),
    })
}

fn opened(bytes: &[u8]) -> Result<JpegDecoder<ZCursor<&[u8]>>, ImageError> {
    let options = DecoderOptions::default()
        .set_strict_mode(false)
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX));
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(refusal)?;
    Ok(decoder)
}

fn layout<T: zune_core::bytestream::ZByteReaderTrait>(
    decoder: &JpegDecoder<T>,
) -> Result<Layout, ImageError> {
    match decoder.input_colorspace() {
        Some(ColorSpace::Luma) => Ok(Layout::Grey),
        Some(ColorSpace::YCbCr | ColorSpace::RGB) => Ok(Layout::Rgb),
        Some(ColorSpace::CMYK) => Ok(Layout::InvertedCmyk),
        Some(ColorSpace::YCCK) => Ok(Layout::Ycck),
        _ => Err(ImageError::unsupported("a JPEG with this number of channels")),
    }
}

fn side(length: usize) -> Result<u32, ImageError> {
    u32::try_from(length).map_err(ImageError::corrupt)
}

fn refusal(error: DecodeErrors) -> ImageError {
    match error {
        DecodeErrors::Unsupported(scheme) => ImageError::unsupported(format!("a JPEG with {scheme:?}")),
        error => ImageError::corrupt(error),
    }
}
