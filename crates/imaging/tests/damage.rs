//! Cut-off, damaged and hostile files are refused in words, before anything large is allocated.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use image::ExtendedColorType;
use imaging::{Encoding, ImageError};
use support::{LIMITS, jpeg, png, presets, quarters};

fn outcome(bytes: &[u8]) -> Result<(), ImageError> {
    let header = imaging::probe(bytes, &LIMITS)?;
    imaging::render(bytes, &header, &presets(), &[Encoding::Jpeg]).map(drop)
}

#[test]
fn a_jpeg_cut_anywhere_is_corrupt() {
    let bytes = jpeg(&quarters(300, 200), |_| {});
    outcome(&bytes).unwrap();
    for length in (3..bytes.len())
        .step_by(7)
        .chain([bytes.len() - 1, bytes.len() - 2])
    {
        let error = outcome(&bytes[..length]).unwrap_err();
        assert!(
            matches!(error, ImageError::Corrupt(_)),
            "cut to {length}: {error}"
        );
    }
}

#[test]
fn a_huge_header_is_too_large() {
    // The last is the most that a PNG can state.
    for stated in [50_000, 1 << 24, i32::MAX as u32] {
        let mut bytes = png(&[0; 3], 1, 1, ExtendedColorType::Rgb8);
        for side in [16..20, 20..24] {
            bytes[side].copy_from_slice(&stated.to_be_bytes());
        }
        let crc = crc(&bytes[12..29]);
        bytes[29..33].copy_from_slice(&crc.to_be_bytes());
        let error = outcome(&bytes).unwrap_err();
        assert!(
            matches!(error, ImageError::TooLarge { width, height, .. } if (width, height) == (stated, stated)),
            "{stated}: {error}"
        );
    }
}

#[test]
fn a_wide_picture_is_too_large() {
    let bytes = png(&vec![0; 12_001 * 3], 12_001, 1, ExtendedColorType::Rgb8);
    assert!(matches!(
        outcome(&bytes),
        Err(ImageError::TooLarge { width: 12_001, .. })
    ));
}

#[test]
fn a_flipped_bit_in_a_png_is_found() {
    let bytes = png(&[7; 64 * 64 * 3], 64, 64, ExtendedColorType::Rgb8);
    let data = bytes.windows(4).position(|name| name == b"IDAT").unwrap();
    let mut damaged = bytes.clone();
    damaged[data + 12] ^= 1;
    assert!(matches!(outcome(&damaged), Err(ImageError::Corrupt(_))));
    for length in [40, data + 10, bytes.len() - 20] {
        assert!(
            matches!(outcome(&bytes[..length]), Err(ImageError::Corrupt(_))),
            "cut to {length}"
        );
    }
}

#[test]
fn a_profile_that_inflates_without_end_is_not_followed() {
    let mut bytes = Vec::new();
    let mut info = png::Info::with_size(1, 1);
    info.color_type = png::ColorType::Rgb;
    // 64 MiB of zeros, some tens of kilobytes in the file.
    info.icc_profile = Some(vec![0; 64 << 20].into());
    let encoder = png::Encoder::with_info(&mut bytes, info).unwrap();
    encoder
        .write_header()
        .unwrap()
        .write_image_data(&[1, 2, 3])
        .unwrap();
    assert!(bytes.len() < 1 << 20);
    // Refused or ignored: either is right, holding it is not. The metadata limit is part of the estimate.
    if let Ok(header) = imaging::probe(&bytes, &LIMITS) {
        assert!(header.decode_bytes(&presets()) < 32 << 20);
        imaging::render(&bytes, &header, &presets(), &[Encoding::Jpeg]).unwrap();
    }
}

/// CRC-32 of a PNG chunk (ISO 3309), bit by bit.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 {
                crc >> 1 ^ 0xedb8_8320
            } else {
                crc >> 1
            }
        })
    })
}
