//! Whatever a picture's numbers mean, as sRGB.

use moxcms::{ColorProfile, DataColorSpace, TransformOptions};

use crate::error::ImageError;
use crate::picture::{Layout, Picture};

/// Converts to sRGB: grey stays grey, ink becomes RGB, alpha is kept. A profile that is unreadable or of another kind
/// than the pixels is ignored, as browsers do.
pub(crate) fn to_srgb(picture: Picture, profile: Option<&[u8]>) -> Result<Picture, ImageError> {
    let picture = if picture.layout == Layout::Ycck {
        ycck_to_cmyk(picture)
    } else {
        picture
    };
    let converted = profile
        .and_then(|bytes| ColorProfile::new_from_slice(bytes).ok())
        .filter(|profile| !is_srgb(profile))
        .and_then(|profile| convert(&picture, &profile));
    Ok(match converted {
        Some(converted) => converted,
        None if picture.layout == Layout::InvertedCmyk => naive_ink(&picture),
        None => picture,
    })
}

/// By its numbers, for sRGB profiles come under many names.
fn is_srgb(profile: &ColorProfile) -> bool {
    let srgb = ColorProfile::new_srgb();
    let close = |a: moxcms::Xyzd, b: moxcms::Xyzd| {
        (a.x - b.x).abs() < 2e-3 && (a.y - b.y).abs() < 2e-3 && (a.z - b.z).abs() < 2e-3
    };
    profile.color_space == DataColorSpace::Rgb
        && close(profile.red_colorant, srgb.red_colorant)
        && close(profile.green_colorant, srgb.green_colorant)
        && close(profile.blue_colorant, srgb.blue_colorant)
}

fn convert(picture: &Picture, profile: &ColorProfile) -> Option<Picture> {
    use moxcms::Layout as Order;
    let (from, to, space, layout) = match picture.layout {
        Layout::Grey => (Order::Gray, Order::Rgb, DataColorSpace::Gray, Layout::Rgb),
        Layout::Rgb => (Order::Rgb, Order::Rgb, DataColorSpace::Rgb, Layout::Rgb),
        Layout::Rgba => (Order::Rgba, Order::Rgba, DataColorSpace::Rgb, Layout::Rgba),
        Layout::InvertedCmyk => (Order::Rgba, Order::Rgb, DataColorSpace::Cmyk, Layout::Rgb),
        Layout::Ycck => return None,
    };
    if profile.color_space != space {
        return None;
    }
    let transform = profile
        .create_transform_8bit(from, &ColorProfile::new_srgb(), to, TransformOptions::default())
        .ok()?;
    let ink: Vec<u8>;
    let source = if picture.layout == Layout::InvertedCmyk {
        ink = picture.pixels.iter().map(|value| 255 - value).collect();
        &ink
    } else {
        &picture.pixels
    };
    let count = picture.width as usize * picture.height as usize;
    let mut pixels = vec![0; count * layout.channels()];
    transform.transform(source, &mut pixels).ok()?;
    Some(Picture {
        width: picture.width,
        height: picture.height,
        layout,
        pixels,
    })
}

/// JPEG's own conversion (ITU-T T.871) of the first three channels, which then are inverted ink.
fn ycck_to_cmyk(mut picture: Picture) -> Picture {
    let byte = |value: f32| value.round().clamp(0.0, 255.0) as u8;
    for [y, cb, cr, _] in picture.pixels.as_chunks_mut::<4>().0 {
        let (luma, blue, red) = (f32::from(*y), f32::from(*cb) - 128.0, f32::from(*cr) - 128.0);
        *y = 255 - byte(luma + 1.402 * red);
        *cb = 255 - byte(luma - 0.344_136 * blue - 0.714_136 * red);
        *cr = 255 - byte(luma + 1.772 * blue);
    }
    Picture {
        layout: Layout::InvertedCmyk,
        ..picture
    }
}

/// Ink without a profile: each colour darkened by black.
fn naive_ink(picture: &Picture) -> Picture {
    let darken = |colour: u8, black: u8| ((u16::from(colour) * u16::from(black) + 127) / 255) as u8;
    let inks = picture.pixels.as_chunks::<4>().0;
    let pixels = inks
        .iter()
        .flat_map(|&[c, m, y, k]| [darken(c, k), darken(m, k), darken(y, k)])
        .collect();
    Picture {
        width: picture.width,
        height: picture.height,
        layout: Layout::Rgb,
        pixels,
    }
}
