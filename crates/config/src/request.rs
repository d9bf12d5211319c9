//! What to read: a stage of a cluster on a target, and with which secrets.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::cluster::Cluster;
use crate::stage::{Stage, Target};

/// What to read.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The folder of the workspace, which holds `envs` and `clusters`.
    pub root: &'a Path,
    /// The folder of all stages' state, as an absolute path.
    pub state: &'a Path,
    /// The cluster, from its own file.
    pub cluster: &'a Cluster,
    /// The stage.
    pub stage: Stage,
    /// Where the stage is to run.
    pub target: Target,
    /// The process environment as it is; what a stage shell exported and nobody changed is left out here.
    pub process: &'a BTreeMap<String, String>,
    /// Whether secrets must be there.
    pub secrets: Secrets,
}

/// Whether a reader needs the values of secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    /// Test and local ones are made if they are not there; a missing one is a fault.
    Needed,
    /// They are read where they exist, and none is made or missed.
    IfThere,
}

impl Request<'_> {
    /// The stage's own state folder, which `{state}` stands for.
    pub fn stage_folder(&self) -> PathBuf {
        self.state.join(&self.cluster.name).join(self.stage.name())
    }

    /// The file with the stage's secrets, if plasma makes them. It may not exist yet.
    pub fn secrets_file(&self) -> Option<PathBuf> {
        let made = self.stage.makes_secrets();
        made.then(|| self.stage_folder().join(crate::secrets::NAME))
    }

    /// The files of this stage and target in the order of their layers.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut names = vec!["comm.yaml".to_owned(), format!("{}.yaml", self.stage)];
        if self.target == Target::Native {
            names.push("native.yaml".to_owned());
        }
        let folder = Path::new("envs").join(&self.cluster.name);
        names.into_iter().map(|name| folder.join(name)).collect()
    }
}
