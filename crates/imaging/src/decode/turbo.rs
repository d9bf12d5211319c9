//! JPEG through libjpeg-turbo, which can decode to a half, a quarter or an eighth of the size at a fraction of the
//! cost: a block of 8×8 coefficients becomes 4×4, 2×2 or one pixel. The scales between have no SIMD and gain little.

use turbojpeg::{Decompressor, Image, PixelFormat, ScalingFactor};

use super::jpeg::MAX_SCANS;
use crate::picture::{Layout, Picture};

/// The greatest divisor of 1, 2, 4 and 8 that keeps at least `scale` (0 to 1) of a side.
pub(crate) fn divisor(scale: f64) -> u32 {
    [8, 4, 2]
        .into_iter()
        .find(|&divisor| scale * f64::from(divisor) <= 1.0)
        .unwrap_or(1)
}

/// Decodes to at least `scale` of the full size; also gives the exact width and height of the picture in pixels of
/// what was decoded, for a last block that is cut through. None where libjpeg-turbo refuses or even only warns: the
/// other decoder then says what is wrong.
pub(crate) fn decode(bytes: &[u8], layout: Layout, scale: f64) -> Option<(Picture, (f64, f64))> {
    let (format, layout) = match layout {
        Layout::Grey => (PixelFormat::GRAY, Layout::Grey),
        Layout::Rgb | Layout::Rgba => (PixelFormat::RGB, Layout::Rgb),
        Layout::InvertedCmyk | Layout::Ycck => (PixelFormat::CMYK, Layout::InvertedCmyk),
    };
    let mut decompressor = Decompressor::new().ok()?;
    decompressor.set_scan_limit(u32::from(MAX_SCANS)).ok()?;
    let header = decompressor.read_header(bytes).ok()?;
    let divisor = divisor(scale);
    let factor = ScalingFactor::new(1, divisor as usize);
    decompressor.set_scaling_factor(factor).ok()?;
    let (width, height) = (factor.scale(header.width), factor.scale(header.height));
    let pitch = width * format.size();
    let mut pixels = vec![0; pitch * height];
    let image = Image {
        pixels: pixels.as_mut_slice(),
        width,
        pitch,
        height,
        format,
    };
    decompressor.decompress(bytes, image).ok()?;
    let extent = |length: usize| length as f64 / f64::from(divisor);
    let picture = Picture {
        width: width.try_into().ok()?,
        height: height.try_into().ok()?,
        layout,
        pixels,
    };
    Some((picture, (extent(header.width), extent(header.height))))
}

#[cfg(test)]
mod tests {
    use super::divisor;

    #[test]
    fn the_scale_is_never_below_what_is_needed() {
        assert_eq!(
            [1.0, 0.51, 0.5, 0.36, 0.25, 0.13, 0.125, 0.01].map(divisor),
            [1, 1, 2, 2, 4, 4, 8, 8]
        );
    }
}
