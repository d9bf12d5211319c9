//! What a perfect pipeline would give, and how near others come to it.
//!
//! The reference of a preset: decoded at full size, turned upright, its centre cut, and reduced by one Lanczos3 in 32-bit
//! floats on the sRGB values, never rounded or compressed. The score is SSIMULACRA2 (100: the same, 90: no visible
//! difference, 70: good), of the decoded output against it, at the output's own size.

use std::fs;
use std::path::Path;

use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder as _, ImageReader};
use imaging::{Fit, PresetSpec};
use ssimulacra2::{ColorPrimaries, Rgb, TransferCharacteristic, compute_frame_ssimulacra2};

use crate::{Outcome, presets};

/// Prints bytes and score of `<preset>.jpg` in a folder for each preset.
pub(crate) fn score(photo: &Path, made: &Path) -> Outcome<()> {
    let mut decoder = ImageReader::open(photo)?.with_guessed_format()?.into_decoder()?;
    let orientation = decoder.orientation()?;
    let mut source = DynamicImage::from_decoder(decoder)?;
    source.apply_orientation(orientation);
    let mut scores = Vec::new();
    for preset in presets() {
        let bytes = fs::read(made.join(format!("{}.jpg", preset.name)))?;
        let output = image::load_from_memory(&bytes)?;
        // Pipelines that shrink in steps may round to a neighbouring size.
        let (width, height) = (output.width(), output.height());
        let score =
            compute_frame_ssimulacra2(frame(reduced(&source, &preset, (width, height)))?, frame(output)?)?;
        scores.push(format!(
            r#"{{"preset":"{}","bytes":{},"score":{score:.2}}}"#,
            preset.name,
            bytes.len()
        ));
    }
    println!("[{}]", scores.join(","));
    Ok(())
}

fn reduced(source: &DynamicImage, preset: &PresetSpec, (width, height): (u32, u32)) -> DynamicImage {
    let (across, down) = (source.width(), source.height());
    let cut = match preset.fit {
        Fit::Fit => (across, down),
        // The square presets that are measured; the whole side is used.
        Fit::Crop => (
            across.min(down * width / height),
            down.min(across * height / width),
        ),
    };
    let centre = source.crop_imm((across - cut.0) / 2, (down - cut.1) / 2, cut.0, cut.1);
    DynamicImage::ImageRgb32F(centre.into_rgb32f()).resize_exact(width, height, FilterType::Lanczos3)
}

fn frame(picture: DynamicImage) -> Outcome<Rgb> {
    let (width, height) = (
        usize::try_from(picture.width())?,
        usize::try_from(picture.height())?,
    );
    let floats = picture.into_rgb32f();
    let pixels = floats
        .pixels()
        .map(|pixel| pixel.0.map(|value| value.clamp(0.0, 1.0)))
        .collect();
    Ok(Rgb::new(
        pixels,
        width,
        height,
        TransferCharacteristic::SRGB,
        ColorPrimaries::BT709,
    )?)
}
