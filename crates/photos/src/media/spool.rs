//! The spool: an upload's bytes on disk, hashed and counted while they are written.
//!
//! Files are `photos-spool-*` in `PS_SPOOL_DIR` and go when their value is dropped; what a killed process left is swept
//! when the next one starts.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use sha2::{Digest, Sha256};
use tempfile::{NamedTempFile, TempPath};

use super::MediaError;

const PREFIX: &str = "photos-spool-";

/// Bytes gathered before they are hashed and written in one go.
const BUFFER: usize = 256 * 1024;

/// Spool files older than this belong to no living upload: a body may stall for 30 s at most.
const STALE: Duration = Duration::from_secs(24 * 60 * 60);

/// The folder that uploads are spooled to.
#[derive(Clone, Debug)]
pub struct Spool {
    dir: PathBuf,
}

/// A spooled upload. Its file is deleted when this is dropped.
#[derive(Debug)]
pub struct Spooled {
    path: TempPath,
    /// Length in bytes.
    pub len: u64,
    /// SHA-256 of the bytes.
    pub sha256: [u8; 32],
}

/// A file being spooled.
#[derive(Debug)]
pub struct SpoolWriter {
    dir: PathBuf,
    file: Option<Hashed>,
    buffer: BytesMut,
    len: u64,
    limit: u64,
}

#[derive(Debug)]
struct Hashed {
    file: NamedTempFile,
    hasher: Sha256,
}

impl Spool {
    /// Makes the folder if need be and sweeps what killed processes left in it.
    ///
    /// # Errors
    /// If the folder cannot be made or read.
    pub fn open(dir: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(dir)?;
        for entry in std::fs::read_dir(dir)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(PREFIX) && is_stale(&entry) {
                // Another process may have been faster; and a file that stays costs only its space.
                let _ = std::fs::remove_file(entry.path());
            }
        }
        Ok(Self { dir: dir.to_owned() })
    }

    /// Begins a file of at most `limit` bytes. Nothing is made on disk before the first bytes.
    pub fn create(&self, limit: u64) -> SpoolWriter {
        SpoolWriter {
            dir: self.dir.clone(),
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
        let dir = self.dir.clone();
        blocking(move || Ok(create_in(&dir)?.into_temp_path())).await
    }
}

impl Spooled {
    /// Where the bytes are.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the whole file. The caller holds its length in the memory budget.
    ///
    /// # Errors
    /// [`MediaError::Spool`].
    pub async fn read(&self) -> Result<Bytes, MediaError> {
        read(&self.path).await
    }
}

/// Reads a whole file of the spool. The caller holds its length in the memory budget.
///
/// # Errors
/// [`MediaError::Spool`].
pub(super) async fn read(path: &Path) -> Result<Bytes, MediaError> {
    let path = path.to_path_buf();
    blocking(move || std::fs::read(path).map(Bytes::from)).await
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
        let Some(Hashed { file, hasher }) = self.file else {
            return Err(MediaError::Spool(io::Error::other(
                "the spool file is gone after a failed write",
            )));
        };
        Ok(Spooled {
            path: file.into_temp_path(),
            len: self.len,
            sha256: hasher.finalize().into(),
        })
    }

    async fn flush(&mut self) -> Result<(), MediaError> {
        let (dir, held, bytes) = (self.dir.clone(), self.file.take(), self.buffer.split().freeze());
        let written = blocking(move || {
            let mut held = match held {
                Some(held) => held,
                None => Hashed {
                    file: create_in(&dir)?,
                    hasher: Sha256::new(),
                },
            };
            held.file.write_all(&bytes)?;
            held.hasher.update(&bytes);
            Ok(held)
        });
        self.file = Some(written.await?);
        Ok(())
    }
}

fn create_in(dir: &Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new().prefix(PREFIX).tempfile_in(dir)
}

fn is_stale(entry: &std::fs::DirEntry) -> bool {
    let modified = entry.metadata().and_then(|metadata| metadata.modified());
    modified.is_ok_and(|at| SystemTime::now().duration_since(at).is_ok_and(|age| age > STALE))
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

    use super::*;

    fn files(dir: &Path) -> usize {
        std::fs::read_dir(dir).unwrap().count()
    }

    #[tokio::test]
    async fn bytes_are_hashed_as_they_are_written() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = Spool::open(dir.path()).unwrap().create(1 << 20);
        let data: Vec<u8> = (0..700_000u32).map(|n| n as u8).collect();
        for chunk in data.chunks(10_007) {
            writer.write(chunk).await.unwrap();
        }
        let spooled = writer.finish().await.unwrap();
        assert_eq!(spooled.len, 700_000);
        assert_eq!(spooled.sha256, <[u8; 32]>::from(Sha256::digest(&data)));
        assert_eq!(spooled.read().await.unwrap(), data);
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
        assert_eq!((spooled.len, spooled.read().await.unwrap().len()), (0, 0));
    }

    #[tokio::test]
    async fn only_old_spool_files_are_swept() {
        let dir = tempfile::tempdir().unwrap();
        let old = dir.path().join("photos-spool-old");
        for path in [
            &old,
            &dir.path().join("photos-spool-new"),
            &dir.path().join("someone-else"),
        ] {
            std::fs::write(path, "x").unwrap();
        }
        let long_ago = SystemTime::now() - 2 * STALE;
        std::fs::File::options()
            .write(true)
            .open(&old)
            .unwrap()
            .set_modified(long_ago)
            .unwrap();
        Spool::open(dir.path()).unwrap();
        assert!(!old.exists());
        assert_eq!(files(dir.path()), 2);
    }
}
