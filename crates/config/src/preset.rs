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
        let mut presets = Self::new();
        let mut wrong = Vec::new();
        for item in text.split(',').map(str::trim) {
            match preset(item) {
                Some(preset) => presets.push(preset),
                None => wrong.push(format!("`{item}`")),
            }
        }
        let mut faults = Vec::new();
        if !wrong.is_empty() {
            faults.push(format!(
                "{} {}: write <name>=<width>x<height>:crop or :fit, like thumb=200x200:crop, with sides from 1 \
                 to {MAX_SIDE}",
                wrong.join(", "),
                if wrong.len() == 1 { "is no preset" } else { "are no presets" },
            ));
        }
        for (index, preset) in presets.iter().enumerate() {
            let same = |earlier: &&Preset| earlier.name == preset.name;
            // Told of the second, however many follow.
            if presets.iter().take(index).filter(same).count() == 1 {
                faults.push(format!("has two presets named `{}`", preset.name));
            }
        }
        if faults.is_empty() {
            Ok(presets)
        } else {
            Err(faults.join("; "))
        }
    }
}

/// Reads `thumb=200x200:crop`.
fn preset(text: &str) -> Option<Preset> {
    let (name, rest) = text.split_once('=')?;
    let (size, mode) = rest.split_once(':')?;
    let (width, height) = size.split_once('x')?;
    Some(Preset {
        name: named(name)?,
        width: side(width)?,
        height: side(height)?,
        mode: match mode {
            "crop" => PresetMode::Crop,
            "fit" => PresetMode::Fit,
            _ => return None,
        },
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_of_a_list_is_told() {
        let told = Vec::<Preset>::parse("a=0x0:fit, b=1x1:foo, c=1x1:fit, c=2x2:fit, c=3x3:fit");
        assert_eq!(
            told,
            Err(
                "`a=0x0:fit`, `b=1x1:foo` are no presets: write <name>=<width>x<height>:crop or :fit, like \
                 thumb=200x200:crop, with sides from 1 to 16383; has two presets named `c`"
                    .to_owned()
            )
        );
    }
}
