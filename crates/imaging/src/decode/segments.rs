//! A JPEG's segments, without decoding: is the file whole, has it to be buffered, and how much would that take.

use crate::error::ImageError;

const END_OF_IMAGE: u8 = 0xd9;
const START_OF_SCAN: u8 = 0xda;

/// Refuses a file that was cut off: it has no end-of-image marker, and decoders would fill what is missing with grey.
///
/// Markers inside other segments, as of an embedded thumbnail, do not count; bytes after the marker, as of a second
/// picture, do no harm.
pub(crate) fn require_end(bytes: &[u8]) -> Result<(), ImageError> {
    let mut scanned = false;
    for (marker, _) in segments(bytes) {
        match marker {
            START_OF_SCAN => scanned = true,
            END_OF_IMAGE if scanned => return Ok(()),
            END_OF_IMAGE => return Err(ImageError::corrupt("it ends before its pixels")),
            _ => {}
        }
    }
    Err(ImageError::cut_off())
}

/// How many coefficients the whole picture has, from the sampling factors in its frame header.
pub(crate) fn coefficients(bytes: &[u8]) -> u64 {
    let is_frame = |marker: u8| matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc);
    let Some((_, frame)) = segments(bytes).find(|(marker, _)| is_frame(*marker)) else {
        return 0;
    };
    let [_, y0, y1, x0, x1, _, components @ ..] = frame else {
        return 0;
    };
    let factors = || {
        components
            .as_chunks::<3>()
            .0
            .iter()
            .map(|&[_, hv, _]| (u64::from(hv >> 4), u64::from(hv & 15)))
    };
    let greatest = |side: fn((u64, u64)) -> u64| factors().map(side).max().unwrap_or(1).max(1) * 8;
    let columns = u64::from(u16::from_be_bytes([*x0, *x1])).div_ceil(greatest(|(h, _)| h));
    let rows = u64::from(u16::from_be_bytes([*y0, *y1])).div_ceil(greatest(|(_, v)| v));
    columns * rows * factors().map(|(h, v)| h * v).sum::<u64>() * 64
}

/// Whether the first scan has all components, so that a baseline file is decoded row by row.
pub(crate) fn is_interleaved(bytes: &[u8], components: u8) -> bool {
    segments(bytes)
        .find(|(marker, _)| *marker == START_OF_SCAN)
        .is_some_and(|(_, scan)| scan.first() == Some(&components))
}

/// Markers and what belongs to each; the entropy-coded bytes after a scan's header are passed over. Ends where a
/// segment is cut off.
fn segments(bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        loop {
            rest = &rest[memchr::memchr(0xff, rest)? + 1..];
            match *rest {
                // Stuffing, restart and start of image have no length; a fill byte may precede any marker.
                [0x00 | 0x01 | 0xd0..=0xd8 | 0xff, ..] => {}
                [END_OF_IMAGE, ..] => return Some((END_OF_IMAGE, [].as_slice())),
                [marker, high, low, ..] => {
                    let length = usize::from(u16::from_be_bytes([high, low])).max(2);
                    let payload = rest.get(3..=length)?;
                    rest = &rest[length + 1..];
                    return Some((marker, payload));
                }
                _ => return None,
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{coefficients, is_interleaved, require_end};

    const FILE: &[u8] = &[
        0xff, 0xd8, // start
        0xff, 0xe1, 0, 6, 0xff, 0xd9, 0xff, 0xd9, // a segment with end markers in it
        0xff, 0xff, 0xda, 0, 3, 3, // a scan of three components, after a fill byte
        1, 2, 0xff, 0, 0xff, 0xd0, 3, // its bytes, with stuffing and a restart
        0xff, 0xd9, // end
        0xff, 0xd8, 0xff, 0xe0, // the beginning of something else
    ];

    #[test]
    fn the_end_must_be_there() {
        assert!(require_end(FILE).is_ok());
        let end = FILE.len() - 4;
        assert!(require_end(&FILE[..end]).is_ok());
        for length in 0..end {
            assert!(require_end(&FILE[..length]).is_err(), "cut to {length} bytes");
        }
    }

    #[test]
    fn an_end_without_pixels_is_none() {
        assert!(require_end(&[0xff, 0xd8, 0xff, 0xd9]).is_err());
    }

    #[test]
    fn coefficients_follow_the_sampling_factors() {
        let frame = |chroma: u8| {
            [
                0xff, 0xd8, 0xff, 0xc2, 0, 17, 8, 0, 17, 0, 33, 3, 1, 0x22, 0, 2, chroma, 1, 3, chroma, 1,
            ]
        };
        // 33×17 pixels are three by two blocks of 16×16.
        assert_eq!(coefficients(&frame(0x11)), 3 * 2 * 6 * 64);
        assert_eq!(coefficients(&frame(0x22)), 3 * 2 * 12 * 64);
        assert_eq!(coefficients(&[0xff, 0xd8]), 0);
    }

    #[test]
    fn the_first_scan_says_whether_all_components_come_together() {
        assert!(is_interleaved(FILE, 3));
        assert!(!is_interleaved(FILE, 4));
        assert!(!is_interleaved(&[], 3));
    }
}
