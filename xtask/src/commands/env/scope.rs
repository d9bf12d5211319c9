//! Which environment a command means: cluster, stage and target, from flags and from the shell it runs in.

use std::path::PathBuf;

use clap::Args;
use config::{App, Cluster, Faults, Request, Secrets, Shell, Stage, StageEnv, Target};

use crate::{context::Context, outcome::Failure};

/// The cluster that is meant when nobody says which.
const DEFAULT_CLUSTER: &str = "hmlet";

/// The flags that choose an environment.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Scope {
    /// The cluster [default: the shell's, else hmlet].
    #[arg(long, value_name = "NAME")]
    cluster: Option<String>,
    /// test, local, staging or production [default: PLASMA_STAGE, the shell's, else local].
    #[arg(long)]
    stage: Option<Stage>,
    /// native or cluster [default: native for test and local, else cluster].
    #[arg(long)]
    target: Option<Target>,
}

impl Scope {
    /// What the flags of the same names say.
    pub(crate) fn new(cluster: Option<String>, stage: Option<Stage>, target: Option<Target>) -> Self {
        Self {
            cluster,
            stage,
            target,
        }
    }

    /// The same environment of another stage.
    pub(crate) fn with_stage(&self, stage: Stage) -> Self {
        Self {
            stage: Some(stage),
            ..self.clone()
        }
    }

    /// The same environment on another target.
    pub(crate) fn with_target(&self, target: Target) -> Self {
        Self {
            target: Some(target),
            ..self.clone()
        }
    }

    /// The cluster, read from its file.
    ///
    /// # Errors
    /// Exit code 2 with all faults of the file.
    pub(crate) fn cluster(&self, context: &Context) -> anyhow::Result<Cluster> {
        let shell = Shell::of(&context.vars).map(|shell| shell.cluster);
        let name = self
            .cluster
            .clone()
            .or(shell)
            .unwrap_or_else(|| DEFAULT_CLUSTER.to_owned());
        Cluster::load(&context.root, &name)
            .map_err(|faults| refuse(&format!("the cluster {name} cannot be used"), &faults))
    }

    /// The stage: the flag, `PLASMA_STAGE`, the stage of the shell, local.
    ///
    /// # Errors
    /// Exit code 2 if `PLASMA_STAGE` names no stage.
    pub(crate) fn stage(&self, context: &Context) -> anyhow::Result<Stage> {
        if let Some(stage) = self.stage {
            return Ok(stage);
        }
        if let Some(name) = context.vars.get("PLASMA_STAGE").filter(|name| !name.is_empty()) {
            return name.parse().map_err(|error: config::UnknownName| {
                Failure::usage("PLASMA_STAGE is wrong")
                    .because(error.to_string())
                    .into()
            });
        }
        Ok(Shell::of(&context.vars).map_or(Stage::Local, |shell| shell.stage))
    }

    /// The target: the flag, the target of this stage's own shell, the stage's default.
    ///
    /// # Errors
    /// As [`Scope::stage`].
    pub(crate) fn target(&self, context: &Context) -> anyhow::Result<Target> {
        let stage = self.stage(context)?;
        let shell = Shell::of(&context.vars)
            .filter(|shell| shell.stage == stage)
            .map(|shell| shell.target);
        Ok(self.target.or(shell).unwrap_or_else(|| stage.default_target()))
    }

    /// The target that was asked for, if one was.
    pub(crate) fn asked_target(&self) -> Option<Target> {
        self.target
    }

    /// Reads the environment.
    ///
    /// # Errors
    /// Exit code 2 with all faults at once.
    pub(crate) fn load(&self, context: &Context, secrets: Secrets) -> anyhow::Result<StageEnv> {
        let (stage, target) = (self.stage(context)?, self.target(context)?);
        let cluster = self.cluster(context)?;
        self.try_load(context, &cluster, secrets)?.map_err(|faults| {
            refuse(
                &title(&cluster.name, &format!("{stage} ({target})"), &faults),
                &faults,
            )
        })
    }

    /// Reads the environment and leaves its faults to the caller.
    pub(crate) fn try_load(
        &self,
        context: &Context,
        cluster: &Cluster,
        secrets: Secrets,
    ) -> anyhow::Result<Result<StageEnv, Faults>> {
        Ok(StageEnv::load(&self.request(context, cluster, secrets)?))
    }

    /// The files of the environment, whether they exist or not, the one with the secrets included.
    ///
    /// # Errors
    /// As [`Scope::stage`].
    pub(crate) fn files(&self, context: &Context, cluster: &Cluster) -> anyhow::Result<Vec<PathBuf>> {
        let request = self.request(context, cluster, Secrets::IfThere)?;
        let layers = request.files().into_iter().map(|file| context.root.join(file));
        Ok(layers.chain(request.secrets_file()).collect())
    }

    fn request<'a>(
        &self,
        context: &'a Context,
        cluster: &'a Cluster,
        secrets: Secrets,
    ) -> anyhow::Result<Request<'a>> {
        Ok(Request {
            root: &context.root,
            state: &context.state,
            cluster,
            stage: self.stage(context)?,
            target: self.target(context)?,
            process: &context.vars,
            secrets,
        })
    }
}

/// Whether the secrets of a stage must be there for a command that shows them only if `reveal`.
pub(crate) fn secrets_for(stage: Stage, reveal: bool) -> Secrets {
    if reveal || stage.makes_secrets() {
        Secrets::Needed
    } else {
        Secrets::IfThere
    }
}

/// Refuses an app that the cluster does not have.
pub(crate) fn known_app(cluster: &Cluster, app: Option<&str>) -> anyhow::Result<Option<&'static App>> {
    let Some(name) = app else { return Ok(None) };
    let apps = cluster.apps();
    let names: Vec<_> = apps.iter().map(|app| app.name).collect();
    match apps.iter().find(|app| app.name == name) {
        Some(app) => Ok(Some(app)),
        None => Err(Failure::usage(format!("{} has no app `{name}`", cluster.name))
            .advise(format!("choose one of: {}", names.join(", ")))
            .into()),
    }
}

/// The headline over a list of faults.
pub(super) fn title(cluster: &str, what: &str, faults: &Faults) -> String {
    let plural = if faults.len() == 1 { "" } else { "s" };
    format!(
        "the environment of {cluster} {what} has {} fault{plural}",
        faults.len()
    )
}

/// An error with all faults in it.
pub(super) fn refuse(title: &str, faults: &Faults) -> anyhow::Error {
    Failure::usage(title)
        .because(faults.list())
        .advise("correct what is listed and try again")
        .into()
}
