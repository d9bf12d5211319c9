//! What is seen of a photo before it is there: its thumbhash as a picture of a few pixels, which the browser smooths.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Pixels of the longer side. The browser makes soft gradients of so few.
const SIDE: usize = 6;

/// A `data:` URL of a PNG, some 200 bytes; none if the text is no thumbhash.
pub(crate) fn data_url(thumbhash: &str) -> Option<String> {
    let hash = STANDARD.decode(thumbhash).ok()?;
    let (width, height, rgba) = thumbhash::thumb_hash_to_rgba(&hash).ok()?;
    let (columns, rows) = if width >= height {
        (SIDE, (SIDE * height + width / 2) / width)
    } else {
        ((SIDE * width + height / 2) / height, SIDE)
    };
    let (columns, rows) = (columns.max(1), rows.max(1));
    let mut pixels = Vec::with_capacity(columns * rows * 3);
    for row in 0..rows {
        for column in 0..columns {
            pixels.extend(mean(
                &rgba,
                width,
                (column * width / columns, (column + 1) * width / columns),
                (row * height / rows, (row + 1) * height / rows),
            ));
        }
    }
    let png = encode(u32::try_from(columns).ok()?, u32::try_from(rows).ok()?, &pixels).ok()?;
    Some(format!("data:image/png;base64,{}", STANDARD.encode(png)))
}

/// The mean colour of a part, on white where it is transparent.
fn mean(rgba: &[u8], width: usize, x: (usize, usize), y: (usize, usize)) -> [u8; 3] {
    let (mut sums, mut count) = ([0_usize; 3], 0);
    for row in y.0..y.1.max(y.0 + 1) {
        for column in x.0..x.1.max(x.0 + 1) {
            let Some(pixel) = rgba.get((row * width + column) * 4..(row * width + column) * 4 + 4) else {
                continue;
            };
            let alpha = usize::from(pixel[3]);
            for (sum, value) in sums.iter_mut().zip(pixel) {
                *sum += (usize::from(*value) * alpha + 255 * (255 - alpha)) / 255;
            }
            count += 1;
        }
    }
    sums.map(|sum| u8::try_from(sum / count.max(1)).unwrap_or(u8::MAX))
}

fn encode(width: u32, height: u32, rgb: &[u8]) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::High);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(rgb)?;
    writer.finish()?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn is_small_and_has_the_shape() {
        let clay: Vec<u8> = (0..60 * 40).flat_map(|_| [180, 110, 80, 255]).collect();
        let hash = STANDARD.encode(thumbhash::rgba_to_thumb_hash(60, 40, &clay));
        let url = data_url(&hash).unwrap();
        assert!(url.len() < 300, "{}", url.len());
        let png = STANDARD
            .decode(url.strip_prefix("data:image/png;base64,").unwrap())
            .unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((info.width, info.height), (6, 4));
        for (value, expected) in pixels.iter().zip([180_u8, 110, 80]) {
            assert!(value.abs_diff(expected) < 30, "{:?}", &pixels[..3]);
        }
    }

    #[test]
    fn nonsense_has_no_picture() {
        for text in ["", "AA==", "not base64!"] {
            assert_eq!(data_url(text), None, "{text}");
        }
    }
}
