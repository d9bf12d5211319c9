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

impl PhotoRow {
    /// Where it stands in lists ordered by publication: drafts by their creation.
    pub fn sort_at(&self) -> Timestamp {
        self.published_at.unwrap_or(self.created_at)
    }
}
