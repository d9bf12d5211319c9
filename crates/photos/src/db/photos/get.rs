//! One photo.

use crate::db::{Db, DbError};
use crate::domain::{PhotoId, PhotoRow};

impl Db {
    /// A photo that is not in the trash. Whether the caller may see it is for `domain::policy`.
    pub async fn get_photo(&self, id: PhotoId) -> Result<Option<PhotoRow>, DbError> {
        let _ = id;
        Err(self.not_yet())
    }

    /// A photo, in the trash or not.
    pub async fn get_photo_even_deleted(&self, id: PhotoId) -> Result<Option<PhotoRow>, DbError> {
        let _ = id;
        Err(self.not_yet())
    }

    /// Photos by id, up to `limit` of those whose id is greater than `after`, in the trash or not: for backfill and fsck.
    pub async fn page_photos(&self, after: Option<PhotoId>, limit: u32) -> Result<Vec<PhotoRow>, DbError> {
        let _ = (after, limit);
        Err(self.not_yet())
    }
}
