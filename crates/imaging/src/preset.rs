//! Presets, and the size that each gives: pure arithmetic, shared by the pipeline and by whoever announces sizes.

/// A named size that pictures are offered in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PresetSpec {
    /// Its name, as in `thumb`.
    pub name: String,
    /// Greatest width in pixels, at least 1.
    pub width: u32,
    /// Greatest height in pixels, at least 1.
    pub height: u32,
    /// What happens to a picture of another aspect.
    pub fit: Fit,
}

/// How a picture meets a preset of another aspect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fit {
    /// The whole picture, within the preset's box.
    Fit,
    /// The centre of the picture, cut to the preset's aspect.
    Crop,
}

/// Width and height in pixels of a `width` × `height` picture (after orientation) in a preset.
///
/// Nothing is enlarged, and no side is ever less than one pixel: a 12000×1 line in a 200×200 crop is one pixel.
#[must_use]
pub fn output_size(width: u32, height: u32, preset: &PresetSpec) -> (u32, u32) {
    let (width, height) = (width.max(1), height.max(1));
    let (box_width, box_height) = (preset.width.max(1), preset.height.max(1));
    match preset.fit {
        Fit::Fit if width <= box_width && height <= box_height => (width, height),
        Fit::Fit if is_wider(width, height, box_width, box_height) => {
            (box_width, ratio(height, box_width, width))
        }
        Fit::Fit => (ratio(width, box_height, height), box_height),
        Fit::Crop => {
            let (cut_width, cut_height) = cut(width, height, preset);
            if cut_width >= box_width && cut_height >= box_height {
                (box_width, box_height)
            } else {
                (cut_width, cut_height)
            }
        }
    }
}

/// Width and height of the centre of a picture that has the preset's aspect, in pixels of the picture; all of it for
/// [`Fit::Fit`].
pub(crate) fn cut(width: u32, height: u32, preset: &PresetSpec) -> (u32, u32) {
    let (box_width, box_height) = (preset.width.max(1), preset.height.max(1));
    match preset.fit {
        Fit::Fit => (width, height),
        Fit::Crop if is_wider(width, height, box_width, box_height) => {
            (ratio(box_width, height, box_height).min(width), height)
        }
        Fit::Crop => (width, ratio(box_height, width, box_width).min(height)),
    }
}

fn is_wider(width: u32, height: u32, box_width: u32, box_height: u32) -> bool {
    u64::from(width) * u64::from(box_height) >= u64::from(height) * u64::from(box_width)
}

/// `a × b / c`, rounded half up, at least 1.
fn ratio(a: u32, b: u32, c: u32) -> u32 {
    let (product, divisor) = (u64::from(a) * u64::from(b), u64::from(c));
    u32::try_from((product + divisor / 2) / divisor)
        .unwrap_or(u32::MAX)
        .max(1)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Fit, PresetSpec, output_size};

    #[rstest]
    #[case::landscape(4000, 3000, 640, 640, Fit::Fit, (640, 480))]
    #[case::portrait(3000, 4000, 640, 640, Fit::Fit, (480, 640))]
    #[case::rounds_half_up(1000, 667, 640, 640, Fit::Fit, (640, 427))]
    #[case::never_enlarged(300, 200, 640, 640, Fit::Fit, (300, 200))]
    #[case::exactly_fits(640, 640, 640, 640, Fit::Fit, (640, 640))]
    #[case::line(12_000, 1, 640, 640, Fit::Fit, (640, 1))]
    #[case::one_pixel(1, 1, 200, 200, Fit::Crop, (1, 1))]
    #[case::crop(4000, 3000, 200, 200, Fit::Crop, (200, 200))]
    #[case::crop_of_a_small_one(100, 50, 200, 200, Fit::Crop, (50, 50))]
    #[case::crop_of_a_narrow_one(1000, 50, 200, 200, Fit::Crop, (50, 50))]
    #[case::crop_of_a_line(12_000, 1, 200, 200, Fit::Crop, (1, 1))]
    #[case::crop_to_another_aspect(300, 300, 200, 100, Fit::Crop, (200, 100))]
    #[case::small_crop_keeps_the_aspect(90, 300, 200, 100, Fit::Crop, (90, 45))]
    fn sizes(
        #[case] width: u32,
        #[case] height: u32,
        #[case] box_width: u32,
        #[case] box_height: u32,
        #[case] fit: Fit,
        #[case] expected: (u32, u32),
    ) {
        let preset = PresetSpec {
            name: "any".into(),
            width: box_width,
            height: box_height,
            fit,
        };
        assert_eq!(output_size(width, height, &preset), expected);
    }
}
