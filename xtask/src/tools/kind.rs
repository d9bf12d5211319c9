//! kind: clusters whose nodes are containers of this machine.
//!
//! kind is never told a kubeconfig by the environment: each call that writes one names the file.

use std::path::{Path, PathBuf};

use super::runner::Call;

/// The label with a cluster's name that kind puts on its node containers.
pub(crate) const CLUSTER_LABEL: &str = "io.x-k8s.kind.cluster";

/// The label with the role of a node.
pub(crate) const ROLE_LABEL: &str = "io.x-k8s.kind.role";

/// The `kind` program.
#[derive(Clone, Debug)]
pub(crate) struct Kind {
    program: PathBuf,
}

impl Kind {
    /// The program at this path, or of this name on `PATH`.
    pub(crate) fn at(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
        }
    }

    /// Creates a cluster from a configuration on standard input, and writes its kubeconfig.
    pub(crate) fn create(&self, name: &str, config: &str, image: &str, kubeconfig: &Path) -> Call {
        self.call(["create", "cluster", "--name", name, "--image", image])
            .args(["--config", "-", "--kubeconfig"])
            .arg(kubeconfig)
            .stdin(config)
    }

    /// Writes the kubeconfig of a cluster that exists; its only context is `kind-<name>`.
    pub(crate) fn export_kubeconfig(&self, name: &str, kubeconfig: &Path) -> Call {
        self.call(["export", "kubeconfig", "--name", name, "--kubeconfig"])
            .arg(kubeconfig)
    }

    /// Deletes a cluster with all its volumes, and takes its context out of the kubeconfig. Harmless if it is gone.
    pub(crate) fn delete(&self, name: &str, kubeconfig: &Path) -> Call {
        self.call(["delete", "cluster", "--name", name, "--kubeconfig"])
            .arg(kubeconfig)
    }

    fn call<const N: usize>(&self, args: [&str; N]) -> Call {
        Call::new(&self.program).args(args).without_env("KUBECONFIG")
    }
}

/// The context that kind writes into a kubeconfig.
pub(crate) fn context_name(cluster: &str) -> String {
    format!("kind-{cluster}")
}
