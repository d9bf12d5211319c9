//! What holds for every size and every damage.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use image::ExtendedColorType;
use imaging::{Encoding, Fit, PresetSpec, output_size};
use proptest::prelude::*;
use support::{LIMITS, gif, jpeg, oriented_jpeg, png, quarters, render, webp};

fn any_preset() -> impl Strategy<Value = PresetSpec> {
    (1_u32..300, 1_u32..300, any::<bool>()).prop_map(|(width, height, crop)| PresetSpec {
        name: format!("{width}x{height}"),
        width,
        height,
        fit: if crop { Fit::Crop } else { Fit::Fit },
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rendered_sizes_are_the_announced_ones(
        width in 1_u32..400,
        height in 1_u32..400,
        orientation in 1_u8..=8,
        presets in prop::collection::vec(any_preset(), 1..4),
    ) {
        let bytes = oriented_jpeg(&quarters(width, height), orientation);
        let (width, height) = if orientation >= 5 { (height, width) } else { (width, height) };
        for (variant, preset) in render(&bytes, &presets, &[Encoding::Jpeg]).variants.iter().zip(&presets) {
            let expected = output_size(width, height, preset);
            prop_assert_eq!((variant.width, variant.height), expected);
            let decoded = image::load_from_memory(&variant.bytes).unwrap();
            prop_assert_eq!((decoded.width(), decoded.height()), expected);
            prop_assert!(expected.0 <= width && expected.1 <= height, "enlarged");
        }
    }

    #[test]
    fn damage_is_an_error_or_a_picture_and_never_a_panic(
        which in 0_usize..6,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        cut in any::<prop::sample::Index>(),
        keep_all in any::<bool>(),
    ) {
        let picture = quarters(60, 44);
        let mut bytes = match which {
            0 => jpeg(&picture, |_| {}),
            1 => jpeg(&picture, |encoder| encoder.set_progressive(true)),
            2 => oriented_jpeg(&picture, 6),
            3 => png(picture.as_raw(), 60, 44, ExtendedColorType::Rgba8),
            4 => webp(&picture),
            _ => gif(&[picture.clone(), picture]),
        };
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if !keep_all {
            bytes.truncate(cut.index(bytes.len()));
        }
        // Damage to a size may promise megapixels; the limit keeps the test quick.
        let limits = imaging::Limits { max_pixels: 1_000_000, ..LIMITS };
        if let Ok(header) = imaging::probe(&bytes, &limits) {
            let preset = [PresetSpec { name: "thumb".into(), width: 20, height: 20, fit: Fit::Crop }];
            if let Ok(rendered) = imaging::render(&bytes, &header, &preset, &[Encoding::Jpeg]) {
                prop_assert_eq!(rendered.variants.len(), 1);
            }
        }
    }
}

#[test]
fn extreme_shapes_come_out() {
    for (width, height) in [(1, 1), (12_000, 1), (1, 12_000), (12_000, 3), (2, 5000)] {
        let bytes = png(
            &vec![90; (width * height * 3) as usize],
            width,
            height,
            ExtendedColorType::Rgb8,
        );
        for variant in render(&bytes, &support::presets(), &[Encoding::Jpeg, Encoding::WebP]).variants {
            let decoded = image::load_from_memory(&variant.bytes).unwrap();
            assert_eq!(
                (decoded.width(), decoded.height()),
                (variant.width, variant.height)
            );
        }
    }
}
