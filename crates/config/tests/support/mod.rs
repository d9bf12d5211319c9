//! A workspace of one small cluster in a throwaway folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use config::{Cluster, Faults, Request, Secrets, Stage, StageEnv, Target};

/// Names and values.
pub(crate) type Variables = BTreeMap<String, String>;

/// A map from pairs.
pub(crate) fn map(pairs: &[(&str, &str)]) -> Variables {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// The workspace; gone when dropped.
pub(crate) struct Workspace {
    folder: tempfile::TempDir,
}

impl Workspace {
    /// A cluster `zoo` whose stages all are right.
    pub(crate) fn new() -> Self {
        let workspace = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        workspace.write(
            "clusters/zoo/cluster.yaml",
            "cluster: zoo\ncode: zo\napps: [photos]\nstages: {local: {kind: kind.yaml, http_port: 8081, \
             registry_port: 5001}, staging: {adopt: true}}\n",
        );
        workspace.write("envs/zoo/comm.yaml", "photos:\n  max_side: 8000\n  log: info\n");
        for stage in Stage::ALL {
            workspace.write(
                &format!("envs/zoo/{stage}.yaml"),
                &format!(
                    "photos:\n  public_url: https://zoo.photos.{stage}\n  \
                     database_url: postgres://photos@postgresql:5432/photos\n  store_url: s3://zoo-{stage}\n"
                ),
            );
        }
        workspace.write(
            "envs/zoo/native.yaml",
            "photos:\n  public_url: null\n  database_url: sqlite://{state}/data/photos.sqlite\n  \
             store_url: file://{state}/data/objects\n",
        );
        workspace
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.root().join(".plasma")
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn cluster(&self) -> Result<Cluster, Faults> {
        Cluster::load(&self.root(), "zoo")
    }

    pub(crate) fn load(
        &self,
        stage: Stage,
        target: Target,
        process: &Variables,
        secrets: Secrets,
    ) -> Result<StageEnv, Faults> {
        StageEnv::load(&Request {
            root: &self.root(),
            state: &self.state(),
            cluster: &self.cluster()?,
            stage,
            target,
            process,
            secrets,
        })
    }

    /// The faults of a stage on its usual target.
    pub(crate) fn faults(&self, stage: Stage, process: &Variables) -> String {
        let loaded = self.load(stage, stage.default_target(), process, Secrets::Needed);
        loaded.map(|_| "no fault was found").unwrap_err().to_string()
    }
}
