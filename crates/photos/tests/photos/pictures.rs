//! Pictures made on the spot: of every kind that is accepted, and of the kinds that are not.

use std::io::Write;

use image::codecs::gif::GifEncoder;
use image::codecs::webp::WebPEncoder;
use image::{Delay, ExtendedColorType, Frame, RgbaImage};
use jpeg_encoder::{ColorType, Encoder};

/// Reddish on the left, bluish on the right, brighter towards the bottom: neither flat nor symmetric.
pub(crate) fn pixels(width: u32, height: u32, channels: usize) -> Vec<u8> {
    let mut pixels = Vec::with_capacity(width as usize * height as usize * channels);
    for y in 0..height {
        for x in 0..width {
            let (across, down) = ((x * 255 / width) as u8, (y * 255 / height) as u8);
            let pixel = [255 - across, down / 2, across, 255];
            pixels.extend_from_slice(&pixel[..channels]);
        }
    }
    pixels
}

fn encode_jpeg(
    width: u32,
    height: u32,
    colour: ColorType,
    pixels: &[u8],
    set: impl Fn(&mut Encoder<&mut Vec<u8>>),
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 85);
    set(&mut encoder);
    encoder
        .encode(
            pixels,
            width.try_into().unwrap(),
            height.try_into().unwrap(),
            colour,
        )
        .unwrap();
    bytes
}

/// A plain JPEG.
pub(crate) fn jpeg(width: u32, height: u32) -> Vec<u8> {
    encode_jpeg(width, height, ColorType::Rgb, &pixels(width, height, 3), |_| {})
}

/// A progressive JPEG.
pub(crate) fn progressive(width: u32, height: u32) -> Vec<u8> {
    encode_jpeg(
        width,
        height,
        ColorType::Rgb,
        &pixels(width, height, 3),
        |encoder| encoder.set_progressive(true),
    )
}

/// A grayscale JPEG.
pub(crate) fn gray_jpeg(width: u32, height: u32) -> Vec<u8> {
    encode_jpeg(width, height, ColorType::Luma, &pixels(width, height, 1), |_| {})
}

/// A CMYK JPEG.
pub(crate) fn cmyk_jpeg(width: u32, height: u32) -> Vec<u8> {
    encode_jpeg(width, height, ColorType::Cmyk, &pixels(width, height, 4), |_| {})
}

/// A JPEG with an orientation and a place in its EXIF.
pub(crate) fn jpeg_with_exif(width: u32, height: u32, orientation: u16) -> Vec<u8> {
    encode_jpeg(
        width,
        height,
        ColorType::Rgb,
        &pixels(width, height, 3),
        |encoder| {
            encoder.add_app_segment(1, exif(orientation)).unwrap();
        },
    )
}

/// What a camera writes: orientation, a maker's name, and a GPS latitude reference.
fn exif(orientation: u16) -> Vec<u8> {
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0".to_vec();
    exif.extend([3, 0]);
    // Make: ASCII, 12 bytes at offset 50.
    exif.extend([0x0f, 0x01, 2, 0, 12, 0, 0, 0, 50, 0, 0, 0]);
    exif.extend([0x12, 0x01, 3, 0, 1, 0, 0, 0]);
    exif.extend(orientation.to_le_bytes());
    exif.extend([0, 0]);
    // GPS IFD at offset 62.
    exif.extend([0x25, 0x88, 4, 0, 1, 0, 0, 0, 62, 0, 0, 0]);
    exif.extend([0, 0, 0, 0]);
    exif.extend(b"SecretMaker\0");
    exif.extend([1, 0, 1, 0, 2, 0, 2, 0, 0, 0, b'N', 0, 0, 0, 0, 0, 0, 0]);
    exif
}

/// A PNG of 16 bits a channel.
pub(crate) fn png_16(width: u32, height: u32) -> Vec<u8> {
    let rows = pixels(width, height, 4);
    png(width, height, png::BitDepth::Sixteen, |writer| {
        let wide: Vec<u8> = rows.iter().flat_map(|byte| [*byte, *byte]).collect();
        writer.write_all(&wide).unwrap();
    })
}

/// A PNG of `width` by `height` that is all zeros: small on the wire, 8 bytes a pixel in memory.
pub(crate) fn png_of_nothing(width: u32, height: u32) -> Vec<u8> {
    let row = vec![0; width as usize * 8];
    png(width, height, png::BitDepth::Sixteen, |writer| {
        for _ in 0..height {
            writer.write_all(&row).unwrap();
        }
    })
}

fn png(width: u32, height: u32, depth: png::BitDepth, write: impl FnOnce(&mut dyn Write)) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(depth);
    let mut header = encoder.write_header().unwrap();
    let mut stream = header.stream_writer().unwrap();
    write(&mut stream);
    stream.finish().unwrap();
    drop(header);
    bytes
}

/// The same PNG with another size in its header.
pub(crate) fn png_that_says(mut png: Vec<u8>, width: u32, height: u32) -> Vec<u8> {
    png[16..20].copy_from_slice(&width.to_be_bytes());
    png[20..24].copy_from_slice(&height.to_be_bytes());
    let crc = crc32(&png[12..29]);
    png[29..33].copy_from_slice(&crc.to_be_bytes());
    png
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 {
                0xedb8_8320 ^ (crc >> 1)
            } else {
                crc >> 1
            }
        })
    })
}

/// A GIF of two frames: the first as ever, the second green.
pub(crate) fn animated_gif(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new(&mut bytes);
    let first = RgbaImage::from_raw(width, height, pixels(width, height, 4)).unwrap();
    let green = RgbaImage::from_pixel(width, height, image::Rgba([0, 255, 0, 255]));
    for frame in [first, green] {
        let delay = Delay::from_numer_denom_ms(100, 1);
        encoder
            .encode_frame(Frame::from_parts(frame, 0, 0, delay))
            .unwrap();
    }
    drop(encoder);
    bytes
}

/// A lossless WebP.
pub(crate) fn webp(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let encoder = WebPEncoder::new_lossless(&mut bytes);
    encoder
        .encode(&pixels(width, height, 3), width, height, ExtendedColorType::Rgb8)
        .unwrap();
    bytes
}

/// A picture as it is served, decoded to RGB.
pub(crate) fn decode(bytes: &[u8]) -> image::RgbImage {
    image::load_from_memory(bytes).unwrap().to_rgb8()
}
