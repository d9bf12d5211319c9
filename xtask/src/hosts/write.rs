//! Writes a system file in one step, with its mode, its owner and its symbolic link kept; through sudo if it must be.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{MetadataExt, PermissionsExt, fchown},
    path::Path,
};

use anyhow::Context as _;
use tempfile::NamedTempFile;

use crate::outcome::Failure;

/// How the content got there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// A reader sees the old file or the new one.
    Replaced,
    /// The file is mounted into a container, or its folder cannot be written: it was written over.
    InPlace,
}

/// Why it did not.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// Nobody but root may.
    Rights,
    /// Somebody else wrote it since it was read.
    Changed,
    Other(anyhow::Error),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::PermissionDenied => Refusal::Rights,
            _ => Refusal::Other(error.into()),
        }
    }
}

/// Writes `after` if the file still has the content `before`.
///
/// # Errors
/// See [`Refusal`]. The file is then as it was, unless the disk failed while it was written in place.
pub(crate) fn replace(file: &Path, before: &[u8], after: &[u8]) -> Result<How, Refusal> {
    // What is replaced is the file, not the link that leads to it.
    let file = fs::canonicalize(file)?;
    if fs::read(&file)? != before {
        return Err(Refusal::Changed);
    }
    match swap(&file, after) {
        Ok(()) => Ok(How::Replaced),
        Err(error) if cannot_swap(&error) => {
            let mut open = OpenOptions::new().write(true).open(&file)?;
            open.write_all(after)?;
            open.set_len(after.len() as u64)?;
            open.sync_all()?;
            Ok(How::InPlace)
        }
        Err(error) => Err(error.into()),
    }
}

fn swap(file: &Path, content: &[u8]) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("/"));
    let old = fs::metadata(file)?;
    let mut new = NamedTempFile::new_in(folder)?;
    new.write_all(content)?;
    let handle = new.as_file();
    handle.set_permissions(fs::Permissions::from_mode(old.mode() & 0o7777))?;
    let made = handle.metadata()?;
    if (made.uid(), made.gid()) != (old.uid(), old.gid()) {
        fchown(handle, Some(old.uid()), Some(old.gid()))?;
    }
    handle.sync_all()?;
    new.persist(file).map_err(|error| error.error)?;
    // The new name must survive a crash too. A file system that cannot promise it keeps the file all the same.
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
}

/// A mounted file cannot be renamed over (`EBUSY`, `EXDEV`); in a folder that is not ours the file itself may be ours.
fn cannot_swap(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ResourceBusy
            | io::ErrorKind::CrossesDevices
            | io::ErrorKind::PermissionDenied
            | io::ErrorKind::ReadOnlyFilesystem
    )
}

/// Reads a file that may not be there: then it is empty.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(file).map_err(|error| {
        Failure::failed(format!("cannot read {}", file.display()))
            .because(error.to_string())
            .advise("name another file with --file")
            .into()
    })
}

/// Turns a refusal into an error for people.
pub(crate) fn failure(file: &Path, refusal: Refusal) -> anyhow::Error {
    let what = format!("cannot write {}", file.display());
    match refusal {
        Refusal::Rights => Failure::failed(what)
            .because("permission denied")
            .advise("run it as root")
            .into(),
        Refusal::Changed => Failure::failed(what)
            .because("somebody else wrote it at the same moment")
            .advise("run the command again")
            .into(),
        Refusal::Other(error) => Err::<(), _>(error)
            .with_context(|| what)
            .err()
            .unwrap_or_else(|| anyhow::anyhow!("cannot write {}", file.display())),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn mode_and_link_stay() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("hosts"), folder.path().join("link"));
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        symlink("hosts", &link).unwrap();
        assert_eq!(replace(&link, b"old", b"new").unwrap(), How::Replaced);
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o7777, 0o640);
        assert_eq!(fs::read_link(&link).unwrap(), Path::new("hosts"));
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            2,
            "nothing is left behind"
        );
    }

    #[test]
    fn what_changed_meanwhile_is_not_lost() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("hosts");
        fs::write(&file, "theirs").unwrap();
        assert!(matches!(replace(&file, b"old", b"new"), Err(Refusal::Changed)));
        assert_eq!(fs::read(&file).unwrap(), b"theirs");
    }

    #[test]
    fn a_file_that_cannot_be_renamed_over_is_written_in_place() {
        let busy = io::Error::from_raw_os_error(nix::libc::EBUSY);
        assert!(cannot_swap(&busy));
        assert!(!cannot_swap(&io::Error::from_raw_os_error(nix::libc::ENOSPC)));
    }
}
