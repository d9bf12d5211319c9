//! How much memory a picture takes, known from its header: what admission by memory stands on.

use crate::header::Header;
use crate::preset::{PresetSpec, cut, output_size};

/// Bytes that a decoder holds, besides what grows with the presets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cost {
    /// Held while decoding: coefficients, planes, a second frame.
    pub(crate) working: u64,
    /// Held until the first resize is done: the decoded pixels.
    pub(crate) decoded: u64,
    /// Bytes of a pixel while it is resized.
    pub(crate) channels: u64,
}

/// Tables, row buffers and what an allocator rounds up, in bytes.
const OVERHEAD: u64 = 2 << 20;

/// What libwebp holds while it encodes, in bytes a pixel: ARGB, planes and statistics.
const WEBP: u64 = 8;

/// The most bytes held at once from decoding to encoding.
pub(crate) fn peak(header: &Header, presets: &[PresetSpec]) -> u64 {
    let cost = header.cost;
    let rows = u64::from(header.width.max(header.height));
    let (mut made, mut largest, mut scratch, mut turned) = (0, 0, 0, 0);
    for preset in presets {
        let (width, height) = output_size(header.width, header.height, preset);
        let pixels = u64::from(width) * u64::from(height);
        made += pixels * cost.channels.max(3);
        largest = largest.max(pixels);
        if (width, height) == cut(header.width, header.height, preset) {
            // Not shrunk: all of it is copied and turned.
            turned = cost.decoded * 2;
        }
        // The resizer works in two passes: first every row to its new width.
        scratch = scratch.max(u64::from(width.max(height)) * rows * cost.channels);
    }
    // Turned, converted or flattened: a second copy of the largest. Encoded: at most as many bytes as pixels took.
    let made = made + largest * (cost.channels.max(4) + WEBP);
    // To weigh colours with alpha, the resizer copies what it reads.
    let copied = if cost.channels == 4 { cost.decoded } else { 0 };
    let decoding = cost.working + cost.decoded;
    let resizing = cost.decoded + copied + turned + scratch + made;
    decoding.max(resizing) + OVERHEAD
}
