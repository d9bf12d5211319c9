//! Variants on demand: among all replicas, one maker at a time.

use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::connection::AnyConnection;
use super::objects::{NewObject, ObjectRow, ObjectState, insert};
use super::records::ObjectRecord;
use super::run::Step;
use super::schema::objects;
use super::sql::{Sql, locking};
use super::{Db, DbError};
use crate::domain::time::after;
use crate::domain::{PhotoId, Timestamp};

/// How long an object that is being deleted keeps others from making it anew, before they look again.
const DELETING_PAUSE: Duration = Duration::from_secs(1);

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
    /// Claims the making of a variant: one maker at a time among all replicas. A maker without a sign of life for `lease` loses it.
    pub async fn claim_variant(
        &self,
        object: NewObject,
        maker: &str,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Claim, DbError> {
        let maker = maker.to_owned();
        self.write(move |connection| claim(connection, &object, &maker, lease, now))
            .await
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
        let (key, maker, sha256) = (key.to_owned(), maker.to_owned(), sha256.to_owned());
        self.write(move |connection| {
            let done = diesel::update(
                objects::table
                    .find(&key)
                    .filter(objects::state.eq(ObjectState::Pending.as_str()))
                    .filter(objects::maker.eq(&maker)),
            )
            .set((
                objects::state.eq(ObjectState::Live.as_str()),
                objects::bytes.eq(bytes.cast_signed()),
                objects::sha256.eq(&sha256),
                objects::maker.eq(None::<String>),
                objects::heartbeat_at.eq(now.as_microsecond()),
            ))
            .execute(connection)?;
            Ok(done == 1)
        })
        .await
    }
}

fn claim(
    connection: &mut AnyConnection,
    object: &NewObject,
    maker: &str,
    lease: Duration,
    now: Timestamp,
) -> Step<Claim> {
    if !hold_photo(connection, object.photo_id)? {
        return Ok(Claim::Gone);
    }
    let inserted = insert(std::slice::from_ref(object), maker, now)
        .sql(" ON CONFLICT (key) DO NOTHING")
        .execute(connection)?;
    if inserted == 1 {
        return Ok(Claim::Mine);
    }
    let locking = locking(connection, " FOR UPDATE");
    Sql::<()>::new("SELECT 1 FROM objects WHERE key = ")
        .bind(&object.key)
        .sql(locking)
        .execute(connection)?;
    let record: Option<ObjectRecord> = objects::table.find(&object.key).first(connection).optional()?;
    let Some(record) = record else {
        // It was forgotten between the two statements.
        return Ok(Claim::Busy {
            until: after(now, DELETING_PAUSE),
        });
    };
    let row = ObjectRow::try_from(record)?;
    let until = after(row.heartbeat_at, lease);
    match row.state {
        ObjectState::Live => Ok(Claim::Live(row)),
        ObjectState::Deleting => Ok(Claim::Busy {
            until: after(now, DELETING_PAUSE),
        }),
        ObjectState::Pending if until > now => Ok(Claim::Busy { until }),
        ObjectState::Pending => {
            diesel::update(objects::table.find(&object.key))
                .set((
                    objects::maker.eq(maker),
                    objects::heartbeat_at.eq(now.as_microsecond()),
                ))
                .execute(connection)?;
            Ok(Claim::Mine)
        }
    }
}

/// Whether a photo is there, which it then is until the transaction ends.
fn hold_photo(connection: &mut AnyConnection, photo: PhotoId) -> Step<bool> {
    let locking = locking(connection, " FOR KEY SHARE");
    let found = Sql::<(BigInt,)>::new("SELECT version FROM photos WHERE deleted_at IS NULL AND id = ")
        .bind(photo)
        .sql(locking)
        .load::<(i64,)>(connection)?;
    Ok(!found.is_empty())
}
