//! Typed object keys. A key is built from ids, digests and preset names, never from what a user typed, so that it is
//! always a safe path; `Key::parse` accepts exactly the texts that `Display` writes.

use std::fmt;

use photos_api::PhotoId;

use super::digest::Digest;

/// What all keys begin with.
pub const PREFIX: &str = "photos/";

/// The name of an object in the store.
///
/// `photos/<photo>/original-<sha256>` or `photos/<photo>/<sha256>/<preset>-<pipeline>.<extension>`, where the digest is
/// always that of the original.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    photo: PhotoId,
    digest: Digest,
    kind: Kind,
}

/// What an object is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The bytes as uploaded; they never leave the store.
    Original,
    /// A picture made from the original.
    Variant {
        /// The preset's name.
        preset: String,
        /// The version of the imaging pipeline that made it.
        pipeline: u32,
        /// How it is encoded.
        encoding: Encoding,
    },
}

/// The encoding of a variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Encoding {
    /// `image/jpeg`, `.jpg`
    Jpeg,
    /// `image/webp`, `.webp`
    WebP,
}

/// A text that is no key, or a preset name that cannot be part of one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an object key of photos")]
pub struct BadKey(String);

impl Encoding {
    /// All encodings.
    pub const ALL: [Self; 2] = [Self::Jpeg, Self::WebP];

    /// The file name extension, without a dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::WebP => "webp",
        }
    }

    /// The media type.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::WebP => "image/webp",
        }
    }

    /// The encoding with this extension.
    pub fn from_extension(extension: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|encoding| encoding.extension() == extension)
    }
}

impl Key {
    /// The key of a photo's original.
    pub fn original(photo: PhotoId, digest: Digest) -> Self {
        Self {
            photo,
            digest,
            kind: Kind::Original,
        }
    }

    /// The key of a variant of the original with this digest. A preset name is 1–64 of `a-z`, `0-9`, `_` and `-`.
    pub fn variant(
        photo: PhotoId,
        digest: Digest,
        preset: &str,
        pipeline: u32,
        encoding: Encoding,
    ) -> Result<Self, BadKey> {
        let safe = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
        if preset.is_empty() || preset.len() > 64 || !preset.bytes().all(safe) {
            return Err(BadKey(preset.to_owned()));
        }
        let kind = Kind::Variant {
            preset: preset.to_owned(),
            pipeline,
            encoding,
        };
        Ok(Self { photo, digest, kind })
    }

    /// Reads a key back, as from the ledger or a listing of the store.
    pub fn parse(text: &str) -> Result<Self, BadKey> {
        // What is read must write the same text: that refuses "007", upper-case UUIDs and the like in one place.
        Self::read(text)
            .filter(|key| key.to_string() == text)
            .ok_or_else(|| BadKey(text.to_owned()))
    }

    fn read(text: &str) -> Option<Self> {
        let (photo, rest) = text.strip_prefix(PREFIX)?.split_once('/')?;
        let photo = photo.parse().ok()?;
        if let Some(digest) = rest.strip_prefix("original-") {
            return Some(Self::original(photo, digest.parse().ok()?));
        }
        let (digest, name) = rest.split_once('/')?;
        let (name, extension) = name.split_once('.')?;
        let (preset, pipeline) = name.rsplit_once('-')?;
        let encoding = Encoding::from_extension(extension)?;
        Self::variant(
            photo,
            digest.parse().ok()?,
            preset,
            pipeline.parse().ok()?,
            encoding,
        )
        .ok()
    }

    /// The photo that the object belongs to.
    pub fn photo(&self) -> PhotoId {
        self.photo
    }

    /// The digest of the photo's original, whatever this object is.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// What the object is.
    pub fn kind(&self) -> &Kind {
        &self.kind
    }

    /// Whether this is an original, as against a variant that can be made again.
    pub fn is_original(&self) -> bool {
        self.kind == Kind::Original
    }

    /// The media type to store and to serve with. An original is served to nobody, so it has none of its own.
    pub fn content_type(&self) -> &'static str {
        match &self.kind {
            Kind::Original => "application/octet-stream",
            Kind::Variant { encoding, .. } => encoding.content_type(),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { photo, digest, kind } = self;
        match kind {
            Kind::Original => write!(f, "{PREFIX}{photo}/original-{digest}"),
            Kind::Variant {
                preset,
                pipeline,
                encoding,
            } => {
                write!(
                    f,
                    "{PREFIX}{photo}/{digest}/{preset}-{pipeline}.{}",
                    encoding.extension()
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn keys_round_trip() {
        let photo = PhotoId::now();
        let digest = Digest::of(b"x");
        let original = Key::original(photo, digest);
        assert_eq!(original.to_string(), format!("photos/{photo}/original-{digest}"));
        assert_eq!(Key::parse(&original.to_string()), Ok(original));
        for preset in ["thumb", "x-1", "a_b", "-"] {
            for encoding in Encoding::ALL {
                let key = Key::variant(photo, digest, preset, 7, encoding).unwrap();
                assert_eq!(Key::parse(&key.to_string()), Ok(key));
            }
        }
    }

    #[test]
    fn unsafe_preset_names_make_no_key() {
        for preset in ["", "..", "a/b", "a.b", "A", "é", "a b", "a\0", &"a".repeat(65)] {
            let key = Key::variant(PhotoId::now(), Digest::of(b""), preset, 1, Encoding::Jpeg);
            assert!(key.is_err(), "{preset:?}");
        }
    }

    #[test]
    fn other_texts_are_no_keys() {
        let (photo, digest) = (PhotoId::now(), Digest::of(b""));
        let upper = photo.to_string().to_uppercase();
        for text in [
            "".to_owned(),
            "photos/".to_owned(),
            format!("photos/{photo}"),
            format!("photos/{photo}/original"),
            format!("photos/{photo}/original-{digest}/"),
            format!("photos/{photo}/original-{digest}.jpg"),
            format!("/photos/{photo}/original-{digest}"),
            format!("photos/{upper}/original-{digest}"),
            format!("photos/../{photo}/original-{digest}"),
            format!("photos/{photo}/{digest}/thumb-01.jpg"),
            format!("photos/{photo}/{digest}/thumb-+1.jpg"),
            format!("photos/{photo}/{digest}/thumb.jpg"),
            format!("photos/{photo}/{digest}/thumb-1.png"),
            format!("photos/{photo}/{digest}/../thumb-1.jpg"),
        ] {
            assert!(Key::parse(&text).is_err(), "{text}");
        }
    }
}
