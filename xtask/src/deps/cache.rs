//! The downloaded programs: each in a folder named by version and sum, put there in one step, so that what is there is
//! what the lock means, and was checked.

use std::{
    fs::{self, File, TryLockError},
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use flate2::read::GzDecoder;

use super::{
    download,
    lock::{self, Archive, LockedTool},
    tool::Tool,
};
use crate::{context::Context, outcome::Failure};

/// Where one program of the lock is, or will be.
pub(crate) struct Slot {
    tool: Tool,
    archive: Archive,
    /// The program inside the archive.
    inside: String,
    /// The SHA-256 of the download.
    pub(super) sha256: String,
    /// Where the release lies, before the mirror.
    pub(super) url: String,
    folder: PathBuf,
}

/// The right to write in a slot, taken back by the system when the process ends, however it ends.
pub(super) struct Right(#[expect(dead_code, reason = "held for its lock")] File);

impl Slot {
    /// The slot of a tool for this machine.
    ///
    /// # Errors
    /// Exit code 1 when the lock has no sum for this platform.
    pub(crate) fn of(context: &Context, tool: Tool, locked: &LockedTool) -> anyhow::Result<Self> {
        let platform = lock::platform();
        let sha256 = locked.sha256.get(&platform).ok_or_else(|| {
            Failure::failed(format!("there is no {tool} for {platform}"))
                .because("deps/tools.yaml has no sum of it, and nothing is used without one")
                .advise("install it yourself and set PLASMA_DEPS=system")
        })?;
        let name = format!("{}-{}", locked.version, &sha256[..12]);
        Ok(Self {
            tool,
            archive: locked.archive,
            inside: locked.fill(locked.path.as_deref().unwrap_or_default(), &platform),
            url: locked.fill(&locked.url, &platform),
            sha256: sha256.clone(),
            folder: context.cache.join("deps").join(tool.name()).join(name),
        })
    }

    /// Where the program is, or will be.
    pub(crate) fn program(&self) -> PathBuf {
        self.folder.join(self.tool.name())
    }

    /// Where the bytes of a download that goes on are.
    pub(super) fn part(&self) -> PathBuf {
        self.folder.join(format!("{}.part", self.tool))
    }

    /// The download of a tool that is an archive is kept beside the program, so that both can be held against the lock.
    fn kept_archive(&self) -> PathBuf {
        self.folder.join(format!("{}.tar.gz", self.tool))
    }

    /// Takes the right to write, and waits while another process has it.
    ///
    /// # Errors
    /// When the cache cannot be written.
    pub(super) async fn take(&self) -> anyhow::Result<Right> {
        let cannot = || format!("cannot write {}", self.folder.display());
        fs::create_dir_all(&self.folder).with_context(cannot)?;
        let file = File::create(self.folder.join("lock")).with_context(cannot)?;
        let mut said = false;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Right(file)),
                Err(TryLockError::Error(error)) => return Err(error).with_context(cannot),
                Err(TryLockError::WouldBlock) if said => {}
                Err(TryLockError::WouldBlock) => {
                    eprintln!("{}: waiting for another process that downloads it", self.tool);
                    said = true;
                }
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Puts the whole and checked download in its place.
    ///
    /// # Errors
    /// When the archive has no such program, or the cache cannot be written.
    pub(super) fn install(&self, _right: &Right) -> anyhow::Result<()> {
        match self.archive {
            Archive::None => self.place(&self.part()),
            Archive::TarGz => {
                let unpacked = self.folder.join(format!("{}.unpacked", self.tool));
                self.unpack(&self.part(), &unpacked)?;
                fs::rename(self.part(), self.kept_archive())
                    .with_context(|| format!("cannot write {}", self.kept_archive().display()))?;
                self.place(&unpacked)
            }
        }
    }

    /// Takes a program of this machine that is byte for byte the locked one, instead of a download.
    ///
    /// # Errors
    /// When the cache cannot be written.
    pub(super) fn adopt(&self, _right: &Right, candidate: &Path) -> anyhow::Result<bool> {
        let same =
            self.archive == Archive::None && download::sum(candidate).is_ok_and(|sum| sum == self.sha256);
        if same {
            let copy = self.folder.join(format!("{}.copy", self.tool));
            fs::copy(candidate, &copy).with_context(|| format!("cannot write {}", copy.display()))?;
            self.place(&copy)?;
        }
        Ok(same)
    }

    /// What is wrong with the program that is here, if anything is.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn fault(&self) -> anyhow::Result<Option<String>> {
        let hash =
            |path: &Path| download::sum(path).with_context(|| format!("cannot read {}", path.display()));
        let download = match self.archive {
            Archive::None => self.program(),
            Archive::TarGz => self.kept_archive(),
        };
        let found = hash(&download)?;
        if found != self.sha256 {
            return Ok(Some(format!(
                "the SHA-256 of {} is {found}, must be {}",
                download.display(),
                self.sha256
            )));
        }
        if self.archive == Archive::TarGz {
            let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
            let original = folder.path().join("program");
            self.unpack(&download, &original)?;
            if hash(&original)? != hash(&self.program())? {
                return Ok(Some(format!(
                    "{} is not the one in {}",
                    self.program().display(),
                    download.display()
                )));
            }
        }
        Ok(None)
    }

    fn unpack(&self, archive: &Path, to: &Path) -> anyhow::Result<()> {
        unpack(self.tool, &self.inside, archive, to)
    }

    fn place(&self, from: &Path) -> anyhow::Result<()> {
        fs::set_permissions(from, fs::Permissions::from_mode(0o755))
            .and_then(|()| fs::rename(from, self.program()))
            .with_context(|| format!("cannot write {}", self.program().display()))
    }
}

/// Takes the program out of an archive.
///
/// # Errors
/// When there is none in it, or it cannot be written.
pub(super) fn unpack(tool: Tool, inside: &str, archive: &Path, to: &Path) -> anyhow::Result<()> {
    let cannot = || format!("cannot unpack {}", archive.display());
    let mut archive = tar::Archive::new(GzDecoder::new(File::open(archive).with_context(cannot)?));
    for entry in archive.entries().with_context(cannot)? {
        let mut entry = entry.with_context(cannot)?;
        if entry.path().with_context(cannot)? == Path::new(inside) {
            let mut file = File::create(to).with_context(|| format!("cannot write {}", to.display()))?;
            io::copy(&mut entry, &mut file).with_context(cannot)?;
            return file.sync_all().with_context(cannot);
        }
    }
    Err(Failure::failed(format!("the archive of {tool} has no {inside}"))
        .because("deps/tools.yaml says that the program is there")
        .advise("correct `path` in deps/tools.yaml")
        .into())
}
