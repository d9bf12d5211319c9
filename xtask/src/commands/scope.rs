//! The flags that say which stage of which cluster a command is about.

use std::path::{Path, PathBuf};

use clap::Args;
use config::{Cluster, Home, Stage, Target};

use crate::{commands::env, context::Context, outcome::Failure};

/// Which stage of which cluster.
#[derive(Args, Clone, Debug)]
pub(crate) struct Flags {
    /// The cluster [default: the shell's, else hmlet].
    #[arg(long, value_name = "NAME")]
    cluster: Option<String>,
    /// test, local, staging or production [default: PLASMA_STAGE, the shell's, else local].
    #[arg(long)]
    stage: Option<Stage>,
}

/// What the flags mean, read from the cluster's file.
#[derive(Debug)]
pub(crate) struct Scope {
    pub(crate) cluster: Cluster,
    pub(crate) stage: Stage,
    /// The environment of the stage on the target that the command is about.
    pub(crate) env: env::Scope,
    /// The flags as they were given, each with a space in front, for commands that a message proposes.
    pub(crate) flags: String,
}

/// A kind cluster as `cluster.yaml` wants it.
pub(crate) struct KindCluster<'s> {
    /// `hmlet-local`, as kind knows it.
    pub(crate) name: String,
    /// kind's own configuration, beside `cluster.yaml`.
    pub(crate) config: &'s Path,
    /// Ports on 127.0.0.1: of the ingress and of the registry.
    pub(crate) http_port: u16,
    pub(crate) registry_port: u16,
}

impl Flags {
    /// Reads the cluster and settles the stage, for a command about the native run.
    ///
    /// # Errors
    /// As [`Flags::on`].
    pub(crate) fn resolve(&self, context: &Context) -> anyhow::Result<Scope> {
        self.on(Target::Native, context)
    }

    /// Reads the cluster and settles the stage, for a command about this target.
    ///
    /// # Errors
    /// Exit code 2: an unknown cluster or stage, or a wrong file.
    pub(crate) fn on(&self, target: Target, context: &Context) -> anyhow::Result<Scope> {
        let env = env::Scope::new(self.cluster.clone(), self.stage, Some(target));
        let cluster = self.cluster.iter().map(|name| format!(" --cluster {name}"));
        let stage = self.stage.iter().map(|stage| format!(" --stage {stage}"));
        Ok(Scope {
            cluster: env.cluster(context)?,
            stage: env.stage(context)?,
            flags: cluster.chain(stage).collect(),
            env,
        })
    }
}

impl Scope {
    /// `hmlet local`, as messages name it.
    pub(crate) fn title(&self) -> String {
        format!("{} {}", self.cluster.name, self.stage)
    }

    /// The stage's kind cluster; nothing if plasma makes none for it.
    pub(crate) fn kind(&self) -> Option<KindCluster<'_>> {
        match self.cluster.stages.get(&self.stage)? {
            Home::Kind {
                config,
                http_port,
                registry_port,
            } => Some(KindCluster {
                name: format!("{}-{}", self.cluster.name, self.stage),
                config,
                http_port: *http_port,
                registry_port: *registry_port,
            }),
            Home::Adopted => None,
        }
    }

    /// For a program that changes the cluster without differences that could be confirmed: not on production. `why` says what
    /// it would do there.
    ///
    /// # Errors
    /// Exit code 3 on production.
    pub(crate) fn keep_off_production(&self, program: &str, why: &str) -> Result<(), Failure> {
        if self.stage != Stage::Production {
            return Ok(());
        }
        Err(Failure::refused(format!("{program} does not run on {}", self.title()))
            .because(why)
            .advise(format!(
                "work on another stage; `cargo xtask deploy{} --plan` shows what a deploy would change here",
                self.flags
            )))
    }

    /// The stage's folder: secrets, data, logs, `up.json`. It may not exist yet.
    pub(crate) fn folder(&self, context: &Context) -> PathBuf {
        context.state.join(&self.cluster.name).join(self.stage.name())
    }
}
