//! Decode, orient, convert to sRGB, resize and encode pictures: pure functions on bytes.
//!
//! [`probe`] reads a header and says what decoding would cost; [`render`] decodes once and makes every asked-for
//! variant from it. Nothing here touches files, threads or the network, and nothing but pixels leaves: no EXIF, GPS,
//! colour profile or comment of the source is in any output.
//!
//! ```
//! # fn example(bytes: &[u8]) -> Result<(), imaging::ImageError> {
//! use imaging::{Encoding, Fit, Limits, PresetSpec};
//!
//! let header = imaging::probe(bytes, &Limits { max_pixels: 50_000_000, max_side: 12_000 })?;
//! let presets = [PresetSpec { name: "small".into(), width: 640, height: 640, fit: Fit::Fit }];
//! let rendered = imaging::render(bytes, &header, &presets, &[Encoding::Jpeg])?;
//! assert_eq!(rendered.variants.len(), 1);
//! # Ok(())
//! # }
//! ```

mod budget;
mod colour;
mod decode;
mod encode;
mod error;
mod header;
mod orient;
mod picture;
mod placeholder;
mod plan;
mod preset;
mod render;
mod resize;

pub use encode::Encoding;
pub use error::ImageError;
pub use header::{Format, Header, Limits, probe};
pub use orient::Orientation;
pub use preset::{Fit, PresetSpec, output_size};
pub use render::{Rendered, Variant, render, render_some};

/// Goes up whenever the same source would give other pixels or bytes, so that stored variants are made anew.
pub const PIPELINE_VERSION: u32 = 1;
