//! telepresence: a program of this machine that takes an app's place in the cluster.

use std::path::{Path, PathBuf};

use super::runner::Call;

/// The `telepresence` program.
#[derive(Clone, Debug)]
pub(crate) struct Telepresence {
    program: PathBuf,
}

impl Telepresence {
    /// The program at this path, or of this name on `PATH`.
    pub(crate) fn at(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
        }
    }

    /// Joins this machine to the network of the cluster.
    pub(crate) fn connect(&self, kubeconfig: &Path, context: &str, namespace: &str) -> Call {
        self.call(kubeconfig)
            .args(["connect", "--kubeconfig"])
            .arg(kubeconfig)
            .args(["--context", context, "--namespace", namespace])
    }

    /// Sends the app's traffic to a port of this machine while a program runs.
    pub(crate) fn intercept(&self, kubeconfig: &Path, app: &str, port: u16, program: &[String]) -> Call {
        self.call(kubeconfig)
            .args(["intercept", app, "--port"])
            .arg(port.to_string())
            .args(["--mount", "false", "--"])
            .args(program)
    }

    /// Leaves the network of the cluster.
    pub(crate) fn quit(&self, kubeconfig: &Path) -> Call {
        self.call(kubeconfig).arg("quit")
    }

    fn call(&self, kubeconfig: &Path) -> Call {
        Call::new(&self.program).env("KUBECONFIG", kubeconfig.to_string_lossy())
    }
}
