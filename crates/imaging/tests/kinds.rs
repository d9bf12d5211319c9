//! Grey, CMYK, deep, palette and progressive files, and colour profiles.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use image::{ExtendedColorType, ImageEncoder as _, RgbaImage};
use imaging::{Encoding, Fit};
use jpeg_encoder::{ColorType, Encoder};
use moxcms::ColorProfile;
use support::{as_is, assert_near, jpeg, oriented_jpeg, png, preset, presets, probe, quarters, render};

fn of_one_colour(kind: ColorType, pixel: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    Encoder::new(&mut bytes, 95)
        .encode(&pixel.repeat(32 * 24), 32, 24, kind)
        .unwrap();
    bytes
}

#[test]
fn grey_stays_grey() {
    let bytes = of_one_colour(ColorType::Luma, &[90]);
    assert_near(as_is(&bytes).get_pixel(5, 5), [90, 90, 90], 2);
    let rendered = render(&bytes, &presets(), &[Encoding::Jpeg, Encoding::WebP]);
    assert_eq!(
        image::load_from_memory(&rendered.variants[0].bytes)
            .unwrap()
            .color(),
        image::ColorType::L8
    );
}

#[test]
fn ink_becomes_light() {
    // As the encoder takes it, 255 is full ink: cyan and a little black.
    for kind in [ColorType::Cmyk, ColorType::CmykAsYcck] {
        let bytes = of_one_colour(kind, &[255, 0, 0, 51]);
        assert_near(as_is(&bytes).get_pixel(9, 9), [0, 204, 204], 6);
    }
}

#[test]
fn a_progressive_file_is_told_and_costs_more() {
    let picture = quarters(640, 480);
    let plain = probe(&jpeg(&picture, |_| {}));
    let bytes = jpeg(&picture, |encoder| encoder.set_progressive(true));
    let progressive = probe(&bytes);
    assert!(progressive.progressive && !plain.progressive);
    // A preset as large as the picture would hide what decoding holds.
    let none = [preset("thumb", 20, Fit::Fit)];
    assert!(progressive.decode_bytes(&none) > plain.decode_bytes(&none) + 640 * 480 * 2);
    assert_near(as_is(&bytes).get_pixel(100, 100), [220, 30, 30], 8);
}

#[test]
fn sixteen_bits_become_eight() {
    let pixels: Vec<u8> = [0x80_11_u16, 0x20_22, 0xf0_33]
        .iter()
        .flat_map(|v| v.to_ne_bytes())
        .collect();
    let bytes = png(&pixels.repeat(20 * 20), 20, 20, ExtendedColorType::Rgb16);
    assert_near(as_is(&bytes).get_pixel(9, 9), [0x80, 0x20, 0xf0], 4);
}

#[test]
fn a_palette_with_transparency_is_read() {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 16, 16);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Four);
    encoder.set_palette(vec![0, 0, 0, 10, 200, 10]);
    encoder.set_trns(vec![0, 255]);
    // Left half the transparent colour, right half the green one.
    encoder
        .write_header()
        .unwrap()
        .write_image_data(&[0, 0, 0, 0, 0x11, 0x11, 0x11, 0x11].repeat(16))
        .unwrap();
    let picture = as_is(&bytes);
    assert_near(picture.get_pixel(3, 8), [255, 255, 255], 6);
    assert_near(picture.get_pixel(12, 8), [10, 200, 10], 6);
}

#[test]
fn a_wide_gamut_profile_is_converted_in_every_format() {
    let profile = ColorProfile::new_display_p3().encode().unwrap();
    let picture = RgbaImage::from_pixel(32, 32, image::Rgba([200, 60, 40, 255]));
    // By hand: linear light, the matrix between the primaries (CSS Color 4), and sRGB's curve again.
    let expected = [218, 42, 23];
    let with_jpeg = jpeg(&picture, |encoder| encoder.add_icc_profile(&profile).unwrap());
    let mut with_png = Vec::new();
    let mut encoder = image::codecs::png::PngEncoder::new(&mut with_png);
    encoder.set_icc_profile(profile.clone()).unwrap();
    encoder
        .write_image(picture.as_raw(), 32, 32, ExtendedColorType::Rgba8)
        .unwrap();
    let mut with_webp = Vec::new();
    let mut encoder = image::codecs::webp::WebPEncoder::new_lossless(&mut with_webp);
    encoder.set_icc_profile(profile).unwrap();
    encoder
        .write_image(picture.as_raw(), 32, 32, ExtendedColorType::Rgba8)
        .unwrap();
    for bytes in [with_jpeg, with_png, with_webp] {
        assert_near(as_is(&bytes).get_pixel(9, 9), expected, 5);
    }
}

#[test]
fn an_srgb_profile_or_a_broken_one_changes_nothing() {
    let picture = quarters(32, 32);
    let srgb = ColorProfile::new_srgb().encode().unwrap();
    for profile in [srgb, b"no profile at all".to_vec()] {
        let bytes = jpeg(&picture, |encoder| encoder.add_icc_profile(&profile).unwrap());
        assert_eq!(as_is(&bytes), as_is(&jpeg(&picture, |_| {})));
    }
}

#[test]
fn no_metadata_gets_out() {
    let bytes = oriented_jpeg(&quarters(300, 200), 6);
    for variant in render(&bytes, &presets(), &[Encoding::Jpeg, Encoding::WebP]).variants {
        for word in [b"Exif".as_slice(), b"EXIF", b"ICC", b"XMP", b"http"] {
            let found = variant.bytes.windows(word.len()).any(|bytes| bytes == word);
            assert!(!found, "{} has {}", variant.preset, String::from_utf8_lossy(word));
        }
    }
}
