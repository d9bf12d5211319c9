//! Pixels to JPEG and WebP, without any metadata.

use webp::WebPConfig;

use crate::error::ImageError;
use crate::picture::{Layout, Picture};

/// What a variant is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Baseline; transparent pixels on white.
    Jpeg,
    /// Lossy, keeps alpha.
    WebP,
}

/// Scores as libjpeg's 80 made of pixels that were never scaled in the decoder; doc/performance.md has the figures.
const JPEG_QUALITY: u8 = 81;
const WEBP_QUALITY: f32 = 78.0;
/// 0 is fast, 6 is small; 2 costs half of 4.
const WEBP_METHOD: i32 = 2;

/// Encodes an sRGB picture.
pub(crate) fn encode(picture: &Picture, encoding: Encoding) -> Result<Vec<u8>, ImageError> {
    match encoding {
        Encoding::Jpeg => jpeg(picture),
        Encoding::WebP => webp(picture),
    }
}

fn jpeg(picture: &Picture) -> Result<Vec<u8>, ImageError> {
    match picture.layout {
        Layout::Grey => write_jpeg(&picture.pixels, picture, true),
        Layout::Rgb => write_jpeg(&picture.pixels, picture, false),
        Layout::Rgba => write_jpeg(&on_white(&picture.pixels), picture, false),
        Layout::InvertedCmyk | Layout::Ycck => Err(ImageError::encode("ink is not written")),
    }
}

#[cfg(not(feature = "turbo"))]
fn write_jpeg(pixels: &[u8], picture: &Picture, grey: bool) -> Result<Vec<u8>, ImageError> {
    use jpeg_encoder::{ChromaSubsamplingMethod, ColorType, Encoder, SamplingFactor};

    let side = |length: u32| u16::try_from(length).map_err(ImageError::encode);
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, JPEG_QUALITY);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    // The default takes one pixel of four, which costs two points of SSIMULACRA2.
    encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
    let kind = if grey { ColorType::Luma } else { ColorType::Rgb };
    encoder
        .encode(pixels, side(picture.width)?, side(picture.height)?, kind)
        .map_err(ImageError::encode)?;
    Ok(bytes)
}

#[cfg(feature = "turbo")]
fn write_jpeg(pixels: &[u8], picture: &Picture, grey: bool) -> Result<Vec<u8>, ImageError> {
    use turbojpeg::{Compressor, Image, PixelFormat, Subsamp};

    let (format, sampling) = if grey {
        (PixelFormat::GRAY, Subsamp::Gray)
    } else {
        (PixelFormat::RGB, Subsamp::Sub2x2)
    };
    let (width, height) = (picture.width as usize, picture.height as usize);
    let mut compressor = Compressor::new().map_err(ImageError::encode)?;
    compressor
        .set_quality(i32::from(JPEG_QUALITY))
        .map_err(ImageError::encode)?;
    compressor.set_subsamp(sampling).map_err(ImageError::encode)?;
    let image = Image {
        pixels,
        width,
        pitch: width * format.size(),
        height,
        format,
    };
    compressor.compress_to_vec(image).map_err(ImageError::encode)
}

fn on_white(rgba: &[u8]) -> Vec<u8> {
    let over = |colour: u8, alpha: u8| {
        let (colour, alpha) = (u32::from(colour), u32::from(alpha));
        ((colour * alpha + 255 * (255 - alpha) + 127) / 255) as u8
    };
    rgba.as_chunks::<4>()
        .0
        .iter()
        .flat_map(|&[r, g, b, a]| [over(r, a), over(g, a), over(b, a)])
        .collect()
}

fn webp(picture: &Picture) -> Result<Vec<u8>, ImageError> {
    let (width, height) = (picture.width, picture.height);
    let spread: Vec<u8>;
    let encoder = match picture.layout {
        Layout::Grey => {
            spread = picture.pixels.iter().flat_map(|&grey| [grey; 3]).collect();
            webp::Encoder::from_rgb(&spread, width, height)
        }
        Layout::Rgb => webp::Encoder::from_rgb(&picture.pixels, width, height),
        Layout::Rgba => webp::Encoder::from_rgba(&picture.pixels, width, height),
        Layout::InvertedCmyk | Layout::Ycck => return Err(ImageError::encode("ink is not written")),
    };
    let mut config = WebPConfig::new().map_err(|()| ImageError::encode("libwebp has another version"))?;
    config.quality = WEBP_QUALITY;
    config.method = WEBP_METHOD;
    let memory = encoder
        .encode_advanced(&config)
        .map_err(|error| ImageError::encode(format!("libwebp says {error:?}")))?;
    Ok(memory.to_vec())
}
