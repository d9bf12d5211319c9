//! skaffold: the loop of building and deploying an app while it is edited.

use std::path::{Path, PathBuf};

use super::runner::Call;

/// The `skaffold` program.
#[derive(Clone, Debug)]
pub(crate) struct Skaffold {
    program: PathBuf,
}

/// Where it works: always the stage's own cluster.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) kubeconfig: &'a Path,
    pub(crate) context: &'a str,
    pub(crate) namespace: &'a str,
    /// The registry that images go to; none for a cluster that has its own.
    pub(crate) registry: Option<&'a str>,
}

impl Skaffold {
    /// The program at this path, or of this name on `PATH`.
    pub(crate) fn at(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
        }
    }

    /// Runs a loop (`dev`, `debug`) or one round (`run`) of an app's file.
    pub(crate) fn call(&self, mode: &str, file: &Path, place: Place<'_>) -> Call {
        let mut call = Call::new(&self.program)
            .args([mode, "--filename"])
            .arg(file)
            .arg("--kubeconfig")
            .arg(place.kubeconfig)
            .args(["--kube-context", place.context, "--namespace", place.namespace])
            .env("KUBECONFIG", place.kubeconfig.to_string_lossy());
        if let Some(registry) = place.registry {
            call = call.args(["--default-repo", registry]);
        }
        call.env("SKAFFOLD_UPDATE_CHECK", "false")
    }
}
