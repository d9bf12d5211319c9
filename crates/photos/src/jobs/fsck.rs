//! `photos fsck`: compares the ledger with the store, both ways, and what lies there with its checksum.
//!
//! A dry run unless told to repair. A repair makes damaged and missing variants anew from a sound original, and deletes
//! objects that nobody knows; it never deletes the original of a photo.

mod repair;

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::{Deserialize, Serialize};

use super::hashing::hash;
use super::lease::Lease;
use super::strays::without_row;
use super::{JobError, deletions};
use crate::db::Db;
use crate::db::objects::{ObjectRow, ObjectState};
use crate::domain::now_micros;
use crate::media::Media;
use crate::store::{Key, Store};

/// Rows that are read at a time, and objects that are read at once.
const PAGE: u32 = 500;
const AT_ONCE: usize = 4;

/// What to do about what a repair can mend.
const REPAIR: &str = "run `photos fsck --repair`";

/// How long `--repair` waits for the sweeper or a backup to end.
const PATIENCE: Duration = Duration::from_secs(120);

/// What fsck found, as `--json` prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Version of this shape.
    pub schema: u32,
    /// Keys of live objects that the store does not have.
    pub rows_without_objects: Vec<String>,
    /// Names in the store that the ledger does not know.
    pub objects_without_rows: Vec<String>,
    /// Keys of live objects whose bytes are not those that were stored.
    pub checksum_faults: Vec<String>,
    /// Whether everything that was found is repaired.
    pub repaired: bool,
    /// What is left, with the reason; all of it in a dry run.
    pub left: Vec<Left>,
}

/// A fault that is still there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    /// The object's name.
    pub key: String,
    /// Why it was not repaired, and what to do.
    pub reason: String,
}

impl Report {
    /// Whether the ledger and the store agree now.
    pub fn is_clean(&self) -> bool {
        self.left.is_empty()
    }
}

/// A run of fsck.
pub struct Fsck<'a> {
    /// The ledger.
    pub db: &'a Db,
    /// The store.
    pub store: &'a Store,
    /// Compare only that objects exist and their lengths, which is quick.
    pub quick: bool,
    /// Told how many rows and objects were looked at.
    pub progress: &'a (dyn Fn(u64) + Sync),
}

enum Verdict {
    Sound,
    Missing,
    Damaged,
}

#[derive(Default)]
struct Found {
    missing: BTreeSet<Key>,
    damaged: BTreeSet<Key>,
    unknown: BTreeSet<Key>,
    foreign: BTreeSet<String>,
}

impl Fsck<'_> {
    /// Looks, and changes nothing.
    ///
    /// # Errors
    /// When the database or the store does not answer.
    pub async fn look(&self) -> Result<Report, JobError> {
        let found = self.find().await?;
        let left = found.advised();
        Ok(found.report(left))
    }

    /// Looks and repairs; nothing else deletes objects meanwhile. Unknown objects must be older than `grace`.
    ///
    /// # Errors
    /// As [`Fsck::look`]; [`JobError::Busy`] if the sweeper or a backup does not end.
    pub async fn repair(&self, media: &Media, grace: Duration) -> Result<Report, JobError> {
        let lease = Lease::deletions(self.db);
        lease.take_within(PATIENCE).await?;
        let work = async {
            let found = self.find().await?;
            let left = repair::repair(self, media, grace, &found).await?;
            let deleted = deletions::finish(self.db, self.store, grace, now_micros()).await?;
            deleted
                .fault
                .map_or(Ok(found.report(left)), |fault| Err(fault.into()))
        };
        lease.held(work).await
    }

    async fn find(&self) -> Result<Found, JobError> {
        let mut found = Found::default();
        self.walk_ledger(&mut found).await?;
        self.walk_store(&mut found).await?;
        Ok(found)
    }

    async fn walk_ledger(&self, found: &mut Found) -> Result<(), JobError> {
        let (mut after, mut seen) = (None, 0);
        loop {
            let rows = self.db.page_objects(after.take(), PAGE).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = Some(last.key.clone());
            seen += rows.len() as u64;
            let live = rows.into_iter().filter(|row| row.state == ObjectState::Live);
            let mut verdicts = stream::iter(live.map(|row| self.judge_twice(row))).buffer_unordered(AT_ONCE);
            while let Some((key, verdict)) = verdicts.try_next().await? {
                match verdict {
                    Verdict::Sound => {}
                    Verdict::Missing => drop(found.missing.insert(key)),
                    Verdict::Damaged => drop(found.damaged.insert(key)),
                }
            }
            (self.progress)(seen);
        }
    }

    /// A fault counts only if the row is the same at a second look: the object may have been deleted in between.
    async fn judge_twice(&self, row: ObjectRow) -> Result<(Key, Verdict), JobError> {
        let key = Key::parse(&row.key).map_err(|error| {
            JobError::Refused(format!(
                "a row of the ledger is damaged: {error}; restore a backup"
            ))
        })?;
        let verdict = self.judge(&key, &row).await?;
        if matches!(verdict, Verdict::Sound) {
            return Ok((key, verdict));
        }
        let again = self.db.find_objects(vec![row.key.clone()]).await?;
        let same = again
            .first()
            .is_some_and(|now| now.state == row.state && now.sha256 == row.sha256);
        Ok((key, if same { verdict } else { Verdict::Sound }))
    }

    async fn judge(&self, key: &Key, row: &ObjectRow) -> Result<Verdict, JobError> {
        let stored = if self.quick {
            self.store
                .head(key)
                .await?
                .map(|meta| (meta.len, row.sha256.clone()))
        } else {
            hash(self.store, key)
                .await?
                .map(|(len, digest)| (len, Some(digest.to_string())))
        };
        Ok(match stored {
            None => Verdict::Missing,
            Some((len, digest)) if row.bytes == Some(len) && row.sha256 == digest => Verdict::Sound,
            Some(_) => Verdict::Damaged,
        })
    }

    async fn walk_store(&self, found: &mut Found) -> Result<(), JobError> {
        let mut after = None;
        loop {
            let page = self.store.list_page(after.as_deref()).await?;
            let mut keys = Vec::with_capacity(page.objects.len());
            for object in page.objects {
                match Key::parse(&object.key) {
                    Ok(key) => keys.push(key),
                    Err(_) => drop(found.foreign.insert(object.key)),
                }
            }
            // Its row may have gone after the listing, and the object with it.
            for key in without_row(self.db, keys).await? {
                if self.store.head(&key).await?.is_some() {
                    found.unknown.insert(key);
                }
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        // The second look.
        let unknown = without_row(self.db, found.unknown.iter().cloned().collect()).await?;
        found.unknown = unknown.into_iter().collect();
        Ok(())
    }
}

impl Found {
    fn is_empty(&self) -> bool {
        let keys = [&self.missing, &self.damaged, &self.unknown];
        keys.iter().all(|keys| keys.is_empty()) && self.foreign.is_empty()
    }

    /// Everything, with what to do about it.
    fn advised(&self) -> Vec<Left> {
        let faulty = self.missing.iter().chain(&self.damaged).map(|key| {
            let reason = if key.is_original() {
                repair::LOST_ORIGINAL
            } else {
                REPAIR
            };
            (key.to_string(), reason)
        });
        let unknown = self.unknown.iter().map(|key| (key.to_string(), REPAIR));
        let foreign = self.foreign.iter().map(|name| (name.clone(), repair::FOREIGN));
        let all = faulty.chain(unknown).chain(foreign);
        all.map(|(key, reason)| Left {
            key,
            reason: reason.into(),
        })
        .collect()
    }

    fn report(&self, left: Vec<Left>) -> Report {
        let texts = |keys: &BTreeSet<Key>| keys.iter().map(Key::to_string).collect::<Vec<_>>();
        let mut objects_without_rows = texts(&self.unknown);
        objects_without_rows.extend(self.foreign.iter().cloned());
        Report {
            schema: 1,
            rows_without_objects: texts(&self.missing),
            objects_without_rows,
            checksum_faults: texts(&self.damaged),
            repaired: left.is_empty() && !self.is_empty(),
            left,
        }
    }
}
