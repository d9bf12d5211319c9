//! Shrinking a part of a picture.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use crate::error::ImageError;
use crate::picture::{Layout, Picture};

/// Shrinks the centre `cut` (width, height) of a picture to `size`; a copy where the two are equal.
pub(crate) fn shrink(
    resizer: &mut Resizer,
    picture: &Picture,
    cut: (f64, f64),
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
    let left = (f64::from(picture.width) - cut.0) / 2.0;
    let top = (f64::from(picture.height) - cut.1) / 2.0;
    // Unscaled sides are cut on whole pixels, or they would be blurred by half a pixel.
    let left = if cut.0 == f64::from(size.0) {
        left.floor()
    } else {
        left
    };
    let top = if cut.1 == f64::from(size.1) {
        top.floor()
    } else {
        top
    };
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3))
        .use_alpha(picture.layout == Layout::Rgba)
        .crop(left, top, cut.0, cut.1);
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
