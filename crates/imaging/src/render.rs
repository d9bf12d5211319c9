//! The pipeline: one decode, every variant from it.

use fast_image_resize::Resizer;

use crate::decode::{Decoded, decode};
use crate::encode::{Encoding, encode};
use crate::error::ImageError;
use crate::header::Header;
use crate::picture::Picture;
use crate::plan::{Step, plan};
use crate::preset::{Fit, PresetSpec};
use crate::resize::{self, Centre};
use crate::{colour, orient, placeholder};

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
    render_some(bytes, header, presets, encodings, |_, _| true)
}

/// As [`render`], and keeps only those variants that are wanted. They are the same, byte for byte, as if all were kept: a
/// small picture is made from the large one also where that is not asked for.
///
/// # Errors
/// As [`render`].
pub fn render_some(
    bytes: &[u8],
    header: &Header,
    presets: &[PresetSpec],
    encodings: &[Encoding],
    wanted: impl Fn(&PresetSpec, Encoding) -> bool,
) -> Result<Rendered, ImageError> {
    let steps = plan(header.width, header.height, presets);
    let whole = steps
        .iter()
        .rposition(|step| presets[step.preset].fit == Fit::Fit);
    let blurred = placeholder::step(header.width, header.height);
    let scale = steps
        .iter()
        .filter(|step| step.from.is_none())
        .chain(whole.is_none().then_some(&blurred))
        .map(Step::scale)
        .fold(0.0, f64::max);
    let decoded = decode(bytes, header, scale)?;
    let mut resizer = Resizer::new();
    let mut made: Vec<Picture> = Vec::with_capacity(steps.len());
    for step in &steps {
        made.push(match step.from {
            Some(index) => from_made(&mut resizer, &made[index], step)?,
            None => from_decoded(&mut resizer, &decoded, header, step)?,
        });
    }
    let placeholder = match whole {
        Some(index) => placeholder::thumbhash(&mut resizer, &made[index])?,
        None => {
            let small = from_decoded(&mut resizer, &decoded, header, &blurred)?;
            placeholder::thumbhash(&mut resizer, &small)?
        }
    };
    drop((decoded, resizer));
    let mut variants = Vec::with_capacity(steps.len() * encodings.len());
    for (index, preset) in presets.iter().enumerate() {
        let Some((step, picture)) = steps.iter().zip(&made).find(|(step, _)| step.preset == index) else {
            continue;
        };
        for &encoding in encodings.iter().filter(|encoding| wanted(preset, **encoding)) {
            variants.push(Variant {
                preset: preset.name.clone(),
                encoding,
                width: step.size.0,
                height: step.size.1,
                bytes: encode(picture, encoding)?,
            });
        }
    }
    Ok(Rendered {
        variants,
        placeholder,
    })
}

fn from_made(resizer: &mut Resizer, source: &Picture, step: &Step) -> Result<Picture, ImageError> {
    let of = (f64::from(source.width), f64::from(source.height));
    resize::shrink(resizer, source, Centre { of, cut: step.cut }, step.size)
}

/// Shrinks first, for turning and converting a small picture costs less.
fn from_decoded(
    resizer: &mut Resizer,
    decoded: &Decoded,
    header: &Header,
    step: &Step,
) -> Result<Picture, ImageError> {
    let profile = decoded.profile.as_deref();
    let turned = |(a, b)| {
        if orient::swaps_sides(header.orientation) {
            (b, a)
        } else {
            (a, b)
        }
    };
    if step.scale() >= 1.0 {
        // Nothing to shrink: turn all of it, so that the cut has the same pixels as that of an upright file.
        let upright = orient::apply(header.orientation, decoded.picture.clone());
        let centre = Centre {
            of: turned(decoded.extent),
            cut: step.cut,
        };
        return colour::to_srgb(resize::shrink(resizer, &upright, centre, step.size)?, profile);
    }
    let (cut, stored) = (turned(step.cut), header.stored_size());
    let across = decoded.extent.0 / f64::from(stored.0);
    let down = decoded.extent.1 / f64::from(stored.1);
    let centre = Centre {
        of: decoded.extent,
        cut: (cut.0 * across, cut.1 * down),
    };
    let size = orient::oriented(header.orientation, step.size);
    let small = resize::shrink(resizer, &decoded.picture, centre, size)?;
    colour::to_srgb(orient::apply(header.orientation, small), profile)
}
