//! `photos backup` and `photos restore`: a folder with the database of one moment and the checksums of all its objects.
//!
//! `backup.json` says what belongs to the backup and is written last: a folder without it is no backup. `database.jsonl` is
//! the dump; `objects.jsonl` lists the live objects of the very same moment; `objects/` has copies of the originals, if asked
//! for. Variants are never copied, for they can be made again.

mod manifest;
mod restore;

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::{TryStreamExt as _, stream};
use serde::{Deserialize, Serialize};

use super::JobError;
use super::lease::Lease;
use crate::db::Db;
use crate::domain::{Timestamp, now_micros};
use crate::store::{Digest, Key, Store};
pub(crate) use manifest::Entry;
pub use manifest::Totals;
pub use restore::{Restore, Restored};

/// The version of the folder's shape.
const SCHEMA: u32 = 1;
/// Objects that are copied or checked at once.
const AT_ONCE: usize = 4;
/// How long a backup waits for the sweeper to end its pass.
const PATIENCE: Duration = Duration::from_secs(120);

/// What is in a backup, as `backup.json` has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// Version of this shape.
    pub schema: u32,
    /// The version of the service that wrote it.
    pub version: String,
    /// When it was begun; what came later is not in it.
    pub created_at: Timestamp,
    /// The dump.
    pub database: Part,
    /// The list of objects.
    pub manifest: Part,
    /// What the list amounts to.
    pub totals: Totals,
    /// Whether `objects/` has the originals.
    pub originals_copied: bool,
}

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Bytes.
    pub bytes: u64,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
}

/// The paths in a backup's folder.
struct Folder(PathBuf);

impl Folder {
    fn contents(&self) -> PathBuf {
        self.0.join("backup.json")
    }

    fn database(&self) -> PathBuf {
        self.0.join("database.jsonl")
    }

    fn manifest(&self) -> PathBuf {
        self.0.join("objects.jsonl")
    }

    fn objects(&self) -> PathBuf {
        self.0.join("objects")
    }
}

/// A run of the backup.
pub struct Backup<'a> {
    /// What is dumped.
    pub db: &'a Db,
    /// Where the objects are.
    pub store: &'a Store,
    /// Copy the originals too.
    pub originals: bool,
    /// Told how many originals are copied.
    pub progress: &'a (dyn Fn(u64) + Sync),
}

impl Backup<'_> {
    /// Writes a backup into a folder that is new or empty. The service may go on; only deletions wait for the end.
    ///
    /// # Errors
    /// [`JobError::Refused`] if the folder is not empty, or an original is not what the ledger says; faults of the database,
    /// the store and the folder. Without `backup.json`, what was written is no backup.
    pub async fn run(&self, folder: &Path) -> Result<Contents, JobError> {
        let folder = Folder(folder.to_owned());
        make_empty(&folder.0).await?;
        let lease = Lease::deletions(self.db);
        lease.take_within(PATIENCE).await?;
        lease.held(self.write(&folder)).await
    }

    async fn write(&self, folder: &Folder) -> Result<Contents, JobError> {
        let created_at = now_micros();
        let database = folder.database();
        let writer = file("create the dump", move || private(&database)).await?;
        self.db.dump(Box::new(BufWriter::new(writer))).await?;
        let (database, list) = (folder.database(), folder.manifest());
        let totals = file("list the objects", move || {
            manifest::write(&File::open(database)?, BufWriter::new(private(&list)?))
        })
        .await?;
        if self.originals {
            self.copy_originals(folder).await?;
        }
        let contents = Contents {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION").into(),
            created_at,
            database: part(folder.database()).await?,
            manifest: part(folder.manifest()).await?,
            totals,
            originals_copied: self.originals,
        };
        let (text, path) = (contents.to_json()?, folder.contents());
        let parts = [folder.database(), folder.manifest()];
        file("write backup.json", move || {
            for part in parts {
                File::open(part)?.sync_all()?;
            }
            let file = private(&path)?;
            std::io::Write::write_all(&mut &file, text.as_bytes())?;
            file.sync_all()?;
            path.parent()
                .map_or(Ok(()), |folder| File::open(folder)?.sync_all())
        })
        .await?;
        Ok(contents)
    }

    async fn copy_originals(&self, folder: &Folder) -> Result<(), JobError> {
        let target = Store::disk(folder.objects()).await?;
        let scratch = file("make a scratch folder", tempfile::tempdir).await?;
        let mut copied = 0;
        let mut entries = manifest::open(&folder.manifest()).await?;
        while let Some(page) = entries.next_page().await? {
            let originals: Vec<_> = page.into_iter().filter(|entry| entry.key.is_original()).collect();
            copied += originals.len() as u64;
            let (target, scratch) = (&target, scratch.path());
            stream::iter(originals.into_iter().map(Ok))
                .try_for_each_concurrent(AT_ONCE, |entry| async move {
                    copy(self.store, target, scratch, &entry).await
                })
                .await?;
            (self.progress)(copied);
        }
        Ok(())
    }
}

impl Contents {
    fn to_json(&self) -> Result<String, JobError> {
        let text = serde_json::to_string_pretty(self);
        text.map(|text| text + "\n")
            .map_err(|error| JobError::Refused(error.to_string()))
    }
}

/// Copies an object from one store to another, by way of a file, and lets only the right bytes pass.
async fn copy(from: &Store, to: &Store, scratch: &Path, entry: &Entry) -> Result<(), JobError> {
    let Entry { key, bytes, sha256 } = entry;
    let path = scratch.join(key.digest().to_string() + &key.photo().to_string());
    from.get_to_file(key, &path).await?;
    let hashed = path.clone();
    let (len, digest) = file("read a copied object", move || Digest::of_file(&hashed)).await?;
    if (len, digest) != (*bytes, *sha256) {
        return Err(damaged(key));
    }
    to.put_file(key, &path, len).await?;
    file("remove a copied object", move || std::fs::remove_file(path)).await
}

fn damaged(key: &Key) -> JobError {
    JobError::Refused(format!("{key} is not what the ledger says; run `photos fsck`"))
}

/// A blocking step with files, on a thread of its own.
async fn file<T: Send + 'static>(
    what: &str,
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, JobError> {
    let done = tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|lost| Err(lost.into()));
    done.map_err(|source| JobError::File {
        what: what.to_owned(),
        source,
    })
}

/// A new file that only its owner reads: the dump has password hashes.
fn private(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

async fn make_empty(folder: &Path) -> Result<(), JobError> {
    let path = folder.to_owned();
    let what = format!("make the folder {}", folder.display());
    let empty = file(&what, move || {
        use std::os::unix::fs::DirBuilderExt as _;
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&path)?;
        Ok(std::fs::read_dir(&path)?.next().is_none())
    });
    if empty.await? {
        return Ok(());
    }
    Err(JobError::Refused(format!(
        "{} is not empty: give a new folder for each backup",
        folder.display()
    )))
}

async fn part(path: PathBuf) -> Result<Part, JobError> {
    let what = format!("read {}", path.display());
    let (bytes, digest) = file(&what, move || Digest::of_file(&path)).await?;
    Ok(Part {
        bytes,
        sha256: digest.to_string(),
    })
}
