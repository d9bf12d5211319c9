//! Objects that no row of the ledger knows: a put that ended after its row was given up, or a database that was restored.
//!
//! Such an object is deleted only if it is one of ours by its name, older than the grace period, and unknown at two looks;
//! and never in bulk, because a store whose objects are all unknown belongs to another database.

use std::collections::HashSet;
use std::time::Duration;

use super::JobError;
use super::deletions::disown;
use crate::db::Db;
use crate::domain::Timestamp;
use crate::domain::time::before;
use crate::store::{Key, Listed, Store};

/// Strays that are believed on one page, however few objects it has.
const FEW: usize = 10;

/// Those of `keys` that no row knows.
pub(super) async fn without_row(db: &Db, keys: Vec<Key>) -> Result<Vec<Key>, JobError> {
    let texts: Vec<String> = keys.iter().map(Key::to_string).collect();
    let known: HashSet<String> = db
        .find_objects(texts)
        .await?
        .into_iter()
        .map(|row| row.key)
        .collect();
    Ok(keys
        .into_iter()
        .filter(|key| !known.contains(&key.to_string()))
        .collect())
}

/// The second look at an object, just before it is deleted: still unknown, old enough, and not the original of a photo that
/// lost only its row.
pub(super) async fn may_delete(
    db: &Db,
    store: &Store,
    key: &Key,
    grace: Duration,
    now: Timestamp,
) -> Result<bool, JobError> {
    let Some(meta) = store.head(key).await? else {
        return Ok(false);
    };
    if meta.modified > before(now, grace) || without_row(db, vec![key.clone()]).await?.is_empty() {
        return Ok(false);
    }
    Ok(!key.is_original() || db.get_photo_even_deleted(key.photo()).await?.is_none())
}

/// Whether the ledger knows anything at all. If not, this is a new database before an old store.
pub(super) async fn ledger_is_empty(db: &Db) -> Result<bool, JobError> {
    Ok(db.page_objects(None, 1).await?.is_empty())
}

/// The sweeper's walk through the store: a page each pass.
#[derive(Default)]
pub(super) struct Walk {
    after: Option<String>,
    suspects: Vec<Key>,
}

impl Walk {
    /// Looks again at the suspects of the last pass and deletes those that still are unknown; then looks at the next page.
    /// Says how many were deleted.
    pub(super) async fn pass(
        &mut self,
        db: &Db,
        store: &Store,
        grace: Duration,
        now: Timestamp,
    ) -> Result<u64, JobError> {
        let mut deleted = 0;
        while let Some(key) = self.suspects.pop() {
            if may_delete(db, store, &key, grace, now).await? {
                disown(db, store, &key, now).await?;
                deleted += 1;
            }
        }
        let page = store.list_page(self.after.as_deref()).await?;
        self.after = page.next;
        self.suspects = self.suspects_of(db, page.objects, before(now, grace)).await?;
        Ok(deleted)
    }

    async fn suspects_of(&self, db: &Db, listed: Vec<Listed>, old: Timestamp) -> Result<Vec<Key>, JobError> {
        let looked_at = listed.len();
        let of_age = listed.into_iter().filter(|object| object.meta.modified <= old);
        let keys = of_age.filter_map(|object| Key::parse(&object.key).ok()).collect();
        let suspects = without_row(db, keys).await?;
        let many = suspects.len() > FEW && suspects.len() * 10 > looked_at;
        if suspects.is_empty() || !(many || ledger_is_empty(db).await?) {
            return Ok(suspects);
        }
        tracing::warn!(
            unknown = suspects.len(),
            looked_at,
            "the store holds many objects that the database does not know; they are left alone. Do PS_DATABASE_URL and \
             PS_STORE_URL belong together? See `photos fsck`"
        );
        Ok(Vec::new())
    }
}
