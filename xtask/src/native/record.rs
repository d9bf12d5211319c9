//! `up.json`: what runs natively in a stage, for `status`, `down` and the next `up`.

use std::{
    fs::{self, File, TryLockError},
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::native::{plan::Plan, process::Identity};

/// The file's content. It holds no secret.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) schema: u32,
    pub(crate) cluster: String,
    pub(crate) stage: String,
    pub(crate) supervisor: Identity,
    /// Whether every app has answered that it is ready.
    pub(crate) ready: bool,
    /// How long the supervisor may take to stop everything, in seconds.
    pub(crate) patience: u64,
    pub(crate) apps: Vec<AppRecord>,
}

/// One started app.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AppRecord {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) process: Identity,
    pub(crate) url: String,
    pub(crate) internal_url: String,
}

impl Record {
    /// Of a supervisor that has started nothing yet.
    pub(crate) fn new(plan: &Plan, supervisor: Identity) -> Self {
        Self {
            schema: 1,
            cluster: plan.cluster.clone(),
            stage: plan.stage.clone(),
            supervisor,
            ready: false,
            patience: plan.patience().as_secs(),
            apps: Vec::new(),
        }
    }

    /// The record as it is, of a supervisor that may be dead. Changes nothing; what cannot be read or is not valid is none.
    pub(crate) fn read(folder: &Path) -> Option<Self> {
        serde_json::from_str(&fs::read_to_string(path(folder)).ok()?).ok()
    }

    /// The record of a supervisor that is alive. The record of a dead one is removed, and what it may have left running
    /// is ended: nothing runs unseen.
    ///
    /// # Errors
    /// When the file cannot be read or removed. A file that is not valid counts as stale.
    pub(crate) async fn load(folder: &Path) -> anyhow::Result<Option<Self>> {
        let path = path(folder);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        let record: Option<Self> = serde_json::from_str(&text).ok();
        if let Some(record) = record.as_ref().filter(|record| record.supervisor.is_alive()) {
            return Ok(Some(record.clone()));
        }
        for app in record.iter().flat_map(|record| &record.apps) {
            app.process.end(Duration::from_secs(10)).await;
        }
        remove(folder)?;
        Ok(None)
    }

    /// Writes the file in one step, readable by its owner alone.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub(crate) fn save(&self, folder: &Path) -> anyhow::Result<()> {
        let path = path(folder);
        let write = || -> anyhow::Result<()> {
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            serde_json::to_writer_pretty(&mut file, self)?;
            file.write_all(b"\n")?;
            file.persist(&path)?;
            Ok(())
        };
        write().with_context(|| format!("cannot write {}", path.display()))
    }
}

/// Removes the record; it may be gone already.
///
/// # Errors
/// When it is there and cannot be removed.
pub(crate) fn remove(folder: &Path) -> anyhow::Result<()> {
    let path = path(folder);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// The right to be the stage's only supervisor. The system takes it back when the process ends, however it ends.
pub(crate) struct Lock(#[expect(dead_code, reason = "held for its lock")] File);

impl Lock {
    /// Takes the right, or says that another process has it.
    ///
    /// # Errors
    /// When the lock file cannot be made.
    pub(crate) fn take(folder: &Path) -> anyhow::Result<Option<Self>> {
        let path = folder.join("up.lock");
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .with_context(|| format!("cannot open {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("cannot lock {}", path.display()))
            }
        }
    }
}

fn path(folder: &Path) -> PathBuf {
    folder.join("up.json")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn record(supervisor: Identity, app: Option<Identity>) -> Record {
        let app = app.map(|process| AppRecord {
            name: "photos".to_owned(),
            version: "0.1.0".to_owned(),
            process,
            url: "http://127.0.0.1:8080".to_owned(),
            internal_url: "http://127.0.0.1:9180".to_owned(),
        });
        Record {
            schema: 1,
            cluster: "hmlet".to_owned(),
            stage: "local".to_owned(),
            supervisor,
            ready: true,
            patience: 5,
            apps: app.into_iter().collect(),
        }
    }

    #[tokio::test]
    async fn a_live_supervisor_keeps_its_record() {
        let folder = tempfile::tempdir().unwrap();
        let own = Identity::of(std::process::id()).unwrap();
        record(own, None).save(folder.path()).unwrap();
        assert_eq!(
            Record::load(folder.path()).await.unwrap().unwrap().supervisor,
            own
        );
    }

    #[tokio::test]
    async fn a_dead_supervisors_record_goes_and_so_does_what_it_left_running() {
        let folder = tempfile::tempdir().unwrap();
        let mut orphan = tokio::process::Command::new("sleep").arg("600").spawn().unwrap();
        let process = Identity::of(orphan.id().unwrap()).unwrap();
        let own = Identity::of(std::process::id()).unwrap();
        let recycled = Identity {
            started: own.started + 1,
            ..own
        };
        record(recycled, Some(process)).save(folder.path()).unwrap();
        let (loaded, status) = tokio::join!(Record::load(folder.path()), orphan.wait());
        assert!(loaded.unwrap().is_none());
        assert!(!status.unwrap().success());
        assert!(!path(folder.path()).exists());
    }

    #[test]
    fn only_one_holds_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let first = Lock::take(folder.path()).unwrap();
        assert!(first.is_some());
        assert!(Lock::take(folder.path()).unwrap().is_none());
        drop(first);
        assert!(Lock::take(folder.path()).unwrap().is_some());
    }
}
