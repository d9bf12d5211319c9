//! Objects on their way to a photo: reserved in the ledger, then written, then kept or undone.

use std::time::Duration;

use tokio::task::JoinHandle;

use super::MediaError;
use crate::db::Db;
use crate::db::objects::{NewObject, ObjectState};
use crate::domain::{PhotoId, now_micros};
use crate::store::{Key, Store};

/// Pending objects of one photo. While this lives, the ledger sees signs of life; when it is dropped without
/// [`Reservation::keep`], the objects are undone in the background. A killed process leaves the rest to the sweeper.
///
/// No write may be under way when this is dropped: writers run in tasks that nobody cancels.
#[derive(Debug)]
pub(super) struct Reservation {
    undo: Option<Undo>,
    heartbeat: JoinHandle<()>,
}

#[derive(Clone)]
struct Undo {
    db: Db,
    store: Store,
    maker: String,
    keys: Vec<Key>,
}

impl std::fmt::Debug for Undo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Undo")
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}

impl Reservation {
    /// Writes the ledger's rows, before any byte is written.
    ///
    /// # Errors
    /// [`MediaError::Db`].
    pub(super) async fn new(
        db: &Db,
        store: &Store,
        photo: PhotoId,
        keys: Vec<Key>,
        beat: Duration,
    ) -> Result<Self, MediaError> {
        let maker = maker();
        let rows = keys.iter().map(|key| new_object(photo, key)).collect();
        db.reserve_objects(rows, &maker, now_micros()).await?;
        Ok(Self::adopt(db, store, maker, keys, beat))
    }

    /// Takes care of objects that `maker` has reserved or claimed already.
    pub(super) fn adopt(db: &Db, store: &Store, maker: String, keys: Vec<Key>, beat: Duration) -> Self {
        let undo = Undo {
            db: db.clone(),
            store: store.clone(),
            maker,
            keys,
        };
        let heartbeat = tokio::spawn(undo.clone().show_signs_of_life(beat));
        Self {
            undo: Some(undo),
            heartbeat,
        }
    }

    /// The objects are live, or somebody else's by now.
    pub(super) fn keep(mut self) {
        self.undo = None;
    }

    /// Undoes the objects now, so that nothing is left when the caller learns of the failure.
    pub(super) async fn undo(mut self) {
        self.heartbeat.abort();
        if let Some(undo) = self.undo.take() {
            undo.run().await;
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.heartbeat.abort();
        if let (Some(undo), Ok(runtime)) = (self.undo.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(undo.run());
        }
    }
}

impl Undo {
    fn names(&self) -> Vec<String> {
        self.keys.iter().map(Key::to_string).collect()
    }

    async fn show_signs_of_life(self, beat: Duration) {
        let names = self.names();
        loop {
            tokio::time::sleep(beat).await;
            if let Err(error) = self
                .db
                .touch_objects(names.clone(), &self.maker, now_micros())
                .await
            {
                tracing::debug!(%error, "no sign of life could be given for {} objects", names.len());
            }
        }
    }

    /// Deletes only what the ledger calls `deleting` afterwards: if a commit was answered by a lost connection, the objects
    /// are live and stay.
    async fn run(self) {
        let names = self.names();
        if let Err(error) = self.try_run(&names).await {
            tracing::debug!(%error, "{} objects are left to the sweeper", names.len());
        }
    }

    async fn try_run(&self, names: &[String]) -> Result<(), MediaError> {
        self.db
            .abandon_objects(names.to_vec(), &self.maker, now_micros())
            .await?;
        let rows = self.db.find_objects(names.to_vec()).await?;
        let doomed: Vec<_> = rows
            .into_iter()
            .filter(|row| row.state == ObjectState::Deleting)
            .map(|row| row.key)
            .collect();
        for key in self.keys.iter().filter(|key| doomed.contains(&key.to_string())) {
            self.store.delete(key).await?;
        }
        self.db.forget_objects(doomed).await?;
        Ok(())
    }
}

/// A name for one making of objects, unlike all others.
pub(super) fn maker() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// The ledger's row of a key.
pub(super) fn new_object(photo: PhotoId, key: &Key) -> NewObject {
    let kind = if key.is_original() { "original" } else { "variant" };
    NewObject {
        key: key.to_string(),
        photo_id: photo,
        kind: kind.to_owned(),
        content_type: key.content_type().to_owned(),
    }
}
