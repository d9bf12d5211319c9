//! The blurred picture that is shown while the real one loads, in some 25 bytes.

use fast_image_resize::Resizer;

use crate::error::ImageError;
use crate::picture::{Layout, Picture};
use crate::plan::Step;
use crate::preset::{Fit, PresetSpec, output_size};
use crate::resize::{Centre, shrink};

/// More would be blurred away; the format takes at most 100.
const SIDE: u32 = 64;

/// How a picture of this size (after orientation) is made small enough when no variant shows all of it.
pub(crate) fn step(width: u32, height: u32) -> Step {
    let size = output_size(width, height, &preset());
    Step {
        preset: 0,
        from: None,
        cut: (f64::from(width), f64::from(height)),
        size,
    }
}

fn preset() -> PresetSpec {
    PresetSpec {
        name: String::new(),
        width: SIDE,
        height: SIDE,
        fit: Fit::Fit,
    }
}

/// ThumbHash (<https://evanw.github.io/thumbhash/>) of a whole upright sRGB picture.
pub(crate) fn thumbhash(resizer: &mut Resizer, picture: &Picture) -> Result<Vec<u8>, ImageError> {
    let size = output_size(picture.width, picture.height, &preset());
    let all = (f64::from(picture.width), f64::from(picture.height));
    let small = shrink(resizer, picture, Centre { of: all, cut: all }, size)?;
    let rgba: Vec<u8> = match small.layout {
        Layout::Grey => small
            .pixels
            .iter()
            .flat_map(|&grey| [grey, grey, grey, 255])
            .collect(),
        Layout::Rgb => small
            .pixels
            .as_chunks::<3>()
            .0
            .iter()
            .flat_map(|&[r, g, b]| [r, g, b, 255])
            .collect(),
        Layout::Rgba => small.pixels,
        Layout::InvertedCmyk | Layout::Ycck => return Err(ImageError::encode("ink has no placeholder")),
    };
    Ok(thumbhash::rgba_to_thumb_hash(
        size.0 as usize,
        size.1 as usize,
        &rgba,
    ))
}
