//! helm: releases of charts on the stage's cluster, always through the stage's own kubeconfig.
//!
//! It never waits for pods: plasma watches those itself and knows why they do not come. Secrets never pass through it.

use std::path::{Path, PathBuf};

use super::runner::Call;

/// How many revisions of a release stay.
const HISTORY: &str = "5";

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

    /// Runs the tests of a release.
    pub(crate) fn test(&self, release: &str, namespace: &str, kubeconfig: &Path) -> Call {
        self.call("test", namespace, kubeconfig).arg(release)
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

    /// The program for the releases of one namespace, whose charts and values are named relative to `root`.
    pub(crate) fn releases(self, root: &Path, namespace: &str, kubeconfig: &Path) -> Releases {
        Releases {
            helm: self,
            root: root.to_owned(),
            namespace: namespace.to_owned(),
            kubeconfig: kubeconfig.to_owned(),
        }
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

/// The releases of one namespace.
#[derive(Clone, Debug)]
pub(crate) struct Releases {
    helm: Helm,
    root: PathBuf,
    namespace: String,
    kubeconfig: PathBuf,
}

/// What a release is made from.
#[derive(Clone, Debug)]
pub(crate) struct Chart<'a> {
    pub(crate) release: &'a str,
    /// Relative to the workspace's root.
    pub(crate) folder: &'a Path,
    /// As `folder`.
    pub(crate) values: &'a Path,
    /// Values on top of the file's, as JSON.
    pub(crate) generated: &'a str,
}

impl Releases {
    /// Installs or upgrades a release. Helm applies on the server: a field that another program owns is a conflict, which
    /// it reports, or takes back with `force`.
    pub(crate) fn upgrade(&self, chart: &Chart<'_>, force: bool) -> Call {
        self.call("upgrade", chart)
            .args(["--install", "--hide-notes", "--history-max", HISTORY])
            .args(force.then_some("--force-conflicts"))
    }

    /// Prints the objects that a release would have, without asking the cluster.
    pub(crate) fn template(&self, chart: &Chart<'_>) -> Call {
        self.call("template", chart)
            .args(["--is-upgrade", "--skip-tests"])
    }

    fn call(&self, verb: &str, chart: &Chart<'_>) -> Call {
        self.helm
            .call(verb, &self.namespace, &self.kubeconfig)
            .folder(&self.root)
            .args([chart.release.as_ref(), chart.folder.as_os_str()])
            .arg("--values")
            .arg(chart.values)
            .args(["--values", "-"])
            .stdin(chart.generated)
    }
}

/// The error of a call that failed: its log, which says the same once more, only where there is no other word.
pub(crate) fn complaint(said: &str) -> String {
    let text = said.trim();
    text.find("Error: ")
        .map_or(text, |begin| &text[begin + "Error: ".len()..])
        .to_owned()
}

/// What helm says about fields that another program owns, a line for each object.
pub(crate) fn conflicts(said: &str) -> Vec<String> {
    // Its log says the same once more.
    let lines = said
        .lines()
        .filter(|line| line.starts_with("Error: ") && line.contains("conflict"));
    lines
        .map(|line| {
            let said = line.trim_start_matches("Error: ").trim();
            said.trim_start_matches("UPGRADE FAILED: ").to_owned()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conflict_is_told_once() {
        let said = "level=WARN msg=\"upgrade failed\" error=\"conflict occurred while applying\"\n\
                    Error: UPGRADE FAILED: conflict occurred while applying object hmlet/photos apps/v1, Kind=Deployment: Apply \
                    failed with 1 conflict: conflict with \"kubectl\" with subresource \"scale\" using apps/v1: .spec.replicas\n";
        let conflicts = conflicts(said);
        assert_eq!(conflicts.len(), 1);
        // Nothing has failed: it is applied once more, with force.
        assert!(
            conflicts.iter().all(|line| line.starts_with("conflict occurred")),
            "{conflicts:?}"
        );
        assert!(super::conflicts("Error: UPGRADE FAILED: timed out\n").is_empty());
    }
}
