//! The cluster of a stage, through kube-rs: the connection from the stage's own kubeconfig, and who the cluster is.
//!
//! Nothing here reads `KUBECONFIG` or `~/.kube/config`: a stage's only way to its cluster is `kubeconfig` in its folder.

pub(crate) mod apps;
pub(crate) mod diagnosis;
pub(crate) mod exec;
pub(crate) mod forward;
pub(crate) mod identity;
pub(crate) mod inventory;
pub(crate) mod logs;
pub(crate) mod overview;
pub(crate) mod pods;
pub(crate) mod readers;
pub(crate) mod rollout;
pub(crate) mod snapshot;
pub(crate) mod starts;
pub(crate) mod symptom;
pub(crate) mod workload;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};

use self::identity::Identity;
use crate::{commands::scope::Scope, context::Context, outcome::Failure, tools::quote::quote};

/// As whom plasma changes objects.
pub(crate) const MANAGER: &str = "plasma";

/// How long a cluster may take to accept a connection.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// The way to the cluster of a stage.
pub(crate) struct Connection {
    pub(crate) client: Client,
    /// The namespace of everything that plasma deploys: the cluster's name.
    pub(crate) namespace: String,
    /// The name of the kind cluster that plasma makes for the stage, if it does.
    pub(crate) kind: Option<String>,
    /// The cluster that was bootstrapped or adopted; nothing if its record is lost. Whether the one that answers is the
    /// same, [`identity::guard`] checks.
    pub(crate) identity: Option<Identity>,
    /// `hmlet local`, and the flags that choose it in a proposed command: for messages.
    pub(crate) title: String,
    pub(crate) flags: String,
    /// The command that records the stage's cluster: it makes or adopts it.
    pub(crate) bootstrap: String,
}

/// The command that makes a stage's cluster, or adopts it: again with its own kubeconfig, if it has one.
pub(crate) fn bootstrap(context: &Context, scope: &Scope) -> String {
    let own = kubeconfig(&scope.folder(context));
    let file = if scope.stage.makes_secrets() {
        String::new()
    } else if own.exists() {
        format!(" --kubeconfig {}", quote(own.as_os_str()))
    } else {
        " --kubeconfig FILE".to_owned()
    };
    format!("cargo xtask bootstrap{}{file}", scope.flags)
}

/// The stage's own kubeconfig file. It may not exist yet.
pub(crate) fn kubeconfig(stage_folder: &Path) -> PathBuf {
    stage_folder.join("kubeconfig")
}

/// The name of the only context of a kubeconfig file, if there is such a file.
pub(crate) fn context_name(kubeconfig: &Path) -> Option<String> {
    Kubeconfig::read_from(kubeconfig).ok()?.current_context
}

/// Reads the stage's kubeconfig and the identity of its cluster. Nothing is sent yet.
///
/// # Errors
/// Exit code 1 when the stage has no cluster yet; 2 when its kubeconfig is not valid.
pub(crate) async fn connect(context: &Context, scope: &Scope) -> anyhow::Result<Connection> {
    let folder = scope.folder(context);
    let path = kubeconfig(&folder);
    if !path.exists() {
        return Err(Failure::failed(format!("{} has no cluster yet", scope.title()))
            .because(format!("there is no {}", path.display()))
            .advise(if scope.stage.makes_secrets() {
                bootstrap(context, scope)
            } else {
                format!("adopt one: {}", bootstrap(context, scope))
            })
            .into());
    }
    Ok(Connection {
        client: client(&path).await.map_err(|failure| {
            let anew = if scope.stage.makes_secrets() {
                bootstrap(context, scope)
            } else {
                // Not from the file that is broken.
                format!("cargo xtask bootstrap{} --kubeconfig FILE", scope.flags)
            };
            failure.advise(format!("{anew} writes it anew"))
        })?,
        namespace: scope.cluster.name.clone(),
        kind: scope.kind().map(|kind| kind.name),
        identity: Identity::load(&folder)?,
        title: scope.title(),
        flags: scope.flags.clone(),
        bootstrap: bootstrap(context, scope),
    })
}

/// A client for the only context of a kubeconfig file.
///
/// # Errors
/// Exit code 2 when the file is not valid.
pub(crate) async fn client(kubeconfig: &Path) -> Result<Client, Failure> {
    let made = async { client_of(Kubeconfig::read_from(kubeconfig)?).await };
    made.await.map_err(|error: anyhow::Error| {
        Failure::usage(format!("{} is not a valid kubeconfig", kubeconfig.display()))
            .because(format!("{error:#}"))
    })
}

/// A client for the current context of a kubeconfig.
///
/// # Errors
/// When there is none, or its certificates or keys are not valid.
pub(crate) async fn client_of(kubeconfig: Kubeconfig) -> anyhow::Result<Client> {
    // The first of several calls wins, with the same provider as the others.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
    config.connect_timeout = Some(CONNECT_WITHIN);
    Client::try_from(config).context("cannot set up the connection to the cluster")
}

impl Connection {
    /// The error of a request that failed: whether nobody answered, or what the cluster refused.
    pub(crate) fn failed(&self, what: &str, error: &kube::Error) -> Failure {
        match error {
            kube::Error::Api(status) => {
                let failure = Failure::failed(format!("{what} failed on {}", self.title))
                    .because(status.message.clone());
                match status.code {
                    // An API server that has just started does not know yet what anybody may do.
                    401 | 403 => failure.advise(
                        "if the cluster has just started, run it again in a moment; otherwise the user of this stage's \
                         kubeconfig may not do that",
                    ),
                    429 | 500.. => failure.advise("run it again in a moment: the cluster is busy or just starting"),
                    _ => failure,
                }
            }
            other => self.silent(&root_cause(other)),
        }
    }

    /// The error of a cluster that does not answer.
    pub(crate) fn silent(&self, why: &str) -> Failure {
        let failure = Failure::failed(format!("the cluster of {} does not answer", self.title)).because(why);
        if self.kind.is_none() {
            return failure.advise("see that it runs, and that this machine reaches it");
        }
        failure.advise(format!("`{}` starts it again if it was stopped", self.bootstrap))
    }
}

fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
