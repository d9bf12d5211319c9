//! One command at a time on the cluster of a stage, on this machine.

use std::{
    fs::{self, File, TryLockError},
    io::Write,
};

use anyhow::Context as _;

use crate::{commands::scope::Scope, context::Context, outcome::Failure};

/// Held while a command works on a stage's cluster; goes with the process, however that ends.
pub(crate) struct ClusterLock {
    _file: File,
}

impl ClusterLock {
    /// Takes the lock of a stage for a command: `deploy`.
    ///
    /// # Errors
    /// Exit code 3 when another command holds it, with which one.
    pub(crate) fn take(context: &Context, scope: &Scope, command: &str) -> anyhow::Result<Self> {
        let folder = context.stage_folder(&scope.cluster.name, scope.stage.name())?;
        let path = folder.join("cluster.lock");
        let open = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path);
        let mut file = open.with_context(|| format!("cannot open {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => {
                // For the message of the next one; without it that names the file.
                let _ = file.set_len(0);
                let _ = write!(file, "`{command}` (pid {})", std::process::id());
                Ok(Self { _file: file })
            }
            Err(TryLockError::WouldBlock) => {
                let holder = fs::read_to_string(&path).unwrap_or_default();
                Err(Failure::refused(format!(
                    "another command works on the cluster of {}",
                    scope.title()
                ))
                .because(if holder.is_empty() {
                    format!("it holds {}", path.display())
                } else {
                    format!("{holder} is at work")
                })
                .advise("wait until it is done")
                .into())
            }
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("cannot lock {}", path.display()))
            }
        }
    }
}
