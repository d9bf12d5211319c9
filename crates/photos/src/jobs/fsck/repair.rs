//! What `fsck --repair` can mend, and what it must leave.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use uuid::Uuid;

use super::{Found, Fsck, Left};
use crate::domain::{PhotoId, now_micros};
use crate::jobs::hashing::hash;
use crate::jobs::strays::{ledger_is_empty, may_delete};
use crate::jobs::{JobError, deletions};
use crate::media::{Media, MediaError};
use crate::store::{Key, Kind};

/// What nobody but a person can mend.
pub(super) const LOST_ORIGINAL: &str = "the original is damaged or lost: copy it back from a backup";
pub(super) const FOREIGN: &str = "its name is none of ours: who put it there should remove it";

/// Repairs what can be repaired; gives what is left.
pub(super) async fn repair(
    fsck: &Fsck<'_>,
    media: &Media,
    grace: Duration,
    found: &Found,
) -> Result<Vec<Left>, JobError> {
    let mut left = Vec::new();
    mend_photos(fsck, media, found, &mut left).await?;
    mend_unknown(fsck, grace, &found.unknown, &mut left).await?;
    for name in &found.foreign {
        left.push(Left {
            key: name.clone(),
            reason: FOREIGN.into(),
        });
    }
    Ok(left)
}

/// Makes the faulty variants of each photo anew, if its original is sound.
async fn mend_photos(
    fsck: &Fsck<'_>,
    media: &Media,
    found: &Found,
    left: &mut Vec<Left>,
) -> Result<(), JobError> {
    let mut photos: BTreeMap<PhotoId, Vec<&Key>> = BTreeMap::new();
    for key in found.missing.iter().chain(&found.damaged) {
        photos.entry(key.photo()).or_default().push(key);
    }
    for (photo, keys) in photos {
        let lost = keys.iter().any(|key| key.is_original());
        if !lost {
            remake(fsck, media, photo, &keys, left).await?;
            continue;
        }
        for key in keys {
            let reason = match key.kind() {
                Kind::Original => LOST_ORIGINAL,
                Kind::Variant { .. } => "its original is damaged or lost, so it cannot be made anew",
            };
            left.push(Left {
                key: key.to_string(),
                reason: reason.into(),
            });
        }
    }
    Ok(())
}

async fn remake(
    fsck: &Fsck<'_>,
    media: &Media,
    photo: PhotoId,
    keys: &[&Key],
    left: &mut Vec<Left>,
) -> Result<(), JobError> {
    let texts: Vec<String> = keys.iter().map(|key| key.to_string()).collect();
    fsck.db.condemn_objects(texts.clone(), now_micros()).await?;
    let mut fault = None;
    let gone = deletions::delete(fsck.store, texts, &mut fault).await;
    fsck.db.forget_objects(gone).await?;
    if let Some(fault) = fault {
        return Err(fault.into());
    }
    // A photo in the trash gets its variants on demand, if it is ever restored.
    let Some(row) = fsck.db.get_photo(photo).await? else {
        return Ok(());
    };
    match media.backfill(&row).await {
        Ok(_) => Ok(()),
        // Its rows are gone, so it is a fault of the picture and none of the ledger.
        Err(error @ MediaError::Variant(_)) => {
            let of = |key: &&Key| Left {
                key: key.to_string(),
                reason: format!("it cannot be made anew: {error}"),
            };
            left.extend(keys.iter().map(of));
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

async fn mend_unknown(
    fsck: &Fsck<'_>,
    grace: Duration,
    unknown: &BTreeSet<Key>,
    left: &mut Vec<Left>,
) -> Result<(), JobError> {
    if !unknown.is_empty() && ledger_is_empty(fsck.db).await? {
        return Err(JobError::Refused(
            "the database knows no object at all, but the store has some: it belongs to another database. Check \
             PS_DATABASE_URL and PS_STORE_URL, or `photos restore` a backup first; nothing was deleted"
                .into(),
        ));
    }
    for key in unknown {
        if adopt(fsck, key).await? {
            continue;
        }
        if may_delete(fsck.db, fsck.store, key, grace, now_micros()).await? {
            deletions::disown(fsck.db, fsck.store, key, now_micros()).await?;
        } else if fsck.store.head(key).await?.is_some() {
            let of_photo = key.is_original() && fsck.db.get_photo_even_deleted(key.photo()).await?.is_some();
            let reason = if of_photo {
                "its photo is there, but with another original: copy that back from a backup".into()
            } else {
                format!(
                    "it is younger than {} s, the grace period: run again later",
                    grace.as_secs()
                )
            };
            left.push(Left {
                key: key.to_string(),
                reason,
            });
        }
    }
    Ok(())
}

/// Gives an original its row back, if its photo is there and its bytes are the photo's.
async fn adopt(fsck: &Fsck<'_>, key: &Key) -> Result<bool, JobError> {
    if !key.is_original() {
        return Ok(false);
    }
    let photo = fsck.db.get_photo_even_deleted(key.photo()).await?;
    if photo.is_none_or(|photo| photo.sha256 != key.digest().to_string()) {
        return Ok(false);
    }
    let Some((len, digest)) = hash(fsck.store, key)
        .await?
        .filter(|(_, digest)| *digest == key.digest())
    else {
        return Ok(false);
    };
    let (text, maker) = (key.to_string(), Uuid::now_v7().to_string());
    fsck.db
        .reserve_objects(vec![deletions::new_row(key)], &maker, now_micros())
        .await?;
    Ok(fsck
        .db
        .finish_variant(&text, &maker, len, &digest.to_string(), now_micros())
        .await?)
}
