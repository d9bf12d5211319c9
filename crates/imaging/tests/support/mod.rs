//! Pictures made by the tests themselves, and how to read what the pipeline gives.
#![allow(dead_code, reason = "every test file uses a part of it")]

use std::io::Cursor;

use image::codecs::{gif::GifEncoder, png::PngEncoder, webp::WebPEncoder};
use image::{ExtendedColorType, Frame, ImageEncoder as _, Rgba, RgbaImage};
use imaging::{Encoding, Fit, Header, Limits, PresetSpec, Rendered};

pub(crate) const LIMITS: Limits = Limits {
    max_pixels: 50_000_000,
    max_side: 12_000,
};

pub(crate) fn presets() -> Vec<PresetSpec> {
    vec![
        preset("thumb", 200, Fit::Crop),
        preset("small", 640, Fit::Fit),
        preset("large", 1440, Fit::Fit),
    ]
}

pub(crate) fn preset(name: &str, side: u32, fit: Fit) -> PresetSpec {
    PresetSpec {
        name: name.to_owned(),
        width: side,
        height: side,
        fit,
    }
}

pub(crate) fn probe(bytes: &[u8]) -> Header {
    imaging::probe(bytes, &LIMITS).unwrap()
}

pub(crate) fn render(bytes: &[u8], presets: &[PresetSpec], encodings: &[Encoding]) -> Rendered {
    imaging::render(bytes, &probe(bytes), presets, encodings).unwrap()
}

/// One preset that changes nothing, as pixels.
pub(crate) fn as_is(bytes: &[u8]) -> RgbaImage {
    let rendered = render(bytes, &[preset("whole", 4096, Fit::Fit)], &[Encoding::Jpeg]);
    image::load_from_memory(&rendered.variants[0].bytes)
        .unwrap()
        .to_rgba8()
}

/// A smooth picture whose every quarter has its own colour, so that turns and mirrors show.
pub(crate) fn quarters(width: u32, height: u32) -> RgbaImage {
    RgbaImage::from_fn(width, height, |x, y| match (x * 2 < width, y * 2 < height) {
        (true, true) => Rgba([220, 30, 30, 255]),
        (false, true) => Rgba([30, 200, 30, 255]),
        (true, false) => Rgba([30, 30, 220, 255]),
        (false, false) => Rgba([230, 230, 40, 255]),
    })
}

pub(crate) fn rgb(picture: &RgbaImage) -> Vec<u8> {
    picture
        .pixels()
        .flat_map(|pixel| [pixel[0], pixel[1], pixel[2]])
        .collect()
}

pub(crate) fn side(length: u32) -> u16 {
    u16::try_from(length).unwrap()
}

pub(crate) fn jpeg(
    picture: &RgbaImage,
    set: impl FnOnce(&mut jpeg_encoder::Encoder<&mut Vec<u8>>),
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, 95);
    set(&mut encoder);
    encoder
        .encode(
            &rgb(picture),
            side(picture.width()),
            side(picture.height()),
            jpeg_encoder::ColorType::Rgb,
        )
        .unwrap();
    bytes
}

/// The smallest EXIF block with an orientation, big-endian.
pub(crate) fn exif(orientation: u8) -> Vec<u8> {
    let mut block = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01".to_vec();
    block.extend([0, orientation, 0, 0, 0, 0, 0, 0]);
    block
}

pub(crate) fn oriented_jpeg(picture: &RgbaImage, orientation: u8) -> Vec<u8> {
    jpeg(picture, |encoder| {
        encoder.add_exif_metadata(&exif(orientation)).unwrap();
    })
}

pub(crate) fn png(pixels: &[u8], width: u32, height: u32, kind: ExtendedColorType) -> Vec<u8> {
    let mut bytes = Vec::new();
    PngEncoder::new(&mut bytes)
        .write_image(pixels, width, height, kind)
        .unwrap();
    bytes
}

pub(crate) fn webp(picture: &RgbaImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    WebPEncoder::new_lossless(&mut bytes)
        .write_image(
            picture.as_raw(),
            picture.width(),
            picture.height(),
            ExtendedColorType::Rgba8,
        )
        .unwrap();
    bytes
}

pub(crate) fn gif(frames: &[RgbaImage]) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let mut encoder = GifEncoder::new(&mut bytes);
    encoder
        .encode_frames(frames.iter().cloned().map(Frame::new))
        .unwrap();
    drop(encoder);
    bytes.into_inner()
}

/// Asserts that two colours are as near as a JPEG keeps them.
#[track_caller]
pub(crate) fn assert_near(actual: &Rgba<u8>, expected: [u8; 3], tolerance: u8) {
    let near = expected
        .iter()
        .enumerate()
        .all(|(channel, value)| actual[channel].abs_diff(*value) <= tolerance);
    assert!(near, "{actual:?} is not near {expected:?}");
}
