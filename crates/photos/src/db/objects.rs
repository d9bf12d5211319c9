//! The ledger of objects: every object of the store has a row here before its first byte is written.

use std::str::FromStr;
use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

pub use super::claims::Claim;
use super::records::{ObjectRecord, read, read_size};
use super::run::Step;
use super::schema::objects;
use super::sql::{Sql, Value, locking};
use super::{Db, DbError};
use crate::domain::time::{before, from_micros};
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

impl FromStr for ObjectState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| format!("`{text}` is no state of an object"))
    }
}

impl Db {
    /// Writes rows of the ledger as pending, before any byte is written.
    pub async fn reserve_objects(
        &self,
        objects: Vec<NewObject>,
        maker: &str,
        now: Timestamp,
    ) -> Result<(), DbError> {
        if objects.is_empty() {
            return Ok(());
        }
        let maker = maker.to_owned();
        self.write(move |connection| {
            for part in objects.chunks(500) {
                insert(part, &maker, now).execute(connection)?;
            }
            Ok(())
        })
        .await
    }

    /// Gives up pending objects of a maker: the sweeper deletes what there is of them.
    pub async fn abandon_objects(
        &self,
        keys: Vec<String>,
        maker: &str,
        now: Timestamp,
    ) -> Result<(), DbError> {
        let maker = maker.to_owned();
        let set = Sql::new("UPDATE objects SET state = 'deleting', heartbeat_at = ").bind(now);
        self.each_key(
            keys,
            set,
            Sql::new(" AND state = 'pending' AND maker = ").bind(maker),
        )
        .await
        .map(drop)
    }

    /// Sign of life of a maker for its pending objects. Says how many it still has.
    pub async fn touch_objects(
        &self,
        keys: Vec<String>,
        maker: &str,
        now: Timestamp,
    ) -> Result<u64, DbError> {
        let maker = maker.to_owned();
        let set = Sql::new("UPDATE objects SET heartbeat_at = ").bind(now);
        self.each_key(
            keys,
            set,
            Sql::new(" AND state = 'pending' AND maker = ").bind(maker),
        )
        .await
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
        let stale = before(now, grace);
        self.write(move |connection| {
            // Whatever is locked shows a sign of life just now.
            let locking = locking(connection, " FOR UPDATE SKIP LOCKED");
            Sql::<()>::new(
                "UPDATE objects SET state = 'deleting' WHERE key IN (SELECT key FROM objects WHERE ",
            )
            .sql("state = 'pending' AND heartbeat_at <= ")
            .bind(stale)
            .sql(" ORDER BY key")
            .sql(locking)
            .sql(")")
            .execute(connection)?;
            let records: Vec<ObjectRecord> = objects::table
                .filter(objects::state.eq(ObjectState::Deleting.as_str()))
                .filter(objects::key.gt(after.clone().unwrap_or_default()))
                .order(objects::key)
                .limit(i64::from(limit))
                .load(connection)?;
            rows(records)
        })
        .await
    }

    /// Deletes the rows of deleting objects whose bytes are gone. Says how many.
    pub async fn forget_objects(&self, keys: Vec<String>) -> Result<u64, DbError> {
        self.each_key(
            keys,
            Sql::new("DELETE FROM objects"),
            Sql::new(" AND state = 'deleting'"),
        )
        .await
    }

    /// Turns live objects into deleting ones: for fsck, which found their bytes damaged or their photo gone. Says how many.
    pub async fn condemn_objects(&self, keys: Vec<String>, now: Timestamp) -> Result<u64, DbError> {
        let set = Sql::new("UPDATE objects SET state = 'deleting', heartbeat_at = ").bind(now);
        self.each_key(keys, set, Sql::new(" AND state = 'live'")).await
    }

    /// Rows by key: up to `limit` of those whose key is greater than `after`.
    pub async fn page_objects(&self, after: Option<String>, limit: u32) -> Result<Vec<ObjectRow>, DbError> {
        self.read(move |connection| {
            let records: Vec<ObjectRecord> = objects::table
                .filter(objects::key.gt(after.clone().unwrap_or_default()))
                .order(objects::key)
                .limit(i64::from(limit))
                .load(connection)?;
            rows(records)
        })
        .await
    }

    /// The rows of keys, by key; missing ones are missing in the answer.
    pub async fn find_objects(&self, keys: Vec<String>) -> Result<Vec<ObjectRow>, DbError> {
        self.read(move |connection| {
            let mut found = Vec::new();
            for part in sorted(&keys).chunks(500) {
                let records: Vec<ObjectRecord> = objects::table
                    .filter(objects::key.eq_any(part))
                    .order(objects::key)
                    .load(connection)?;
                found.extend(rows(records)?);
            }
            Ok(found)
        })
        .await
    }

    /// The rows of a photo, by key.
    pub async fn objects_of_photo(&self, photo: PhotoId) -> Result<Vec<ObjectRow>, DbError> {
        self.read(move |connection| {
            let records: Vec<ObjectRecord> = objects::table
                .filter(objects::photo_id.eq(photo.to_string()))
                .order(objects::key)
                .load(connection)?;
            rows(records)
        })
        .await
    }

    /// How many objects there are in each state, zeros included.
    pub async fn count_objects_by_state(&self) -> Result<Vec<(ObjectState, u64)>, DbError> {
        self.read(|connection| {
            let counted = Sql::<(Text, BigInt)>::new("SELECT state, COUNT(*) FROM objects GROUP BY state")
                .load::<(String, i64)>(connection)?;
            ObjectState::ALL
                .into_iter()
                .map(|state| {
                    let of_state = counted.iter().find(|(name, _)| name == state.as_str());
                    Ok((
                        state,
                        read_size("count", of_state.map_or(0, |(_, count)| *count))?,
                    ))
                })
                .collect()
        })
        .await
    }

    /// One statement for some keys, in key order, so that two of them cannot wait for each other.
    async fn each_key(&self, keys: Vec<String>, verb: Sql, condition: Sql) -> Result<u64, DbError> {
        if keys.is_empty() {
            return Ok(0);
        }
        self.write(move |connection| {
            let mut done = 0;
            for part in sorted(&keys).chunks(500) {
                let locking = locking(connection, " FOR UPDATE");
                let chosen = Sql::<()>::new(" WHERE key IN (SELECT key FROM objects WHERE key IN ")
                    .tuple(part)
                    .append(condition.clone())
                    .sql(" ORDER BY key")
                    .sql(locking)
                    .sql(")");
                done += verb.clone().append(chosen).execute(connection)?;
            }
            Ok(done as u64)
        })
        .await
    }
}

/// Rows of the ledger as pending. A key that is there already is a fault: keys have their photo's id.
pub(super) fn insert(new: &[NewObject], maker: &str, now: Timestamp) -> Sql {
    let row = |object: &NewObject| {
        [
            Value::from(&object.key),
            Value::from(object.photo_id),
            Value::from(&object.kind),
            Value::from(&object.content_type),
            Value::from(ObjectState::Pending.as_str()),
            Value::from(maker),
            Value::from(now),
            Value::from(now),
        ]
    };
    Sql::new(
        "INSERT INTO objects (key, photo_id, kind, content_type, state, maker, heartbeat_at, created_at) VALUES ",
    )
    .rows(new.iter().map(row))
}

fn sorted(keys: &[String]) -> Vec<String> {
    let mut keys = keys.to_vec();
    keys.sort_unstable();
    keys.dedup();
    keys
}

fn rows(records: Vec<ObjectRecord>) -> Step<Vec<ObjectRow>> {
    Ok(records
        .into_iter()
        .map(ObjectRow::try_from)
        .collect::<Result<_, _>>()?)
}

impl TryFrom<ObjectRecord> for ObjectRow {
    type Error = DbError;

    fn try_from(record: ObjectRecord) -> Result<Self, DbError> {
        Ok(Self {
            photo_id: read("photo id", &record.photo_id)?,
            state: read("state", &record.state)?,
            bytes: record.bytes.map(|bytes| read_size("size", bytes)).transpose()?,
            heartbeat_at: from_micros(record.heartbeat_at),
            created_at: from_micros(record.created_at),
            key: record.key,
            kind: record.kind,
            content_type: record.content_type,
            sha256: record.sha256,
            maker: record.maker,
        })
    }
}
