//! The way back: checks the backup, then the objects, then fills an empty database.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::{AT_ONCE, Contents, Entry, Folder, PATIENCE, Part, SCHEMA, copy, file, manifest, part};
use crate::db::Db;
use crate::domain::now_micros;
use crate::jobs::JobError;
use crate::jobs::hashing::hash;
use crate::jobs::lease::Lease;
use crate::store::{Key, Store};

/// A run of the restore.
pub struct Restore<'a> {
    /// A migrated database without users and photos.
    pub db: &'a Db,
    /// The store that has the objects, or gets them from the backup.
    pub store: &'a Store,
    /// Compare only that objects exist and their lengths, which is quick.
    pub quick: bool,
    /// Restore even if originals are lost: their photos are there then, without pictures.
    pub allow_missing: bool,
    /// Told how many objects are checked.
    pub progress: &'a (dyn Fn(u64) + Sync),
}

/// What a restore did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Restored {
    /// Table → rows.
    pub tables: Vec<(String, u64)>,
    /// Originals that were copied from the backup.
    pub copied: u64,
    /// Originals that are nowhere.
    pub missing: Vec<String>,
    /// Variants that will be made anew on demand.
    pub forgotten: u64,
}

enum Checked {
    Sound,
    Copied,
    Faulty(Key),
}

impl Restore<'_> {
    /// Restores a backup; the database is filled in one transaction or not at all.
    ///
    /// # Errors
    /// [`JobError::Refused`] if the folder is no sound backup, or an original is missing; [`crate::db::DbError::Refused`] if
    /// the database is not empty. Objects that were copied already stay, and are found by the next attempt.
    pub async fn run(&self, folder: &Path) -> Result<Restored, JobError> {
        let folder = Folder(folder.to_owned());
        let contents = read(&folder).await?;
        self.refuse_unless_empty().await?;
        let lease = Lease::deletions(self.db);
        lease.take_within(PATIENCE).await?;
        lease.held(self.restore(&folder, &contents)).await
    }

    async fn restore(&self, folder: &Folder, contents: &Contents) -> Result<Restored, JobError> {
        let mut restored = Restored::default();
        let faulty_variants = self.check_objects(folder, contents, &mut restored).await?;
        if !(restored.missing.is_empty() || self.allow_missing) {
            return Err(JobError::Refused(format!(
                "{} originals are neither in the store nor in the backup, such as {}; nothing was restored. Bring them back, \
                 or restore without them by --allow-missing",
                restored.missing.len(),
                restored.missing[0]
            )));
        }
        let database = folder.database();
        let reader = file("open the dump", move || File::open(database)).await?;
        restored.tables = self.db.load(Box::new(BufReader::new(reader))).await?.tables;
        restored.forgotten = self.db.condemn_objects(faulty_variants, now_micros()).await?;
        Ok(restored)
    }

    /// A clear word before the long part; the database itself refuses once more.
    async fn refuse_unless_empty(&self) -> Result<(), JobError> {
        let users = self.db.list_users(None, 1).await?;
        if users.is_empty() && self.db.page_photos(None, 1).await?.is_empty() {
            return Ok(());
        }
        Err(JobError::Refused(
            "the database is not empty: a restore only fills a new one. Make an empty database, run `photos migrate` and then \
             `photos restore`, before the service starts"
                .into(),
        ))
    }

    /// Checks every object, copying originals that are missing; gives the variants that are not sound.
    async fn check_objects(
        &self,
        folder: &Folder,
        contents: &Contents,
        restored: &mut Restored,
    ) -> Result<Vec<String>, JobError> {
        let copies = if contents.originals_copied {
            Some(Store::disk(folder.objects()).await?)
        } else {
            None
        };
        let scratch = file("make a scratch folder", tempfile::tempdir).await?;
        let (mut faulty_variants, mut checked) = (Vec::new(), 0);
        let mut entries = manifest::open(&folder.manifest()).await?;
        while let Some(page) = entries.next_page().await? {
            checked += page.len() as u64;
            let (copies, scratch) = (copies.as_ref(), scratch.path());
            let checks = stream::iter(page.into_iter().map(|entry| self.check(entry, copies, scratch)));
            let results: Vec<_> = checks.buffer_unordered(AT_ONCE).try_collect().await?;
            for result in results {
                match result {
                    Checked::Sound => {}
                    Checked::Copied => restored.copied += 1,
                    Checked::Faulty(key) if key.is_original() => restored.missing.push(key.to_string()),
                    Checked::Faulty(key) => faulty_variants.push(key.to_string()),
                }
            }
            (self.progress)(checked);
        }
        Ok(faulty_variants)
    }

    async fn check(&self, entry: Entry, copies: Option<&Store>, scratch: &Path) -> Result<Checked, JobError> {
        let sound = if self.quick {
            self.store
                .head(&entry.key)
                .await?
                .is_some_and(|meta| meta.len == entry.bytes)
        } else {
            hash(self.store, &entry.key).await? == Some((entry.bytes, entry.sha256))
        };
        if sound {
            return Ok(Checked::Sound);
        }
        let Some(copies) = copies.filter(|_| entry.key.is_original()) else {
            return Ok(Checked::Faulty(entry.key));
        };
        if copies.head(&entry.key).await?.is_none() {
            return Ok(Checked::Faulty(entry.key));
        }
        copy(copies, self.store, scratch, &entry).await?;
        Ok(Checked::Copied)
    }
}

/// Reads `backup.json` and makes sure that the other files are those that it tells of.
async fn read(folder: &Folder) -> Result<Contents, JobError> {
    let path = folder.contents();
    let shown = folder.0.display().to_string();
    let refused = |why: String| JobError::Refused(format!("{shown} is no sound backup: {why}"));
    let text = file("read backup.json", move || std::fs::read_to_string(path)).await;
    let text = text.map_err(|error| refused(error.to_string()))?;
    let contents: Contents =
        serde_json::from_str(&text).map_err(|error| refused(format!("backup.json: {error}")))?;
    if contents.schema != SCHEMA {
        return Err(refused(format!(
            "its schema is {}, and this version reads {SCHEMA}: use `photos` {}",
            contents.schema, contents.version
        )));
    }
    let files: [(_, &Part); 2] = [
        (folder.database(), &contents.database),
        (folder.manifest(), &contents.manifest),
    ];
    for (path, expected) in files {
        let name = path.display().to_string();
        if part(path).await? != *expected {
            return Err(refused(format!("{name} was changed or cut off")));
        }
    }
    Ok(contents)
}
