//! One photo.

use super::rows::{load, load_in_order, select};
use crate::db::{Db, DbError};
use crate::domain::{PhotoId, PhotoRow};

impl Db {
    /// A photo that is not in the trash. Whether the caller may see it is for `domain::policy`.
    pub async fn get_photo(&self, id: PhotoId) -> Result<Option<PhotoRow>, DbError> {
        Ok(self
            .get_photo_even_deleted(id)
            .await?
            .filter(|photo| photo.deleted_at.is_none()))
    }

    /// A photo, in the trash or not.
    pub async fn get_photo_even_deleted(&self, id: PhotoId) -> Result<Option<PhotoRow>, DbError> {
        self.read(move |connection| {
            let statement = select().sql("WHERE p.id = ").bind(id);
            Ok(load(connection, statement)?.pop())
        })
        .await
    }

    /// The photos of these ids, in their order, in the trash or not; missing ones are missing in the answer.
    pub async fn get_photos(&self, ids: Vec<PhotoId>) -> Result<Vec<PhotoRow>, DbError> {
        self.read(move |connection| {
            let ids: Vec<String> = ids.iter().map(PhotoId::to_string).collect();
            load_in_order(connection, &ids)
        })
        .await
    }

    /// Photos by id, up to `limit` of those whose id is greater than `after`, in the trash or not: for backfill and fsck.
    pub async fn page_photos(&self, after: Option<PhotoId>, limit: u32) -> Result<Vec<PhotoRow>, DbError> {
        self.read(move |connection| {
            let after = after.map(|after| after.to_string()).unwrap_or_default();
            let statement = select()
                .sql("WHERE p.id > ")
                .bind(after)
                .sql(" ORDER BY p.id LIMIT ")
                .bind(i64::from(limit));
            load(connection, statement)
        })
        .await
    }
}
