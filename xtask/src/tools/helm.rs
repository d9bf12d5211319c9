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

    /// Looks for faults of a chart with the values of a file and, over them, those of a JSON text. Needs no cluster.
    pub(crate) fn lint(&self, chart: &Path, namespace: &str, values: Option<&Path>, added: &str) -> Call {
        let call = self.local("lint", namespace).arg("--strict").arg(chart);
        Self::with_values(call, values, added)
    }

    /// Prints the objects that a release would have, those of its tests included. Needs no cluster.
    pub(crate) fn template(
        &self,
        release: &str,
        chart: &Path,
        namespace: &str,
        values: Option<&Path>,
        added: &str,
    ) -> Call {
        let call = self.local("template", namespace).arg(release).arg(chart);
        Self::with_values(call, values, added)
    }

    fn with_values(call: Call, values: Option<&Path>, added: &str) -> Call {
        let call = match values {
            Some(values) => call.arg("--values").arg(values),
            None => call,
        };
        call.args(["--values", "-"]).stdin(added)
    }

    fn call(&self, verb: &str, namespace: &str, kubeconfig: &Path) -> Call {
        self.local(verb, namespace).arg("--kubeconfig").arg(kubeconfig)
    }

    /// Whatever cluster the person's own tools point at is none of plasma's business.
    fn local(&self, verb: &str, namespace: &str) -> Call {
        Call::new(&self.program)
            .arg(verb)
            .args(["--namespace", namespace])
            .without_env("KUBECONFIG")
            .without_env("HELM_NAMESPACE")
            .without_env("HELM_KUBECONTEXT")
    }
}
