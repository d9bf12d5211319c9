//! The end of photos in the trash.

use diesel::prelude::*;
use serde_json::json;

use super::rows::{load, select};
use crate::db::audit::{self, Subject};
use crate::db::connection::AnyConnection;
use crate::db::schema::photos;
use crate::db::sql::{Sql, locking};
use crate::db::{Db, DbError};
use crate::domain::{PhotoId, PhotoRow, Timestamp};

impl Db {
    /// Deletes photos that went to the trash at or before `before`, at most `limit`: the rows are gone and their objects are `deleting`,
    /// in one transaction. Audited as the system's doing.
    pub async fn expire_trash(
        &self,
        before: Timestamp,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<PhotoId>, DbError> {
        self.write(move |connection| {
            // One that is locked is being restored or expired by another replica.
            let locking = locking(connection, " FOR UPDATE OF p SKIP LOCKED");
            let chosen = select()
                .sql("WHERE p.deleted_at IS NOT NULL AND p.deleted_at <= ")
                .bind(before)
                .sql(" ORDER BY p.deleted_at, p.id LIMIT ")
                .bind(i64::from(limit))
                .sql(locking);
            let expired = load(connection, chosen)?;
            for photo in &expired {
                forget(connection, photo, now)?;
            }
            Ok(expired.into_iter().map(|photo| photo.id).collect())
        })
        .await
    }
}

fn forget(connection: &mut AnyConnection, photo: &PhotoRow, now: Timestamp) -> QueryResult<()> {
    let id = photo.id;
    diesel::delete(photos::table.find(id.to_string())).execute(connection)?;
    // Pending ones too: their maker finds that it lost them.
    let locking = locking(connection, " FOR UPDATE");
    Sql::<()>::new("UPDATE objects SET state = 'deleting', maker = NULL, heartbeat_at = ")
        .bind(now)
        .sql(" WHERE key IN (SELECT key FROM objects WHERE photo_id = ")
        .bind(id)
        .sql(" ORDER BY key")
        .sql(locking)
        .sql(")")
        .execute(connection)?;
    let changes = json!({ "name": [photo.name, null], "owner": [photo.owner, null] });
    audit::record(connection, None, "expire", Subject::Photo(id), &changes, now)
}
