//! The eight EXIF orientations: read from a file's metadata, applied to pixels.

use crate::picture::Picture;

pub use image::metadata::Orientation;

/// The orientation in a TIFF-shaped EXIF block; upright where there is none or it is nonsense.
pub(crate) fn from_exif(exif: Option<&[u8]>) -> Orientation {
    exif.map(|exif| exif.strip_prefix(b"Exif\0\0").unwrap_or(exif))
        .and_then(Orientation::from_exif_chunk)
        .unwrap_or(Orientation::NoTransforms)
}

/// Whether width and height change places.
pub(crate) fn swaps_sides(orientation: Orientation) -> bool {
    orientation.to_exif() >= 5
}

/// A size before orientation as it is after, and the other way round.
pub(crate) fn oriented(orientation: Orientation, (width, height): (u32, u32)) -> (u32, u32) {
    if swaps_sides(orientation) {
        (height, width)
    } else {
        (width, height)
    }
}

/// Turns and mirrors a picture upright.
pub(crate) fn apply(orientation: Orientation, picture: Picture) -> Picture {
    if orientation == Orientation::NoTransforms {
        return picture;
    }
    match picture.layout.channels() {
        1 => turn::<1>(orientation, &picture),
        3 => turn::<3>(orientation, &picture),
        _ => turn::<4>(orientation, &picture),
    }
}

fn turn<const CHANNELS: usize>(orientation: Orientation, picture: &Picture) -> Picture {
    let (width, height) = (picture.width as usize, picture.height as usize);
    let (out_width, out_height) = oriented(orientation, (picture.width, picture.height));
    // Where the first output pixel lies in the source, and what a step right and a step down are there.
    let (right, bottom) = (width - 1, (height - 1) * width);
    let (one, line) = (1_isize, width.cast_signed());
    let (start, step_x, step_y) = match orientation.to_exif() {
        2 => (right, -one, line),
        3 => (right + bottom, -one, -line),
        4 => (bottom, one, -line),
        5 => (0, line, one),
        6 => (bottom, -line, one),
        7 => (right + bottom, -line, -one),
        8 => (right, line, -one),
        _ => (0, one, line),
    };
    let (source, _) = picture.pixels.as_chunks::<CHANNELS>();
    let mut pixels = Vec::with_capacity(picture.pixels.len());
    for y in 0..out_height as usize {
        let mut at = start.cast_signed() + y.cast_signed() * step_y;
        for _ in 0..out_width {
            pixels.extend_from_slice(&source[at.cast_unsigned()]);
            at += step_x;
        }
    }
    Picture {
        width: out_width,
        height: out_height,
        layout: picture.layout,
        pixels,
    }
}
