//! The pipeline: one decode, every variant from it.

use fast_image_resize::Resizer;

use crate::decode::decode;
use crate::encode::{Encoding, encode};
use crate::error::ImageError;
use crate::header::Header;
use crate::picture::Picture;
use crate::plan::{Step, plan};
use crate::preset::{Fit, PresetSpec};
use crate::{colour, orient, placeholder, resize};

/// A picture in one preset and encoding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// The preset's name.
    pub preset: String,
    /// What `bytes` are.
    pub encoding: Encoding,
    /// Width in pixels, as [`output_size`](crate::output_size) says.
    pub width: u32,
    /// Height in pixels, as [`output_size`](crate::output_size) says.
    pub height: u32,
    /// The encoded picture.
    pub bytes: Vec<u8>,
}

/// What [`render`] made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// In the order of the presets, and within a preset in the order of the encodings.
    pub variants: Vec<Variant>,
    /// ThumbHash of the whole picture, some 25 bytes.
    pub placeholder: Vec<u8>,
}

/// Decodes once and makes every preset in every encoding. `header` is what [`probe`](crate::probe) read from the same
/// bytes; how much memory it takes is in [`Header::decode_bytes`].
///
/// Takes a good part of a second for a photo: run it where blocking is allowed.
///
/// # Errors
/// [`ImageError::Corrupt`] or [`ImageError::Unsupported`] if the bytes do not hold what their header promises,
/// [`ImageError::Encode`] if a variant cannot be written.
pub fn render(
    bytes: &[u8],
    header: &Header,
    presets: &[PresetSpec],
    encodings: &[Encoding],
) -> Result<Rendered, ImageError> {
    let decoded = decode(bytes, header)?;
    if (decoded.picture.width, decoded.picture.height) != header.stored_size() {
        return Err(ImageError::corrupt(
            "it decodes to another size than its header says",
        ));
    }
    let steps = plan(header.width, header.height, presets);
    let mut resizer = Resizer::new();
    let mut made: Vec<Picture> = Vec::with_capacity(steps.len());
    for step in &steps {
        let picture = match step.from {
            Some(index) => resize::shrink(&mut resizer, &made[index], step.cut, step.size)?,
            None => from_decoded(&mut resizer, &decoded, header, step)?,
        };
        made.push(picture);
    }
    let whole = steps
        .iter()
        .rposition(|step| presets[step.preset].fit == Fit::Fit);
    let placeholder = match whole {
        Some(index) => placeholder::thumbhash(&mut resizer, &made[index])?,
        None => {
            let step = placeholder::step(header.width, header.height);
            placeholder::thumbhash(
                &mut resizer,
                &from_decoded(&mut Resizer::new(), &decoded, header, &step)?,
            )?
        }
    };
    drop(decoded);
    let mut variants = Vec::with_capacity(steps.len() * encodings.len());
    for (step, picture) in steps.iter().zip(&made) {
        for &encoding in encodings {
            let (preset, (width, height)) = (step.preset, step.size);
            let name = presets[preset].name.clone();
            let bytes = encode(picture, encoding)?;
            variants.push((
                preset,
                Variant {
                    preset: name,
                    encoding,
                    width,
                    height,
                    bytes,
                },
            ));
        }
    }
    variants.sort_by_key(|(preset, _)| *preset);
    let variants = variants.into_iter().map(|(_, variant)| variant).collect();
    Ok(Rendered {
        variants,
        placeholder,
    })
}

/// Shrinks first, for turning and converting a small picture costs less.
fn from_decoded(
    resizer: &mut Resizer,
    decoded: &crate::decode::Decoded,
    header: &Header,
    step: &Step,
) -> Result<Picture, ImageError> {
    if (f64::from(step.size.0), f64::from(step.size.1)) == step.cut {
        // Nothing to shrink: turn the whole, so that the cut is the same pixels as of an upright file.
        let upright = orient::apply(header.orientation, decoded.picture.clone());
        let cut = resize::shrink(resizer, &upright, step.cut, step.size)?;
        return colour::to_srgb(cut, decoded.profile.as_deref());
    }
    let size = orient::oriented(header.orientation, step.size);
    let cut = if orient::swaps_sides(header.orientation) {
        (step.cut.1, step.cut.0)
    } else {
        step.cut
    };
    let small = resize::shrink(resizer, &decoded.picture, cut, size)?;
    let upright = orient::apply(header.orientation, small);
    colour::to_srgb(upright, decoded.profile.as_deref())
}
