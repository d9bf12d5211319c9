//! The folder of one running shell: its start file, and what it has seen of the files of its environment.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::Context as _;

use crate::{context::private_folder, native::process::Identity};

/// A folder that is gone when this is dropped. Its name says which process it belongs to, so that what a killed process
/// leaves behind is known as such, and removed when the next shell starts.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) folder: PathBuf,
}

impl Session {
    /// Makes the folder of this process, which only its owner can read.
    ///
    /// # Errors
    /// When the state folder cannot be written.
    pub(crate) fn open(state: &Path) -> anyhow::Result<Self> {
        private_folder(state)?;
        let all = private_folder(&state.join("shells"))?;
        remove_the_dead(&all);
        let own = Identity::of(std::process::id()).context("cannot find out when this process began")?;
        Ok(Self {
            folder: private_folder(&all.join(format!("{}-{}", own.pid, own.started)))?,
        })
    }

    /// Writes a file into the folder.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn write(&self, name: &str, text: &str) -> anyhow::Result<PathBuf> {
        let path = self.folder.join(name);
        if let Some(folder) = path.parent() {
            private_folder(folder)?;
        }
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // The whole state folder may be gone already.
        let _: io::Result<()> = fs::remove_dir_all(&self.folder);
    }
}

/// What cannot be removed now is tried again by the next shell.
fn remove_the_dead(all: &Path) {
    for entry in fs::read_dir(all).into_iter().flatten().flatten() {
        let owner = entry.file_name().to_str().and_then(|name| {
            let (pid, started) = name.split_once('-')?;
            let (pid, started) = (pid.parse().ok()?, started.parse().ok()?);
            Some(Identity { pid, started })
        });
        if owner.is_some_and(|owner| !owner.is_alive()) {
            let _: io::Result<()> = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn the_folder_goes_with_its_shell_and_a_dead_ones_with_the_next() {
        let state = tempfile::tempdir().unwrap();
        let shells = state.path().join("shells");
        let dead = shells.join("1-999999999999");
        fs::create_dir_all(&dead).unwrap();
        fs::create_dir_all(shells.join("unknown")).unwrap();
        let session = Session::open(state.path()).unwrap();
        session.write("zsh/.zshenv", "").unwrap();
        assert!(session.folder.join("zsh/.zshenv").exists());
        assert!(!dead.exists());
        drop(session);
        let left: Vec<_> = fs::read_dir(shells)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(left, ["unknown"]);
    }
}
