//! One deploy of a stage at a time on this machine.

use std::fs::File;

use anyhow::Context as _;

use crate::{commands::scope::Scope, context::Context, outcome::Failure};

/// Held while a deploy works; goes with the process, however that ends.
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of a stage.
    ///
    /// # Errors
    /// Exit code 3 when another deploy holds it.
    pub(crate) fn take(context: &Context, scope: &Scope) -> anyhow::Result<Self> {
        let folder = context.stage_folder(&scope.cluster.name, scope.stage.name())?;
        let path = folder.join("deploy.lock");
        let open = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path);
        let file = open.with_context(|| format!("cannot open {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(std::fs::TryLockError::WouldBlock) => {
                Err(Failure::refused(format!("{} is being deployed", scope.title()))
                    .because("another `deploy` on this machine works on it")
                    .advise("wait until it is done")
                    .into())
            }
            Err(std::fs::TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("cannot lock {}", path.display()))
            }
        }
    }
}
