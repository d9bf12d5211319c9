//! The programs that a deploy calls, for one stage.

use std::path::PathBuf;

use super::ship::Dock;
use crate::{
    commands::scope::Scope,
    context::Context,
    deps::{self, Tool},
    kube,
    tools::{
        docker::Docker,
        helm::{Helm, Releases},
        runner::Runner,
    },
};

/// The programs that a deploy calls, and where.
pub(crate) struct Tools {
    pub(crate) folder: PathBuf,
    pub(crate) docker: Docker,
    pub(crate) helm: Releases,
    pub(crate) runner: Runner,
}

impl Tools {
    /// helm from where `deps` has it, fetched if it must be.
    pub(crate) fn find(context: &Context, scope: &Scope) -> anyhow::Result<Self> {
        let helm = deps::locate(context, Tool::Helm)?;
        Ok(Self::with(context, scope, Helm::at(helm.path)))
    }

    /// helm if it is here, and nothing is fetched.
    pub(crate) fn at_hand(context: &Context, scope: &Scope) -> Option<Self> {
        let lines = deps::plan(context, &[Tool::Helm]).ok()?;
        let fetches = lines.iter().any(|line| line.starts_with("download"));
        if fetches {
            None
        } else {
            Self::find(context, scope).ok()
        }
    }

    /// With a helm of which only the name may be known.
    pub(crate) fn with(context: &Context, scope: &Scope, helm: Helm) -> Self {
        let folder = scope.folder(context);
        Self {
            docker: Docker::at("docker"),
            helm: helm.releases(&context.root, &scope.cluster.name, &kube::kubeconfig(&folder)),
            runner: Runner::new(&folder),
            folder,
        }
    }

    /// What images are given with.
    pub(crate) fn dock<'a>(&'a self, context: &'a Context) -> Dock<'a> {
        Dock {
            docker: &self.docker,
            runner: &self.runner,
            root: &context.root,
            folder: &self.folder,
        }
    }
}
