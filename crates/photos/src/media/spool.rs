//! The spool: an upload's bytes on disk, hashed and counted while they are written.
//!
//! A process has a folder of its own in `PS_SPOOL_DIR`, `photos-spool-*`, whose file `lock` it holds locked while it lives. Its
//! files go when their value is dropped, the folder with the process; the folders of killed ones are swept when the next
//! one starts. A folder that somebody removed, as cleaners of `/tmp` do, is begun anew with the next upload.

use std::fs::{File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use memmap2::Mmap;
use sha2::{Digest, Sha256};
use tempfile::{NamedTempFile, TempDir, TempPath};

use super::MediaError;

const PREFIX: &str = "photos-spool-";
const LOCK: &str = "lock";

/// A folder without a lock may be one that a process just begins, or still uses, until nothing changed in it for so long.
const ABANDONED_AFTER: Duration = Duration::from_secs(3600);

/// Bytes gathered before they are hashed and written in one go.
const BUFFER: usize = 256 * 1024;

/// Where uploads are spooled to. The last clone takes the folder along.
#[derive(Clone, Debug)]
pub struct Spool {
    dir: PathBuf,
    home: Arc<Mutex<Arc<Home>>>,
}

#[derive(Debug)]
struct Home {
    folder: TempDir,
    /// Locked until the process ends, however it does.
    _lock: File,
}

/// A spooled upload. Its file is deleted when this is dropped.
#[derive(Debug)]
pub struct Spooled {
    path: TempPath,
    /// The folder stays as long as something in it is of use.
    _home: Arc<Home>,
    /// Length in bytes.
    pub len: u64,
    /// SHA-256 of the bytes.
    pub sha256: [u8; 32],
}

/// A file being spooled.
#[derive(Debug)]
pub struct SpoolWriter {
    spool: Spool,
    file: Option<Hashed>,
    buffer: BytesMut,
    len: u64,
    limit: u64,
}

#[derive(Debug)]
struct Hashed {
    file: NamedTempFile,
    home: Arc<Home>,
    hasher: Sha256,
}

impl Spool {
    /// Makes the folder if need be, sweeps what killed processes left in it, and begins a folder of its own.
    ///
    /// # Errors
    /// If a folder cannot be made, read or locked.
    pub fn open(dir: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(dir)?;
        for entry in std::fs::read_dir(dir)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(PREFIX) {
                // Another process may have been faster; and a folder that stays costs only its space.
                let _ = sweep(&entry.path());
            }
        }
        Ok(Self {
            dir: dir.to_owned(),
            home: Arc::new(Mutex::new(Arc::new(Home::begin(dir)?))),
        })
    }

    /// The folder of this process, which is there.
    fn home(&self) -> io::Result<Arc<Home>> {
        let mut home = self.home.lock().unwrap_or_else(PoisonError::into_inner);
        if !home.folder.path().join(LOCK).exists() {
            std::fs::create_dir_all(&self.dir)?;
            *home = Arc::new(Home::begin(&self.dir)?);
            tracing::warn!(folder = %home.folder.path().display(), "the folder of the spool was removed; there is a new one");
        }
        Ok(Arc::clone(&home))
    }

    /// Begins a file of at most `limit` bytes. Nothing is made on disk before the first bytes.
    pub fn create(&self, limit: u64) -> SpoolWriter {
        SpoolWriter {
            spool: self.clone(),
            file: None,
            buffer: BytesMut::new(),
            len: 0,
            limit,
        }
    }

    /// An empty file to be written by somebody else, such as an original read back from the store.
    ///
    /// # Errors
    /// [`MediaError::Full`] or [`MediaError::Spool`].
    pub async fn scratch(&self) -> Result<TempPath, MediaError> {
        let spool = self.clone();
        blocking(move || Ok(spool.home()?.create()?.into_temp_path())).await
    }
}

impl Home {
    fn begin(dir: &Path) -> io::Result<Self> {
        loop {
            let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(dir)?;
            let path = folder.path().join(LOCK);
            let lock = File::create_new(&path)?;
            lock.lock()?;
            // Who sweeps between these two lines takes the folder for one that was left, and it is gone.
            if path.exists() {
                return Ok(Self { folder, _lock: lock });
            }
        }
    }

    fn create(&self) -> io::Result<NamedTempFile> {
        tempfile::Builder::new().tempfile_in(self.folder.path())
    }
}

/// Removes the folder of a process that lives no more: nobody holds its lock, or there has been none for a while.
fn sweep(folder: &Path) -> io::Result<()> {
    let lock = match File::open(folder.join(LOCK)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let unchanged = std::fs::metadata(folder)?.modified()?.elapsed();
            return if unchanged.is_ok_and(|age| age >= ABANDONED_AFTER) {
                std::fs::remove_dir_all(folder)
            } else {
                Ok(())
            };
        }
        lock => lock?,
    };
    match lock.try_lock() {
        Ok(()) => std::fs::remove_dir_all(folder),
        Err(TryLockError::WouldBlock) => Ok(()),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

impl Spooled {
    /// Where the bytes are.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file's bytes, as [`map`] gives them.
    ///
    /// # Errors
    /// [`MediaError::Spool`].
    pub async fn map(&self) -> Result<Bytes, MediaError> {
        map(&self.path).await
    }
}

/// The bytes of a file of the spool, which stay on the disk: the system brings in what is looked at and drops it again
/// when memory is short. The pages that are in count as this process's, so whoever looks at all of them holds the file's
/// length in the memory budget.
///
/// # Errors
/// [`MediaError::Spool`].
pub(super) async fn map(path: &Path) -> Result<Bytes, MediaError> {
    let path = path.to_path_buf();
    blocking(move || {
        let file = File::open(path)?;
        #[expect(
            unsafe_code,
            reason = "the decoders want a slice, and the file is not to be held in memory"
        )]
        // SAFETY: the file is whole, and its mode lets only this user open it. Nothing here writes to it or cuts it any
        // more, and who deletes it takes its name and leaves its bytes.
        let mapped = unsafe { Mmap::map(&file) }?;
        Ok(Bytes::from_owner(mapped))
    })
    .await
}

impl SpoolWriter {
    /// Takes the next bytes.
    ///
    /// # Errors
    /// [`MediaError::TooManyBytes`] above the limit, [`MediaError::Full`] or [`MediaError::Spool`].
    pub async fn write(&mut self, chunk: &[u8]) -> Result<(), MediaError> {
        self.len += chunk.len() as u64;
        if self.len > self.limit {
            return Err(MediaError::TooManyBytes { limit: self.limit });
        }
        self.buffer.extend_from_slice(chunk);
        if self.buffer.len() >= BUFFER {
            self.flush().await
        } else {
            Ok(())
        }
    }

    /// Writes what is left.
    ///
    /// # Errors
    /// [`MediaError::Full`] or [`MediaError::Spool`].
    pub async fn finish(mut self) -> Result<Spooled, MediaError> {
        if self.file.is_none() || !self.buffer.is_empty() {
            self.flush().await?;
        }
        let Some(Hashed { file, home, hasher }) = self.file else {
            return Err(MediaError::Spool(io::Error::other(
                "the spool file is gone after a failed write",
            )));
        };
        Ok(Spooled {
            path: file.into_temp_path(),
            _home: home,
            len: self.len,
            sha256: hasher.finalize().into(),
        })
    }

    async fn flush(&mut self) -> Result<(), MediaError> {
        let (spool, held, bytes) = (self.spool.clone(), self.file.take(), self.buffer.split().freeze());
        let written = blocking(move || {
            let mut held = match held {
                Some(held) => held,
                None => {
                    let home = spool.home()?;
                    Hashed {
                        file: home.create()?,
                        home,
                        hasher: Sha256::new(),
                    }
                }
            };
            held.file.write_all(&bytes)?;
            held.hasher.update(&bytes);
            Ok(held)
        });
        self.file = Some(written.await?);
        Ok(())
    }
}

async fn blocking<T: Send + 'static>(
    job: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, MediaError> {
    match tokio::task::spawn_blocking(job).await {
        Ok(done) => done.map_err(MediaError::from_spool),
        Err(error) => Err(MediaError::Spool(io::Error::other(error))),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::time::SystemTime;

    use super::*;

    /// The files that are spooled, in all folders.
    fn files(dir: &Path) -> usize {
        let folders = std::fs::read_dir(dir).unwrap();
        let files = folders.flat_map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap());
        files
            .filter(|file| file.as_ref().unwrap().file_name() != LOCK)
            .count()
    }

    #[tokio::test]
    async fn bytes_are_hashed_as_they_are_written() {
        let dir = tempfile::tempdir().unwrap();
        let spool = Spool::open(dir.path()).unwrap();
        let mut writer = spool.create(1 << 20);
        let data: Vec<u8> = (0..700_000u32).map(|n| n as u8).collect();
        for chunk in data.chunks(10_007) {
            writer.write(chunk).await.unwrap();
        }
        let spooled = writer.finish().await.unwrap();
        assert_eq!(spooled.len, 700_000);
        assert_eq!(spooled.sha256, <[u8; 32]>::from(Sha256::digest(&data)));
        assert_eq!(spooled.map().await.unwrap(), data);
        drop(spooled);
        assert_eq!(files(dir.path()), 0);
    }

    #[tokio::test]
    async fn the_limit_is_inclusive_and_nothing_is_left_above_it() {
        let dir = tempfile::tempdir().unwrap();
        let spool = Spool::open(dir.path()).unwrap();
        let mut exact = spool.create(1_000_000);
        exact.write(&vec![1; 1_000_000]).await.unwrap();
        assert_eq!(exact.finish().await.unwrap().len, 1_000_000);

        let mut above = spool.create(1_000_000);
        above.write(&vec![1; 1_000_000]).await.unwrap();
        assert!(matches!(
            above.write(&[1]).await,
            Err(MediaError::TooManyBytes { limit: 1_000_000 })
        ));
        drop(above);
        assert_eq!(files(dir.path()), 0);
    }

    #[tokio::test]
    async fn an_empty_file_is_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let spooled = Spool::open(dir.path())
            .unwrap()
            .create(10)
            .finish()
            .await
            .unwrap();
        assert_eq!((spooled.len, spooled.map().await.unwrap().len()), (0, 0));
    }

    #[test]
    fn what_a_killed_process_left_is_swept_and_what_a_living_one_has_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let living = Spool::open(dir.path()).unwrap();
        let upload = living.home().unwrap().create().unwrap();
        // As it is left behind: files, and a lock that nobody holds any more.
        let killed = dir.path().join("photos-spool-killed");
        std::fs::create_dir(&killed).unwrap();
        std::fs::write(killed.join(LOCK), "").unwrap();
        std::fs::write(killed.join("half"), "of an upload").unwrap();
        // Without a lock it may be one that is just begun, unless it is old.
        let [begun, abandoned] = ["photos-spool-begun", "photos-spool-abandoned"].map(|name| {
            let folder = dir.path().join(name);
            std::fs::create_dir(&folder).unwrap();
            folder
        });
        let yesterday = SystemTime::now() - Duration::from_secs(86_400);
        File::open(&abandoned).unwrap().set_modified(yesterday).unwrap();
        let others = dir.path().join("someone-else");
        std::fs::write(&others, "x").unwrap();

        let next = Spool::open(dir.path()).unwrap();
        assert!(!killed.exists() && !abandoned.exists());
        assert!(begun.exists());
        std::fs::remove_dir(begun).unwrap();
        assert!(upload.path().exists() && others.exists());
        drop((upload, living, next));
        let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().collect();
        assert_eq!(
            left.len(),
            1,
            "a process that ends takes its folder along: {left:?}"
        );
    }

    #[tokio::test]
    async fn a_folder_that_was_removed_is_begun_anew() {
        let dir = tempfile::tempdir().unwrap();
        let spools = dir.path().join("spools");
        let spool = Spool::open(&spools).unwrap();
        std::fs::remove_dir_all(&spools).unwrap();
        let mut writer = spool.create(10);
        writer.write(b"bytes").await.unwrap();
        let spooled = writer.finish().await.unwrap();
        assert_eq!(spooled.map().await.unwrap(), "bytes");
        assert!(spool.scratch().await.unwrap().exists());
        drop((spooled, spool));
        assert_eq!(std::fs::read_dir(&spools).unwrap().count(), 0);
    }
}
