//! The same encodings and formats in the words of the pipeline, the store and the API.

use photos_api::ImageFormat;

use crate::store::Encoding;

/// In the pipeline's words.
pub(super) fn to_imaging(encoding: Encoding) -> imaging::Encoding {
    match encoding {
        Encoding::Jpeg => imaging::Encoding::Jpeg,
        Encoding::WebP => imaging::Encoding::WebP,
    }
}

/// In the store's words.
pub(super) fn from_imaging(encoding: imaging::Encoding) -> Encoding {
    match encoding {
        imaging::Encoding::Jpeg => Encoding::Jpeg,
        imaging::Encoding::WebP => Encoding::WebP,
    }
}

/// In the API's words.
pub(super) fn format(format: imaging::Format) -> ImageFormat {
    match format {
        imaging::Format::Jpeg => ImageFormat::Jpeg,
        imaging::Format::Png => ImageFormat::Png,
        imaging::Format::WebP => ImageFormat::Webp,
        imaging::Format::Gif => ImageFormat::Gif,
    }
}
