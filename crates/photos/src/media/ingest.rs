//! From a spooled file to a photo: probe, admit, render, reserve, put, insert.

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use imaging::{Header, Rendered};

use super::ledger::Reservation;
use super::spool::Spooled;
use super::{Media, MediaError, detached, encoding};
use crate::db::idempotency::Completion;
use crate::db::photos::{FinishedObject, NewPhoto};
use crate::domain::{Actor, PhotoId, PhotoRow, now_micros};
use crate::store::{Digest, Encoding, Key};

/// Objects of one photo that are written at the same time.
const PARALLEL_PUTS: usize = 4;

/// A file whose header was read and found good.
#[derive(Debug)]
pub struct Inspected {
    spooled: Spooled,
    header: Header,
}

/// What the caller says of a photo; already validated.
#[derive(Clone, Debug)]
pub struct Details {
    /// Name.
    pub name: String,
    /// Caption.
    pub caption: String,
    /// Not published yet.
    pub draft: bool,
}

/// A photo whose objects are in the store, and that nobody sees yet. Dropping it undoes the objects.
#[derive(Debug)]
pub struct Stored {
    photo: NewPhoto,
    reservation: Reservation,
}

/// One object to be written.
struct Output {
    key: Key,
    bytes: Bytes,
    sha256: Digest,
}

impl Media {
    /// Reads the header of a spooled file: format and size. Nothing is decoded.
    ///
    /// # Errors
    /// [`MediaError::Unsupported`], [`MediaError::Corrupt`], [`MediaError::Dimensions`], [`MediaError::Overloaded`].
    pub async fn inspect(&self, spooled: Spooled) -> Result<Inspected, MediaError> {
        // A header's metadata, which may be all of a file, is copied out of it.
        let admission = self.budget.admit(spooled.len).await?;
        let (bytes, limits) = (spooled.map().await?, self.limits);
        let header = self
            .pool
            .run(admission, move || imaging::probe(&bytes, &limits))
            .await??;
        Ok(Inspected { spooled, header })
    }

    /// Makes every variant and writes all objects of a new photo. Goes on if the caller leaves, and then undoes itself.
    ///
    /// # Errors
    /// As [`Media::inspect`], and those of the database and the store; nothing is left then.
    pub async fn store(
        &self,
        inspected: Inspected,
        details: Details,
        owner: &Actor,
    ) -> Result<Stored, MediaError> {
        let (media, owner_id) = (self.clone(), owner.user_id);
        detached(async move {
            let Inspected { spooled, header } = inspected;
            let (id, digest) = (PhotoId::now(), Digest::from(spooled.sha256));
            let (rendered, outputs) = media.render_all(&spooled, &header, id, digest).await?;
            let original = Key::original(id, digest);
            let keys = outputs
                .iter()
                .map(|output| output.key.clone())
                .chain([original.clone()])
                .collect();
            let reservation = Reservation::new(&media.db, &media.store, id, keys, media.beat).await?;
            let mut objects: Vec<_> = outputs
                .iter()
                .map(|output| FinishedObject {
                    key: output.key.to_string(),
                    bytes: output.bytes.len() as u64,
                    sha256: output.sha256.to_string(),
                })
                .collect();
            objects.push(FinishedObject {
                key: original.to_string(),
                bytes: spooled.len,
                sha256: digest.to_string(),
            });
            if let Err(error) = media.put_all(&original, &spooled, outputs).await {
                reservation.undo().await;
                return Err(error);
            }
            let photo = NewPhoto {
                id,
                owner_id,
                name: details.name,
                caption: details.caption,
                draft: details.draft,
                format: encoding::format(header.format),
                bytes: spooled.len,
                width: header.width,
                height: header.height,
                placeholder: rendered.placeholder,
                sha256: digest.to_string(),
                objects,
            };
            Ok(Stored { photo, reservation })
        })
        .await
    }

    /// Makes stored photos visible, all or none, in one transaction. Runs to its end even if the caller leaves.
    ///
    /// # Errors
    /// [`MediaError::Db`]; the objects are undone then.
    pub async fn insert(
        &self,
        actor: &Actor,
        stored: Vec<Stored>,
        completion: Option<Completion>,
    ) -> Result<Vec<PhotoRow>, MediaError> {
        let (db, actor) = (self.db.clone(), actor.clone());
        detached(async move {
            let (photos, reservations): (Vec<_>, Vec<_>) = stored
                .into_iter()
                .map(|stored| (stored.photo, stored.reservation))
                .unzip();
            match db.insert_photos(&actor, photos, completion, now_micros()).await {
                Ok(rows) => {
                    reservations.into_iter().for_each(Reservation::keep);
                    Ok(rows)
                }
                Err(error) => {
                    undo_all(reservations).await;
                    Err(error.into())
                }
            }
        })
        .await
    }

    /// Undoes photos that will not be inserted.
    pub async fn discard(&self, stored: Vec<Stored>) {
        undo_all(stored.into_iter().map(|stored| stored.reservation)).await;
    }

    async fn render_all(
        &self,
        spooled: &Spooled,
        header: &Header,
        id: PhotoId,
        digest: Digest,
    ) -> Result<(Rendered, Vec<Output>), MediaError> {
        let specs = self.presets.specs().to_vec();
        let admission = self
            .budget
            .admit(spooled.len + header.decode_bytes(&specs))
            .await?;
        let (bytes, header, presets) = (spooled.map().await?, header.clone(), self.presets.clone());
        let job = move || {
            let mut rendered =
                imaging::render(&bytes, &header, &specs, &Encoding::ALL.map(encoding::to_imaging))?;
            drop(bytes);
            let outputs = std::mem::take(&mut rendered.variants)
                .into_iter()
                .filter_map(|variant| {
                    let preset = presets.get(&variant.preset)?;
                    let key = preset.key(id, digest, encoding::from_imaging(variant.encoding))?;
                    let sha256 = Digest::of(&variant.bytes);
                    Some(Output {
                        key,
                        bytes: variant.bytes.into(),
                        sha256,
                    })
                });
            let outputs = outputs.collect();
            Ok::<_, MediaError>((rendered, outputs))
        };
        self.pool.run(admission, job).await?
    }

    async fn put_all(
        &self,
        original: &Key,
        spooled: &Spooled,
        outputs: Vec<Output>,
    ) -> Result<(), MediaError> {
        self.store.put_file(original, spooled.path(), spooled.len).await?;
        let puts = outputs.into_iter().map(|output| {
            let store = self.store.clone();
            async move { store.put_bytes(&output.key, output.bytes).await }
        });
        // All of them end before an error is told: none may be under way when the objects are undone.
        let done: Vec<_> = stream::iter(puts).buffer_unordered(PARALLEL_PUTS).collect().await;
        stream::iter(done)
            .try_collect::<()>()
            .await
            .map_err(MediaError::from)
    }
}

async fn undo_all(reservations: impl IntoIterator<Item = Reservation>) {
    for reservation in reservations {
        reservation.undo().await;
    }
}
