//! Shrinking a part of a picture.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use crate::error::ImageError;
use crate::picture::{Layout, Picture};

/// The centre of a picture, in pixels and fractions of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Centre {
    /// Width and height of what the picture shows, from its upper left corner.
    pub(crate) of: (f64, f64),
    /// Width and height of the part to take.
    pub(crate) cut: (f64, f64),
}

/// Shrinks the centre of a picture to `size`; a copy where the two are equal.
pub(crate) fn shrink(
    resizer: &mut Resizer,
    picture: &Picture,
    centre: Centre,
    size: (u32, u32),
) -> Result<Picture, ImageError> {
    let kind = match picture.layout {
        Layout::Grey => PixelType::U8,
        Layout::Rgb => PixelType::U8x3,
        Layout::Rgba | Layout::InvertedCmyk | Layout::Ycck => PixelType::U8x4,
    };
    let source =
        ImageRef::new(picture.width, picture.height, &picture.pixels, kind).map_err(ImageError::encode)?;
    let mut target = Image::new(size.0, size.1, kind);
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FILTER))
        .use_alpha(picture.layout == Layout::Rgba)
        .crop(
            start(centre.of.0, centre.cut.0, size.0),
            start(centre.of.1, centre.cut.1, size.1),
            centre.cut.0,
            centre.cut.1,
        );
    resizer
        .resize(&source, &mut target, &options)
        .map_err(ImageError::encode)?;
    Ok(Picture {
        width: size.0,
        height: size.1,
        layout: picture.layout,
        pixels: target.into_vec(),
    })
}

/// The filter of every reduction; doc/performance.md has what others cost and give.
const FILTER: FilterType = FilterType::Lanczos3;

/// Where the centre begins. A side that is not scaled is cut on whole pixels, or half a pixel would blur it.
fn start(of: f64, cut: f64, size: u32) -> f64 {
    let start = ((of - cut) / 2.0).max(0.0);
    if cut == f64::from(size) {
        start.floor()
    } else {
        start
    }
}
