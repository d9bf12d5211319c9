//! Which stage shell is meant: the workspace's, a cluster's or an app's, on which stage and target.

use std::path::PathBuf;

use clap::Args;
use config::{App, Cluster, Setting, Stage, Target};

use crate::{commands::env, context::Context};

/// The flags that choose a stage shell.
#[derive(Args, Clone, Debug)]
pub(crate) struct Flags {
    /// test, local, staging or production [default: PLASMA_STAGE, the shell's, else local].
    stage: Option<Stage>,
    /// The same as the argument.
    #[arg(long = "stage", value_name = "STAGE", conflicts_with = "stage")]
    stage_flag: Option<Stage>,
    /// The cluster [default: the shell's, else hmlet].
    #[arg(long, value_name = "NAME")]
    cluster: Option<String>,
    /// Only the variables of this app.
    #[arg(long, value_name = "NAME")]
    app: Option<String>,
    /// The workspace itself: the short commands of all clusters, and no app's variables.
    #[arg(long, conflicts_with_all = ["cluster", "app"])]
    root: bool,
    /// native or cluster [default: native for test and local, else cluster].
    #[arg(long)]
    target: Option<Target>,
}

/// How much of the workspace a shell is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Level {
    /// All clusters of the workspace.
    Root,
    /// One cluster, with the variables of all its apps.
    Cluster,
    /// One app of a cluster, with its own variables.
    App(&'static App),
}

/// What the flags mean.
#[derive(Debug)]
pub(crate) struct Scope {
    /// The cluster; for the workspace's own shell, the one that commands mean when nobody says which.
    pub(crate) cluster: Cluster,
    pub(crate) stage: Stage,
    pub(crate) target: Target,
    pub(crate) level: Level,
    /// Reads the environment.
    pub(crate) env: env::Scope,
}

impl Flags {
    /// Reads the cluster and settles the rest.
    ///
    /// # Errors
    /// Exit code 2: an unknown cluster, stage or app, or a wrong file.
    pub(crate) fn resolve(&self, context: &Context) -> anyhow::Result<Scope> {
        let asked = env::Scope::new(self.cluster.clone(), self.stage.or(self.stage_flag), self.target);
        let cluster = asked.cluster(context)?;
        let level = match env::known_app(&cluster, self.app.as_deref())? {
            Some(app) => Level::App(app),
            None if self.root => Level::Root,
            None => Level::Cluster,
        };
        let (stage, target) = (asked.stage(context)?, asked.target(context)?);
        Ok(Scope {
            stage,
            target,
            level,
            env: env::Scope::new(Some(cluster.name.clone()), Some(stage), Some(target)),
            cluster,
        })
    }
}

impl Scope {
    /// The short code in the prompt: `pl`, the cluster's or the app's.
    pub(crate) fn code(&self) -> String {
        match self.level {
            Level::Root => "pl".to_owned(),
            Level::Cluster => self.cluster.code.clone(),
            Level::App(app) => app_code(app),
        }
    }

    /// `hmlet local (native)`, as messages name it.
    pub(crate) fn title(&self) -> String {
        let whose = match self.level {
            Level::Root => "the workspace".to_owned(),
            Level::Cluster => self.cluster.name.clone(),
            Level::App(app) => format!("{} of {}", app.name, self.cluster.name),
        };
        format!("{whose} {} ({})", self.stage, self.target)
    }

    /// Whether a shell of this kind exports the variable.
    pub(crate) fn exports(&self, setting: &Setting) -> bool {
        match self.level {
            Level::Root => false,
            Level::Cluster => true,
            Level::App(app) => setting.app.name == app.name,
        }
    }

    /// The clusters that it is about, the one that commands mean first.
    pub(crate) fn clusters(&self, context: &Context) -> Vec<String> {
        let mut names = vec![self.cluster.name.clone()];
        if let Level::Root = self.level {
            let others = config::cluster_names(&context.root);
            names.extend(others.into_iter().filter(|name| *name != self.cluster.name));
        }
        names
    }

    /// The files that its variables are read from; they need not exist.
    ///
    /// # Errors
    /// None that [`Flags::resolve`] has not found already.
    pub(crate) fn files(&self, context: &Context) -> anyhow::Result<Vec<PathBuf>> {
        if let Level::Root = self.level {
            return Ok(Vec::new());
        }
        let cluster = context.root.join("clusters").join(&self.cluster.name);
        let mut files = vec![cluster.join("cluster.yaml")];
        files.extend(self.env.files(context, &self.cluster)?);
        Ok(files)
    }

    /// The arguments that mean this scope again.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let mut arguments = vec![self.stage.name().to_owned(), format!("--target={}", self.target)];
        match self.level {
            Level::Root => arguments.push("--root".to_owned()),
            Level::Cluster => arguments.push(format!("--cluster={}", self.cluster.name)),
            Level::App(app) => {
                arguments.push(format!("--cluster={}", self.cluster.name));
                arguments.push(format!("--app={}", app.name));
            }
        }
        arguments
    }
}

/// The short code of an app: its prefix in lower case.
pub(crate) fn app_code(app: &App) -> String {
    app.prefix.trim_end_matches('_').to_lowercase()
}
