//! Why a picture was refused, in words for whoever sent it.

/// What went wrong with a picture. No text in it repeats bytes of the picture.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The bytes are no picture, or one of a kind that is not decoded here.
    #[error("unsupported picture: {0}; send a JPEG, PNG, WebP or GIF")]
    Unsupported(String),
    /// The bytes begin like a picture, but are cut off or damaged.
    #[error("damaged picture: {0}; export it again from its source")]
    Corrupt(String),
    /// The picture is larger than the limits allow; found in its header, before anything was decoded.
    #[error(
        "{width}×{height} pixels are too many: at most {max_side} a side and {max_pixels} in all; send a smaller picture"
    )]
    TooLarge {
        /// Width in pixels, after orientation.
        width: u32,
        /// Height in pixels, after orientation.
        height: u32,
        /// The limit on either side, in pixels.
        max_side: u32,
        /// The limit on width × height.
        max_pixels: u64,
    },
    /// A variant could not be made or written: a fault of this crate or its caller, not of the picture.
    #[error("could not make a variant: {0}")]
    Encode(String),
}

impl ImageError {
    pub(crate) fn corrupt(cause: impl std::fmt::Display) -> Self {
        Self::Corrupt(cause.to_string())
    }

    pub(crate) fn cut_off() -> Self {
        Self::corrupt("it is cut off before its end")
    }

    pub(crate) fn unsupported(what: impl Into<String>) -> Self {
        Self::Unsupported(what.into())
    }

    pub(crate) fn encode(cause: impl std::fmt::Display) -> Self {
        Self::Encode(cause.to_string())
    }
}
