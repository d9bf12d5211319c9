//! A photo as the service knows it.

use super::{ImageFormat, PhotoId, Timestamp, UserId};

/// A photo with everything that an answer of the API needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhotoRow {
    /// Id.
    pub id: PhotoId,
    /// Grows by one with every change; 1 for a new photo.
    pub version: i64,
    /// Whose it is.
    pub owner_id: UserId,
    /// The owner's username.
    pub owner: String,
    /// 1–100 characters.
    pub name: String,
    /// 0–2,200 characters.
    pub caption: String,
    /// Tags of the caption, normalised, each once, in the caption's order.
    pub tags: Vec<String>,
    /// Seen only by its owner and by staff.
    pub draft: bool,
    /// Format of the original.
    pub format: ImageFormat,
    /// Bytes of the original.
    pub bytes: u64,
    /// Pixels, after orientation.
    pub width: u32,
    /// Pixels, after orientation.
    pub height: u32,
    /// Thumbhash.
    pub placeholder: Vec<u8>,
    /// SHA-256 of the original, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// When it was uploaded.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it was published; none for a draft.
    pub published_at: Option<Timestamp>,
    /// When it went to the trash; none for a photo that is there.
    pub deleted_at: Option<Timestamp>,
}

/// A photo between two changes: whatever the API shows of an edition, it shows for ever. The time tells editions of one number
/// apart, which a backup brings about that is restored and changed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Edition {
    /// The photo's id.
    pub id: PhotoId,
    /// Its version.
    pub version: i64,
    /// When the change was made that led to it.
    pub updated_at: Timestamp,
}

impl PhotoRow {
    /// Which edition of the photo this is.
    pub fn edition(&self) -> Edition {
        Edition {
            id: self.id,
            version: self.version,
            updated_at: self.updated_at,
        }
    }

    /// Where it stands in lists ordered by publication: drafts by their creation.
    pub fn sort_at(&self) -> Timestamp {
        self.published_at.unwrap_or(self.created_at)
    }
}
