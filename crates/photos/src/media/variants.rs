//! Variants on demand: found in the ledger, or made by one maker at a time among all replicas.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::ledger::{Reservation, maker, new_object};
use super::presets::PresetRef;
use super::{Media, MediaError, detached, encoding};
use crate::db::objects::{Claim, ObjectRow, ObjectState};
use crate::domain::{PhotoRow, now_micros};
use crate::store::{Digest, Encoding, Key};

/// How often somebody else's variant is looked for, at first and at most.
const FIRST_LOOK: Duration = Duration::from_millis(20);
const LAST_LOOK: Duration = Duration::from_millis(500);

/// A maker that shows no sign of life for so long is taken over.
const LEASE: Duration = Duration::from_secs(30);

/// A variant that can be served.
#[derive(Debug)]
pub struct Picture {
    /// Its key.
    pub key: Key,
    /// Its length in bytes.
    pub bytes: u64,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
}

/// A variant that this process makes.
struct Claimed {
    key: Key,
    preset: String,
    encoding: Encoding,
}

impl Media {
    /// The variant of a photo; makes it if it is missing. None if the photo is gone.
    ///
    /// # Errors
    /// [`MediaError::Overloaded`] if there was no room, or another maker took longer than the queue's timeout; faults of the
    /// database and the store; [`MediaError::Variant`] if the original cannot be read any more.
    pub async fn variant(
        &self,
        photo: &PhotoRow,
        preset: PresetRef<'_>,
        encoding: Encoding,
    ) -> Result<Option<Picture>, MediaError> {
        let digest = digest(photo)?;
        let Some(key) = preset.key(photo.id, digest, encoding) else {
            return Ok(None);
        };
        let found = self.db.find_objects(vec![key.to_string()]).await?;
        if let Some(row) = found.into_iter().find(|row| row.state == ObjectState::Live) {
            return Ok(Some(picture(key, &row)));
        }
        let (deadline, mut pause) = (Instant::now() + self.queue_timeout, FIRST_LOOK);
        loop {
            let maker = maker();
            match self
                .db
                .claim_variant(new_object(photo.id, &key), &maker, LEASE, now_micros())
                .await?
            {
                Claim::Live(row) => return Ok(Some(picture(key, &row))),
                Claim::Gone => return Ok(None),
                Claim::Mine => {
                    let claimed = Claimed {
                        key: key.clone(),
                        preset: preset.spec.name.clone(),
                        encoding,
                    };
                    if let Some(made) = self.make(maker, photo, vec![claimed]).await?.pop() {
                        return Ok(Some(made));
                    }
                }
                Claim::Busy { .. } => {}
            }
            if Instant::now() + pause > deadline {
                return Err(MediaError::Overloaded);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LAST_LOOK);
        }
    }

    /// The variant of a photo whose object the store has lost, though the ledger calls it live: made anew from the original.
    ///
    /// # Errors
    /// As [`Media::variant`].
    pub async fn lost_variant(
        &self,
        photo: &PhotoRow,
        preset: PresetRef<'_>,
        encoding: Encoding,
        lost: Picture,
    ) -> Result<Option<Picture>, MediaError> {
        tracing::warn!(key = %lost.key, "the store has lost a picture or a part of it; it is made anew");
        let keys = vec![lost.key.to_string()];
        self.db.condemn_objects(keys.clone(), now_micros()).await?;
        self.db.forget_objects(keys).await?;
        self.variant(photo, preset, encoding).await
    }

    /// Makes all variants of a photo that are missing, in one decode. Says how many; those that somebody else makes just now
    /// are left to them.
    ///
    /// # Errors
    /// As [`Media::variant`].
    pub async fn backfill(&self, photo: &PhotoRow) -> Result<usize, MediaError> {
        let (digest, maker) = (digest(photo)?, maker());
        let mut claimed = Vec::new();
        for (preset, encoding) in self
            .presets
            .iter()
            .flat_map(|preset| Encoding::ALL.map(|each| (preset, each)))
        {
            let Some(key) = preset.key(photo.id, digest, encoding) else {
                continue;
            };
            let claim = self
                .db
                .claim_variant(new_object(photo.id, &key), &maker, LEASE, now_micros())
                .await?;
            if claim == Claim::Mine {
                claimed.push(Claimed {
                    key,
                    preset: preset.spec.name.clone(),
                    encoding,
                });
            }
        }
        if claimed.is_empty() {
            Ok(0)
        } else {
            Ok(self.make(maker, photo, claimed).await?.len())
        }
    }

    /// Makes claimed variants; gives those that are live now. Goes on if the caller leaves, for others wait too.
    async fn make(
        &self,
        maker: String,
        photo: &PhotoRow,
        claimed: Vec<Claimed>,
    ) -> Result<Vec<Picture>, MediaError> {
        let (media, photo, digest) = (self.clone(), photo.clone(), digest(photo)?);
        detached(async move {
            let keys = claimed.iter().map(|each| each.key.clone()).collect();
            let reservation = Reservation::adopt(&media.db, &media.store, maker.clone(), keys, media.beat);
            match media.make_claimed(&maker, &photo, digest, claimed).await {
                Ok(made) => {
                    reservation.keep();
                    Ok(made)
                }
                Err(error) => {
                    reservation.undo().await;
                    Err(error)
                }
            }
        })
        .await
    }

    async fn make_claimed(
        &self,
        maker: &str,
        photo: &PhotoRow,
        digest: Digest,
        claimed: Vec<Claimed>,
    ) -> Result<Vec<Picture>, MediaError> {
        let outputs = self
            .render_claimed(&Key::original(photo.id, digest), photo.bytes, claimed)
            .await?;
        let mut made = Vec::with_capacity(outputs.len());
        for (key, bytes, sha256) in outputs {
            let (name, length) = (key.to_string(), bytes.len() as u64);
            self.store.put_bytes(&key, bytes).await?;
            let sha256 = sha256.to_string();
            if self
                .db
                .finish_variant(&name, maker, length, &sha256, now_micros())
                .await?
            {
                made.push(Picture {
                    key,
                    bytes: length,
                    sha256,
                });
            } else if self.db.find_objects(vec![name]).await?.is_empty() {
                // The photo went meanwhile, and its objects were collected before this one was written.
                self.store.delete(&key).await?;
            }
        }
        Ok(made)
    }

    /// Reads the original back and makes the variants from one decode.
    async fn render_claimed(
        &self,
        original: &Key,
        length: u64,
        claimed: Vec<Claimed>,
    ) -> Result<Vec<(Key, Bytes, Digest)>, MediaError> {
        let file = self.spool.scratch().await?;
        self.store.get_to_file(original, &file).await?;
        let specs = self.presets.specs().to_vec();
        let encodings: Vec<_> = distinct(claimed.iter().map(|each| encoding::to_imaging(each.encoding)));

        let admission = self.budget.admit(length).await?;
        let bytes = super::spool::map(&file).await?;
        let limits = imaging::Limits {
            max_pixels: u64::MAX,
            max_side: u32::MAX,
        };
        let probed = self
            .pool
            .run(admission, move || imaging::probe(&bytes, &limits))
            .await?;
        let header = probed.map_err(MediaError::Variant)?;

        let admission = self.budget.admit(length + header.decode_bytes(&specs)).await?;
        let bytes = super::spool::map(&file).await?;
        let job = move || {
            let claim = |preset: &str, encoding| {
                let mut all = claimed.iter();
                all.find(|each| each.preset == preset && encoding::to_imaging(each.encoding) == encoding)
            };
            // From the plan of all presets, as an upload's: with the same presets, a key says what its bytes are.
            let rendered = imaging::render_some(&bytes, &header, &specs, &encodings, |preset, encoding| {
                claim(&preset.name, encoding).is_some()
            });
            drop(bytes);
            let outputs = rendered.map_err(MediaError::Variant)?.variants.into_iter();
            let outputs = outputs.filter_map(|variant| {
                let wanted = claim(&variant.preset, variant.encoding)?;
                let sha256 = Digest::of(&variant.bytes);
                Some((wanted.key.clone(), Bytes::from(variant.bytes), sha256))
            });
            Ok(outputs.collect())
        };
        let outputs: Result<Vec<_>, MediaError> = self.pool.run(admission, job).await?;
        let outputs = outputs?;
        self.made_later.inc_by(outputs.len() as u64);
        Ok(outputs)
    }
}

fn picture(key: Key, row: &ObjectRow) -> Picture {
    Picture {
        key,
        bytes: row.bytes.unwrap_or_default(),
        sha256: row.sha256.clone().unwrap_or_default(),
    }
}

fn digest(photo: &PhotoRow) -> Result<Digest, MediaError> {
    photo.sha256.parse().map_err(|_| MediaError::Row { id: photo.id })
}

fn distinct<T: PartialEq>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut distinct = Vec::new();
    for item in items {
        if !distinct.contains(&item) {
            distinct.push(item);
        }
    }
    distinct
}
