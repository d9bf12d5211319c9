//! `photos variants backfill`: makes what the current presets and pipeline ask for, ahead of the first viewer.
//!
//! What is made stays made: a run that was stopped goes on where it matters, for whole photos are passed over with one read.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::{TryStreamExt as _, stream};
use tokio::time::sleep;

use super::JobError;
use super::deletions;
use super::lease::Lease;
use crate::db::Db;
use crate::db::objects::ObjectState;
use crate::domain::{PhotoId, PhotoRow, now_micros};
use crate::media::{Media, MediaError};
use crate::store::{Digest, Encoding, Key, Store, StoreError};

/// Photos that are read at a time.
const PAGE: u32 = 100;
/// Attempts of a photo that finds no room in memory, and the pause between them.
const ATTEMPTS: u32 = 5;
const PAUSE: Duration = Duration::from_secs(1);
/// How long `--prune` waits for the sweeper or a backup to end.
const PATIENCE: Duration = Duration::from_secs(120);

/// How far a run is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Photos looked at.
    pub photos: u64,
    /// Variants made.
    pub made: u64,
    /// Photos whose variants could not be made.
    pub failed: u64,
    /// Variants of former pipelines and presets given up.
    pub pruned: u64,
    /// The last photo of the page.
    pub last: Option<PhotoId>,
}

/// A run of the backfill.
pub struct Backfill<'a> {
    /// The photos.
    pub db: &'a Db,
    /// Their objects.
    pub store: &'a Store,
    /// What makes variants, within its memory budget.
    pub media: &'a Media,
    /// Photos at once.
    pub at_once: usize,
    /// Delete variants of former pipelines and presets, of photos that have all current ones.
    pub prune: bool,
    /// Go on behind this photo.
    pub after: Option<PhotoId>,
    /// Told after each page.
    pub progress: &'a (dyn Fn(&Progress) + Sync),
}

impl Backfill<'_> {
    /// Looks at all photos once. A photo that fails is logged and counted, and the others go on.
    ///
    /// # Errors
    /// When the database or the store does not answer.
    pub async fn run(&self) -> Result<Progress, JobError> {
        let mut progress = Progress {
            last: self.after,
            ..Progress::default()
        };
        loop {
            let photos = self.db.page_photos(progress.last, PAGE).await?;
            let Some(last) = photos.last() else { break };
            progress.last = Some(last.id);
            progress.photos += photos.len() as u64;
            self.page(photos, &mut progress).await?;
            (self.progress)(&progress);
        }
        if progress.pruned > 0 {
            self.delete_pruned().await?;
        }
        Ok(progress)
    }

    async fn page(&self, photos: Vec<PhotoRow>, progress: &mut Progress) -> Result<(), JobError> {
        let (made, failed, pruned) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
        // Variants of a photo in the trash are made on demand, if it is ever restored.
        let alive = photos.into_iter().filter(|photo| photo.deleted_at.is_none());
        let work = stream::iter(alive.map(Ok::<_, JobError>));
        work.try_for_each_concurrent(self.at_once, |photo| {
            let (made, failed, pruned) = (&made, &failed, &pruned);
            async move {
                match self.photo(&photo).await {
                    Ok((new, old)) => {
                        made.fetch_add(new, Ordering::Relaxed);
                        pruned.fetch_add(old, Ordering::Relaxed);
                        Ok(())
                    }
                    Err(JobError::Media(error)) if is_of_the_photo(&error) => {
                        tracing::warn!(photo = %photo.id, %error, "its variants could not be made");
                        failed.fetch_add(1, Ordering::Relaxed);
                        Ok(())
                    }
                    Err(error) => Err(error),
                }
            }
        })
        .await?;
        progress.made += made.into_inner();
        progress.failed += failed.into_inner();
        progress.pruned += pruned.into_inner();
        Ok(())
    }

    /// Makes what one photo misses, then gives up what it no longer needs.
    async fn photo(&self, photo: &PhotoRow) -> Result<(u64, u64), JobError> {
        let Some(wanted) = self.wanted(photo) else {
            return Err(MediaError::Row { id: photo.id }.into());
        };
        let mut live = self.live(photo.id).await?;
        let mut made = 0;
        if !wanted.is_subset(&live) {
            made = self.make(photo).await? as u64;
            live = self.live(photo.id).await?;
        }
        if !self.prune || !wanted.is_subset(&live) {
            return Ok((made, 0));
        }
        let former = live.difference(&wanted).map(Key::to_string).collect();
        Ok((made, self.db.condemn_objects(former, now_micros()).await?))
    }

    /// The variants that a photo should have.
    fn wanted(&self, photo: &PhotoRow) -> Option<HashSet<Key>> {
        let digest: Digest = photo.sha256.parse().ok()?;
        let presets = self.media.presets().iter();
        let keys =
            presets.flat_map(|preset| Encoding::ALL.map(|encoding| preset.key(photo.id, digest, encoding)));
        Some(keys.flatten().collect())
    }

    /// The variants that it has.
    async fn live(&self, photo: PhotoId) -> Result<HashSet<Key>, JobError> {
        let rows = self.db.objects_of_photo(photo).await?;
        let live = rows.iter().filter(|row| row.state == ObjectState::Live);
        Ok(live
            .filter_map(|row| Key::parse(&row.key).ok())
            .filter(|key| !key.is_original())
            .collect())
    }

    async fn make(&self, photo: &PhotoRow) -> Result<usize, MediaError> {
        for _ in 1..ATTEMPTS {
            match self.media.backfill(photo).await {
                Err(MediaError::Overloaded) => sleep(PAUSE).await,
                done => return done,
            }
        }
        self.media.backfill(photo).await
    }

    async fn delete_pruned(&self) -> Result<(), JobError> {
        let lease = Lease::deletions(self.db);
        lease.take_within(PATIENCE).await?;
        // No grace is over yet for what others are writing just now.
        let finish = deletions::finish(self.db, self.store, Duration::MAX, now_micros());
        match lease.held(finish).await?.fault {
            Some(fault) => Err(fault.into()),
            None => Ok(()),
        }
    }
}

/// Whether an error is about this photo only.
fn is_of_the_photo(error: &MediaError) -> bool {
    use MediaError as E;
    matches!(
        error,
        E::Variant(_) | E::Row { .. } | E::Overloaded | E::Store(StoreError::NotFound { .. })
    )
}
