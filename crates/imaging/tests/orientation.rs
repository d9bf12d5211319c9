//! The eight EXIF orientations are baked in, in every format that can have one.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use image::metadata::Orientation;
use image::{DynamicImage, RgbaImage};
use imaging::{Encoding, Fit};
use support::{as_is, assert_near, oriented_jpeg, preset, presets, probe, quarters, render};

/// How the picture has to be stored so that the orientation makes it upright again.
fn stored(upright: &RgbaImage, orientation: u8) -> RgbaImage {
    let inverse = match orientation {
        6 => 8,
        8 => 6,
        same => same,
    };
    let mut picture = DynamicImage::ImageRgba8(upright.clone());
    picture.apply_orientation(Orientation::from_exif(inverse).unwrap());
    picture.into_rgba8()
}

#[track_caller]
fn assert_alike(actual: &RgbaImage, upright: &RgbaImage) {
    let (width, height) = actual.dimensions();
    for (x, y) in [(1, 1), (3, 1), (1, 3), (3, 3)] {
        let expected = upright.get_pixel(upright.width() * x / 4, upright.height() * y / 4);
        assert_near(
            actual.get_pixel(width * x / 4, height * y / 4),
            [expected[0], expected[1], expected[2]],
            10,
        );
    }
}

#[test]
fn all_eight_come_out_upright() {
    // Odd sides, and both larger and smaller than the presets.
    for (width, height) in [(64, 48), (901, 603)] {
        let upright = quarters(width, height);
        for orientation in 1..=8 {
            let bytes = oriented_jpeg(&stored(&upright, orientation), orientation);
            let header = probe(&bytes);
            assert_eq!(
                (header.width, header.height),
                (width, height),
                "orientation {orientation}"
            );
            assert_eq!(header.orientation.to_exif(), orientation);
            assert_alike(&as_is(&bytes), &upright);
            for variant in render(&bytes, &presets(), &[Encoding::Jpeg]).variants {
                let pixels = image::load_from_memory(&variant.bytes).unwrap().into_rgba8();
                assert_eq!(pixels.dimensions(), (variant.width, variant.height));
                assert_alike(&pixels, &upright);
            }
        }
    }
}

#[test]
fn a_crop_has_the_same_pixels_however_the_file_is_turned() {
    let upright = quarters(97, 41);
    let crop = [preset("thumb", 200, Fit::Crop)];
    let expected = render(&oriented_jpeg(&upright, 1), &crop, &[Encoding::Jpeg]);
    assert_eq!(
        (expected.variants[0].width, expected.variants[0].height),
        (41, 41)
    );
    let expected = image::load_from_memory(&expected.variants[0].bytes)
        .unwrap()
        .into_rgba8();
    for orientation in 2..=8 {
        let bytes = oriented_jpeg(&stored(&upright, orientation), orientation);
        let got = render(&bytes, &crop, &[Encoding::Jpeg]);
        let got = image::load_from_memory(&got.variants[0].bytes)
            .unwrap()
            .into_rgba8();
        let off: u64 = got
            .iter()
            .zip(expected.iter())
            .map(|(a, b)| u64::from(a.abs_diff(*b)))
            .sum();
        assert!(
            off / (41 * 41 * 4) < 3,
            "orientation {orientation} differs by {off} in all"
        );
    }
}

#[test]
fn a_nonsensical_orientation_is_upright() {
    let upright = quarters(64, 48);
    assert_alike(&as_is(&oriented_jpeg(&upright, 9)), &upright);
    assert_alike(&as_is(&oriented_jpeg(&upright, 0)), &upright);
}
