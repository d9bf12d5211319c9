//! The stage's presets: what is made of every photo, under which keys, and the `v` of its URLs.

use std::fmt;

use config::{Preset, PresetMode};
use imaging::{Fit, PIPELINE_VERSION, PresetSpec};

use crate::domain::{PhotoId, PhotoRow};
use crate::store::{Digest, Encoding, Key};

/// The presets in the order of the configuration.
#[derive(Clone, Debug)]
pub struct Presets {
    list: Vec<Entry>,
    specs: Vec<PresetSpec>,
    /// Places in the other two, in the order of the names.
    by_name: Vec<usize>,
}

#[derive(Clone, Debug)]
struct Entry {
    /// Name and geometry: another geometry under the old name makes new objects.
    stored_name: String,
    /// Differs with name, geometry and pipeline.
    salt: u64,
}

/// One preset.
#[derive(Clone, Copy, Debug)]
pub struct PresetRef<'a> {
    /// Name and geometry.
    pub spec: &'a PresetSpec,
    entry: &'a Entry,
}

/// Which picture of a photo a URL means; 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureVersion(u64);

impl fmt::Display for PictureVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = [0; 16];
        hex::encode_to_slice(self.0.to_be_bytes(), &mut digits).map_err(|_| fmt::Error)?;
        f.write_str(std::str::from_utf8(&digits).map_err(|_| fmt::Error)?)
    }
}

impl Presets {
    /// The presets of a configuration.
    pub fn new(presets: &[Preset]) -> Self {
        let specs: Vec<_> = presets.iter().map(spec).collect();
        let mut by_name: Vec<_> = (0..specs.len()).collect();
        by_name.sort_by_key(|&at| specs.get(at).map(|spec| &spec.name));
        Self {
            list: specs.iter().map(Entry::new).collect(),
            by_name,
            specs,
        }
    }

    /// All of them, as the pipeline takes them.
    pub fn specs(&self) -> &[PresetSpec] {
        &self.specs
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = PresetRef<'_>> {
        self.specs
            .iter()
            .zip(&self.list)
            .map(|(spec, entry)| PresetRef { spec, entry })
    }

    /// All of them, sorted by name.
    pub fn by_name(&self) -> impl Iterator<Item = PresetRef<'_>> {
        let preset = |&at: &usize| {
            let (spec, entry) = (self.specs.get(at)?, self.list.get(at)?);
            Some(PresetRef { spec, entry })
        };
        self.by_name.iter().filter_map(preset)
    }

    /// The one with this name.
    pub fn get(&self, name: &str) -> Option<PresetRef<'_>> {
        self.iter().find(|preset| preset.spec.name == name)
    }
}

impl Entry {
    fn new(spec: &PresetSpec) -> Self {
        let mode = match spec.fit {
            Fit::Crop => 'c',
            Fit::Fit => 'f',
        };
        let stored_name = format!("{}-{}x{}{mode}", spec.name, spec.width, spec.height);
        let digest = Digest::of(format!("{stored_name}-{PIPELINE_VERSION}").as_bytes());
        Self {
            stored_name,
            salt: first_eight(digest.bytes()),
        }
    }
}

impl PresetRef<'_> {
    /// Where the variant of a photo lies. None if the configuration let a name pass that no key can hold.
    pub fn key(&self, photo: PhotoId, original: Digest, encoding: Encoding) -> Option<Key> {
        Key::variant(
            photo,
            original,
            &self.entry.stored_name,
            PIPELINE_VERSION,
            encoding,
        )
        .ok()
    }

    /// The `v` of the picture's URL: another original, geometry or pipeline is another URL.
    pub fn version(&self, photo: &PhotoRow) -> PictureVersion {
        let content = photo
            .sha256
            .get(..16)
            .and_then(|digits| u64::from_str_radix(digits, 16).ok());
        PictureVersion(content.unwrap_or_default() ^ self.entry.salt)
    }

    /// Width and height of a photo in this preset, in pixels.
    pub fn size(&self, photo: &PhotoRow) -> (u32, u32) {
        imaging::output_size(photo.width, photo.height, self.spec)
    }
}

fn spec(preset: &Preset) -> PresetSpec {
    let fit = match preset.mode {
        PresetMode::Crop => Fit::Crop,
        PresetMode::Fit => Fit::Fit,
    };
    PresetSpec {
        name: preset.name.clone(),
        width: preset.width,
        height: preset.height,
        fit,
    }
}

fn first_eight(bytes: &[u8; 32]) -> u64 {
    bytes
        .iter()
        .take(8)
        .fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn presets(width: u32) -> Presets {
        Presets::new(&[Preset {
            name: "thumb".into(),
            width,
            height: 200,
            mode: PresetMode::Crop,
        }])
    }

    #[test]
    fn another_geometry_is_another_object_and_another_url() {
        let (old, new) = (presets(200), presets(300));
        let digest = Digest::of(b"original");
        let id = PhotoId::now();
        let keys: Vec<_> = [&old, &new]
            .map(|presets| {
                presets
                    .get("thumb")
                    .and_then(|preset| preset.key(id, digest, Encoding::Jpeg))
            })
            .into();
        assert!(keys[0].is_some() && keys[0] != keys[1], "{keys:?}");
        assert_ne!(old.list[0].salt, new.list[0].salt);
    }
}
