//! New photos.

use diesel::prelude::*;
use serde_json::json;

use super::rows::record;
use super::terms::{Indexed, TagChanges, reindex, words_of};
use crate::db::audit::{self, Subject};
use crate::db::connection::AnyConnection;
use crate::db::idempotency::{Completion, complete};
use crate::db::objects::ObjectState;
use crate::db::run::{Abort, Step};
use crate::db::schema::{objects, photos, users};
use crate::db::{Db, DbError};
use crate::domain::{Actor, ImageFormat, PhotoId, PhotoRow, Timestamp, UserId, tags};

/// A photo whose objects are all in the store.
#[derive(Debug, Clone)]
pub struct NewPhoto {
    /// Id, which its object keys begin with.
    pub id: PhotoId,
    /// Whose it is.
    pub owner_id: UserId,
    /// Name, already checked.
    pub name: String,
    /// Caption, already checked.
    pub caption: String,
    /// Not published yet.
    pub draft: bool,
    /// Format of the original.
    pub format: ImageFormat,
    /// Bytes of the original.
    pub bytes: u64,
    /// Pixels, after orientation.
    pub width: u32,
    /// Pixels, after orientation.
    pub height: u32,
    /// Thumbhash.
    pub placeholder: Vec<u8>,
    /// SHA-256 of the original, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// Its objects, which the ledger has as pending.
    pub objects: Vec<FinishedObject>,
}

/// An object of the ledger whose bytes are in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinishedObject {
    /// Key in the store.
    pub key: String,
    /// Bytes.
    pub bytes: u64,
    /// SHA-256, 64 lower-case hexadecimal digits.
    pub sha256: String,
}

impl Db {
    /// Makes photos visible, all or none: rows, terms, tag counts, audit, their objects from pending to live, and the answer for
    /// an idempotency key, in one transaction.
    ///
    /// # Errors
    /// [`DbError::Conflict`] if the sweeper took an object away, or the idempotency key belongs to another holder by now.
    pub async fn insert_photos(
        &self,
        actor: &Actor,
        photos: Vec<NewPhoto>,
        completion: Option<Completion>,
        now: Timestamp,
    ) -> Result<Vec<PhotoRow>, DbError> {
        let actor = actor.clone();
        self.write(move |connection| {
            let mut tags = TagChanges::default();
            let mut rows = Vec::with_capacity(photos.len());
            for new in &photos {
                let row = row(connection, new, now)?;
                let words = words_of(&row);
                diesel::insert_into(photos::table)
                    .values(&record(&row, &words))
                    .execute(connection)?;
                reindex(connection, None, Indexed::new(&row, &words).as_ref(), &mut tags)?;
                let changes = json!({
                    "name": [null, row.name],
                    "caption": [null, row.caption],
                    "draft": [null, row.draft],
                });
                audit::record(
                    connection,
                    Some(&actor),
                    "create",
                    Subject::Photo(row.id),
                    &changes,
                    now,
                )?;
                rows.push(row);
            }
            let mut objects: Vec<_> = photos.iter().flat_map(|new| &new.objects).collect();
            objects.sort_unstable_by(|a, b| a.key.cmp(&b.key));
            for object in objects {
                make_live(connection, object, now)?;
            }
            if let Some(Completion { attempt, answer }) = &completion {
                complete(connection, attempt, &answer(&rows))?;
            }
            tags.apply(connection)?;
            Ok(rows)
        })
        .await
    }
}

fn row(connection: &mut AnyConnection, new: &NewPhoto, now: Timestamp) -> Step<PhotoRow> {
    let owner: Option<String> = users::table
        .find(new.owner_id.to_string())
        .select(users::username)
        .first(connection)
        .optional()?;
    let owner = owner.ok_or_else(|| DbError::Conflict("the owner of the photo is gone".to_owned()))?;
    Ok(PhotoRow {
        id: new.id,
        version: 1,
        owner_id: new.owner_id,
        owner,
        name: new.name.clone(),
        tags: tags(&new.caption),
        caption: new.caption.clone(),
        draft: new.draft,
        format: new.format,
        bytes: new.bytes,
        width: new.width,
        height: new.height,
        placeholder: new.placeholder.clone(),
        sha256: new.sha256.clone(),
        created_at: now,
        updated_at: now,
        published_at: (!new.draft).then_some(now),
        deleted_at: None,
    })
}

fn make_live(connection: &mut AnyConnection, object: &FinishedObject, now: Timestamp) -> Step<()> {
    let turned = diesel::update(
        objects::table
            .find(&object.key)
            .filter(objects::state.eq(ObjectState::Pending.as_str())),
    )
    .set((
        objects::state.eq(ObjectState::Live.as_str()),
        objects::bytes.eq(object.bytes.cast_signed()),
        objects::sha256.eq(&object.sha256),
        objects::maker.eq(None::<String>),
        objects::heartbeat_at.eq(now.as_microsecond()),
    ))
    .execute(connection)?;
    if turned == 1 {
        return Ok(());
    }
    let reason = format!(
        "the object {} is not pending any more; it was collected as abandoned",
        object.key
    );
    Err(Abort::Db(DbError::Conflict(reason)))
}
