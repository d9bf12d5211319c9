//! Every format and kind of pixel comes out in the right size and colours.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use image::{ExtendedColorType, Rgba, RgbaImage};
use imaging::{Encoding, Fit, Format, ImageError};
use support::{as_is, assert_near, gif, jpeg, png, preset, presets, probe, quarters, render, rgb, webp};

#[test]
fn every_format_gives_every_preset() {
    let picture = quarters(1600, 1200);
    let files = [
        (Format::Jpeg, jpeg(&picture, |_| {})),
        (
            Format::Png,
            png(picture.as_raw(), 1600, 1200, ExtendedColorType::Rgba8),
        ),
        (Format::WebP, webp(&picture)),
        (Format::Gif, gif(std::slice::from_ref(&picture))),
    ];
    for (format, bytes) in files {
        let header = probe(&bytes);
        assert_eq!((header.format, header.width, header.height), (format, 1600, 1200));
        let rendered = render(&bytes, &presets(), &[Encoding::Jpeg, Encoding::WebP]);
        let got: Vec<_> = rendered
            .variants
            .iter()
            .map(|v| (v.preset.as_str(), v.encoding, v.width, v.height))
            .collect();
        let expected = [
            ("thumb", Encoding::Jpeg, 200, 200),
            ("thumb", Encoding::WebP, 200, 200),
            ("small", Encoding::Jpeg, 640, 480),
            ("small", Encoding::WebP, 640, 480),
            ("large", Encoding::Jpeg, 1440, 1080),
            ("large", Encoding::WebP, 1440, 1080),
        ];
        assert_eq!(got, expected, "{format:?}");
        for variant in &rendered.variants {
            let pixels = image::load_from_memory(&variant.bytes).unwrap().to_rgba8();
            let (width, height) = pixels.dimensions();
            assert_eq!((width, height), (variant.width, variant.height));
            for (x, y) in [(1, 1), (3, 1), (1, 3), (3, 3)] {
                let expected = picture.get_pixel(x * 400, y * 300);
                let actual = pixels.get_pixel(x * width / 4, y * height / 4);
                assert_near(actual, [expected[0], expected[1], expected[2]], 9);
            }
        }
        assert!((5..40).contains(&rendered.placeholder.len()));
    }
}

#[test]
fn transparent_pixels_are_white_in_jpeg_and_stay_in_webp() {
    let picture = RgbaImage::from_fn(64, 64, |x, _| {
        if x < 32 {
            Rgba([200, 0, 0, 0])
        } else {
            Rgba([0, 0, 200, 128])
        }
    });
    let bytes = png(picture.as_raw(), 64, 64, ExtendedColorType::Rgba8);
    let flat = as_is(&bytes);
    assert_near(flat.get_pixel(10, 10), [255, 255, 255], 4);
    assert_near(flat.get_pixel(50, 10), [127, 127, 227], 6);
    let rendered = render(&bytes, &[preset("small", 32, Fit::Fit)], &[Encoding::WebP]);
    let kept = image::load_from_memory(&rendered.variants[0].bytes)
        .unwrap()
        .to_rgba8();
    assert_eq!(kept.get_pixel(5, 5)[3], 0);
    assert!(kept.get_pixel(25, 5)[3].abs_diff(128) < 6);
}

#[test]
fn of_an_animation_the_first_frame_is_taken() {
    let frame = |colour: [u8; 4]| RgbaImage::from_pixel(40, 30, Rgba(colour));
    let bytes = gif(&[frame([250, 10, 10, 255]), frame([10, 250, 10, 255])]);
    assert_near(as_is(&bytes).get_pixel(20, 15), [250, 10, 10], 6);
}

#[test]
fn text_is_refused_under_any_name() {
    let bytes = b"just text, called holiday.jpg";
    assert!(matches!(
        imaging::probe(bytes, &support::LIMITS),
        Err(ImageError::Unsupported(_))
    ));
    assert!(matches!(
        imaging::probe(b"", &support::LIMITS),
        Err(ImageError::Unsupported(_))
    ));
    let _ = rgb(&quarters(1, 1));
}
