//! helm: releases of charts on the stage's cluster, always through the stage's own kubeconfig.

use std::path::{Path, PathBuf};

use super::runner::Call;

/// The `helm` program.
#[derive(Clone, Debug)]
pub(crate) struct Helm {
    program: PathBuf,
}

impl Helm {
    /// The program at this path, or of this name on `PATH`.
    pub(crate) fn at(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
        }
    }

    /// Installs a release, or makes an installed one equal to its chart.
    pub(crate) fn upgrade_install(
        &self,
        release: &str,
        chart: &Path,
        namespace: &str,
        kubeconfig: &Path,
    ) -> Call {
        self.call("upgrade", namespace, kubeconfig)
            .args(["--install", release])
            .arg(chart)
    }

    /// Removes a release. Volumes of its StatefulSets stay.
    pub(crate) fn uninstall(&self, release: &str, namespace: &str, kubeconfig: &Path) -> Call {
        self.call("uninstall", namespace, kubeconfig)
            .args(["--ignore-not-found", "--wait", release])
    }

    fn call(&self, verb: &str, namespace: &str, kubeconfig: &Path) -> Call {
        Call::new(&self.program)
            .arg(verb)
            .args(["--namespace", namespace, "--kubeconfig"])
            .arg(kubeconfig)
            .without_env("KUBECONFIG")
            .without_env("HELM_NAMESPACE")
            .without_env("HELM_KUBECONTEXT")
    }
}
