//! A decoded picture: eight bits a channel, rows without padding.

/// What the bytes of a pixel are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// One channel of grey.
    Grey,
    /// Red, green, blue.
    Rgb,
    /// Red, green, blue, and alpha that the colours are not multiplied with.
    Rgba,
    /// Ink, the way JPEGs keep it: 255 is none.
    InvertedCmyk,
    /// Luma, two chromas and inverted black, the other way JPEGs keep ink.
    Ycck,
}

impl Layout {
    /// Bytes of a pixel.
    pub(crate) const fn channels(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::Rgb => 3,
            Self::Rgba | Self::InvertedCmyk | Self::Ycck => 4,
        }
    }
}

/// Pixels, row by row.
#[derive(Debug, Clone)]
pub(crate) struct Picture {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) layout: Layout,
    /// `width × height × layout.channels()` bytes.
    pub(crate) pixels: Vec<u8>,
}
