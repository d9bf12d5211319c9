//! The end of objects: first the bytes, then the row.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};

use uuid::Uuid;

use super::JobError;
use crate::db::Db;
use crate::db::objects::NewObject;
use crate::domain::Timestamp;
use crate::store::{Key, Store, StoreError};

/// Rows that are taken at a time, and deletions at once.
const PAGE: u32 = 200;
const AT_ONCE: usize = 8;

/// What became of the objects that were due.
#[derive(Debug, Default)]
pub(super) struct Deleted {
    /// Objects that are gone, with their rows.
    pub(super) objects: u64,
    /// The first object that could not be deleted, if any; it stays due.
    pub(super) fault: Option<StoreError>,
}

/// Gives up pending objects without a sign of life for `grace`, and deletes and forgets all that are to be deleted.
pub(super) async fn finish(
    db: &Db,
    store: &Store,
    grace: Duration,
    now: Timestamp,
) -> Result<Deleted, JobError> {
    let mut deleted = Deleted::default();
    let mut after = None;
    loop {
        let due = db.objects_due(grace, after.take(), PAGE, now).await?;
        let Some(last) = due.last() else {
            return Ok(deleted);
        };
        after = Some(last.key.clone());
        let keys = due.into_iter().map(|row| row.key).collect();
        let gone = delete(store, keys, &mut deleted.fault).await;
        deleted.objects += db.forget_objects(gone).await?;
        if deleted.fault.as_ref().is_some_and(StoreError::is_transient) {
            return Ok(deleted);
        }
    }
}

/// Deletes an object that no row knows. It gets a row for the while, so that nobody makes it anew behind our back, and so
/// that a killed process leaves nothing that is forgotten.
pub(super) async fn disown(db: &Db, store: &Store, key: &Key, now: Timestamp) -> Result<(), JobError> {
    let (text, maker) = (key.to_string(), Uuid::now_v7().to_string());
    db.reserve_objects(vec![new_row(key)], &maker, now).await?;
    db.abandon_objects(vec![text.clone()], &maker, now).await?;
    store.delete(key).await?;
    db.forget_objects(vec![text]).await?;
    Ok(())
}

/// A row for an object that has none.
pub(super) fn new_row(key: &Key) -> NewObject {
    NewObject {
        key: key.to_string(),
        photo_id: key.photo(),
        kind: if key.is_original() { "original" } else { "variant" }.into(),
        content_type: key.content_type().into(),
    }
}

/// Deletes objects of the ledger; gives the keys of those that are gone.
pub(super) async fn delete(store: &Store, keys: Vec<String>, fault: &mut Option<StoreError>) -> Vec<String> {
    let deleting = stream::iter(keys).map(|text| async move {
        match Key::parse(&text) {
            Ok(key) => store.delete(&key).await.map(|()| text),
            Err(error) => Err(StoreError::Fault {
                what: format!("delete {text}"),
                source: error.into(),
            }),
        }
    });
    let mut gone = Vec::new();
    let mut deleting = deleting.buffer_unordered(AT_ONCE);
    while let Some(result) = deleting.next().await {
        match result {
            Ok(key) => gone.push(key),
            Err(error) => {
                fault.get_or_insert(error);
            }
        }
    }
    gone
}
