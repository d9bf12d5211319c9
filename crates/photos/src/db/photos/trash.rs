//! The end of photos in the trash.

use crate::db::{Db, DbError};
use crate::domain::{PhotoId, Timestamp};

impl Db {
    /// Deletes photos that went to the trash at or before `before`, at most `limit`: the rows are gone and their objects are `deleting`,
    /// in one transaction. Audited as the system's doing.
    pub async fn expire_trash(
        &self,
        before: Timestamp,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<PhotoId>, DbError> {
        let _ = (before, limit, now);
        Err(self.not_yet())
    }
}
