//! The ledger of objects: every object of the store has a row here before its first byte is written.

use std::time::Duration;

use super::{Db, DbError};
use crate::domain::{PhotoId, Timestamp};

/// Where an object is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ObjectState {
    /// Being written, or abandoned by a maker that died.
    Pending,
    /// In the store, whole.
    Live,
    /// To be deleted from the store, then forgotten.
    Deleting,
}

impl ObjectState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Live, Self::Deleting];

    /// The word in the database and in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Live => "live",
            Self::Deleting => "deleting",
        }
    }
}

/// An object that is about to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewObject {
    /// Key in the store.
    pub key: String,
    /// The photo it belongs to, which need not exist yet.
    pub photo_id: PhotoId,
    /// `original` or `variant`.
    pub kind: String,
    /// Media type.
    pub content_type: String,
}

/// A row of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectRow {
    /// Key in the store.
    pub key: String,
    /// The photo it belongs to.
    pub photo_id: PhotoId,
    /// `original` or `variant`.
    pub kind: String,
    /// Media type.
    pub content_type: String,
    /// Where it is in its life.
    pub state: ObjectState,
    /// Bytes, once live.
    pub bytes: Option<u64>,
    /// SHA-256 in hexadecimal, once live.
    pub sha256: Option<String>,
    /// Who writes it, while pending.
    pub maker: Option<String>,
    /// Last sign of life of its maker.
    pub heartbeat_at: Timestamp,
    /// When the row was made.
    pub created_at: Timestamp,
}

/// Who makes a variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// The caller does: write the bytes, then `finish_variant`; `touch_objects` meanwhile if it takes long.
    Mine,
    /// It is there already.
    Live(ObjectRow),
    /// Another maker is at it; ask again, at the latest then.
    Busy {
        /// When its claim ends, if it shows no sign of life.
        until: Timestamp,
    },
    /// The photo is gone.
    Gone,
}

impl Db {
    /// Writes rows of the ledger as pending, before any byte is written.
    pub async fn reserve_objects(
        &self,
        objects: Vec<NewObject>,
        maker: &str,
        now: Timestamp,
    ) -> Result<(), DbError> {
        let _ = (objects, maker, now);
        Err(self.not_yet())
    }

    /// Claims the making of a variant: one maker at a time among all replicas. A maker without a sign of life for `lease` loses it.
    pub async fn claim_variant(
        &self,
        object: NewObject,
        maker: &str,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Claim, DbError> {
        let _ = (object, maker, lease, now);
        Err(self.not_yet())
    }

    /// Turns a claimed variant live. `false`: the claim was lost, because its photo went or another maker took over. Then, if
    /// `find_objects` shows no row, the caller deletes the bytes that it wrote.
    pub async fn finish_variant(
        &self,
        key: &str,
        maker: &str,
        bytes: u64,
        sha256: &str,
        now: Timestamp,
    ) -> Result<bool, DbError> {
        let _ = (key, maker, bytes, sha256, now);
        Err(self.not_yet())
    }

    /// Gives up pending objects of a maker: the sweeper deletes what there is of them.
    pub async fn abandon_objects(
        &self,
        keys: Vec<String>,
        maker: &str,
        now: Timestamp,
    ) -> Result<(), DbError> {
        let _ = (keys, maker, now);
        Err(self.not_yet())
    }

    /// Sign of life of a maker for its pending objects. Says how many it still has.
    pub async fn touch_objects(
        &self,
        keys: Vec<String>,
        maker: &str,
        now: Timestamp,
    ) -> Result<u64, DbError> {
        let _ = (keys, maker, now);
        Err(self.not_yet())
    }

    /// Turns pending objects without a sign of life for `grace` into deleting ones, and gives up to `limit` deleting objects with
    /// keys greater than `after`: delete their bytes, then forget them.
    pub async fn objects_due(
        &self,
        grace: Duration,
        after: Option<String>,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<ObjectRow>, DbError> {
        let _ = (grace, after, limit, now);
        Err(self.not_yet())
    }

    /// Deletes the rows of deleting objects whose bytes are gone. Says how many.
    pub async fn forget_objects(&self, keys: Vec<String>) -> Result<u64, DbError> {
        let _ = keys;
        Err(self.not_yet())
    }

    /// Turns live objects into deleting ones: for fsck, which found their bytes damaged or their photo gone. Says how many.
    pub async fn condemn_objects(&self, keys: Vec<String>, now: Timestamp) -> Result<u64, DbError> {
        let _ = (keys, now);
        Err(self.not_yet())
    }

    /// Rows by key: up to `limit` of those whose key is greater than `after`.
    pub async fn page_objects(&self, after: Option<String>, limit: u32) -> Result<Vec<ObjectRow>, DbError> {
        let _ = (after, limit);
        Err(self.not_yet())
    }

    /// The rows of keys; missing ones are missing in the answer.
    pub async fn find_objects(&self, keys: Vec<String>) -> Result<Vec<ObjectRow>, DbError> {
        let _ = keys;
        Err(self.not_yet())
    }

    /// The rows of a photo.
    pub async fn objects_of_photo(&self, photo: PhotoId) -> Result<Vec<ObjectRow>, DbError> {
        let _ = photo;
        Err(self.not_yet())
    }

    /// How many objects there are in each state, zeros included.
    pub async fn count_objects_by_state(&self) -> Result<Vec<(ObjectState, u64)>, DbError> {
        Err(self.not_yet())
    }
}
