//! The predefined sizes in which photos are served.

use crate::value::{Kind, Value};

/// One size in which every photo is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preset {
    /// The last part of the picture's URL: `a-z`, `0-9`, `_` and `-`.
    pub name: String,
    /// Pixels, 1 to 16,383.
    pub width: u32,
    /// Pixels, 1 to 16,383.
    pub height: u32,
    /// What happens to a photo of another aspect.
    pub mode: PresetMode,
}

/// What happens to a photo of another aspect than its preset's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PresetMode {
    /// The centre is cut to the preset's aspect, then shrunk.
    Crop,
    /// The whole photo is shrunk until it fits.
    Fit,
}

/// The longest side that WebP can hold.
const MAX_SIDE: u32 = 16_383;

impl Value for Vec<Preset> {
    const KIND: Kind = Kind::Presets;

    fn parse(text: &str) -> Result<Self, String> {
        let presets: Self = text
            .split(',')
            .map(|item| preset(item.trim()))
            .collect::<Result<_, _>>()?;
        for (index, preset) in presets.iter().enumerate() {
            if presets
                .iter()
                .take(index)
                .any(|earlier| earlier.name == preset.name)
            {
                return Err(format!("has two presets named `{}`", preset.name));
            }
        }
        Ok(presets)
    }
}

/// Reads `thumb=200x200:crop`.
fn preset(text: &str) -> Result<Preset, String> {
    let parts = || {
        let (name, rest) = text.split_once('=')?;
        let (size, mode) = rest.split_once(':')?;
        let (width, height) = size.split_once('x')?;
        let mode = match mode {
            "crop" => PresetMode::Crop,
            "fit" => PresetMode::Fit,
            _ => return None,
        };
        Some(Preset {
            name: named(name)?,
            width: side(width)?,
            height: side(height)?,
            mode,
        })
    };
    parts().ok_or_else(|| {
        format!(
            "`{text}` is no preset: write <name>=<width>x<height>:crop or :fit, like thumb=200x200:crop, \
             with sides from 1 to {MAX_SIDE}"
        )
    })
}

fn named(text: &str) -> Option<String> {
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    ((1..=32).contains(&text.len()) && text.chars().all(legal)).then(|| text.to_owned())
}

fn side(text: &str) -> Option<u32> {
    <u32 as Value>::parse(text)
        .ok()
        .filter(|side| (1..=MAX_SIDE).contains(side))
}
