//! The stage itself: what a native run left, its node containers, and whether its cluster answers and is the right one.

use std::{path::Path, time::Duration};

use kube::core::{Request, params::ListParams};

use super::{cure::Cure, finding::Finding};
use crate::{
    commands::scope::Scope,
    context::Context,
    kube::{self as stage_kube, identity},
    native::record::Record,
    outcome::{advice, reason},
    tools::{docker::Docker, kind, runner::Runner},
};

const CHECK: &str = "cluster";

/// A cluster that does not answer within this is one that nobody can work with.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a dead supervisor of `up` left behind.
pub(super) fn native(folder: &Path, title: &str) -> Option<Finding> {
    let record = Record::read(folder)?;
    let pid = record.supervisor.pid;
    Some(if record.supervisor.is_alive() {
        Finding::fine("native", format!("{title} is up"), format!("process {pid}"))
    } else {
        let evidence = format!("{}: process {pid} is gone", folder.join("up.json").display());
        Finding::note(
            "native",
            format!("{title} was up and ended without a word"),
            evidence,
        )
        .remedy("the next `cargo xtask up`, `down` or `status` removes what it left")
        .cure(Cure::Forget(folder.to_owned()))
    })
}

/// The node containers of a kind cluster: nothing if there are none, or no engine.
pub(super) async fn nodes(runner: &Runner, scope: &Scope) -> Option<Finding> {
    let name = scope.kind()?.name;
    let call = Docker::at("docker").states(&format!("{}={name}", kind::CLUSTER_LABEL));
    let states = runner.run(&call).await.ok()?;
    let nodes: Vec<(&str, &str)> = states.lines().filter_map(|line| line.split_once(' ')).collect();
    if nodes.is_empty() {
        return None;
    }
    let evidence: Vec<String> = nodes
        .iter()
        .map(|(node, state)| format!("{node} is {state}"))
        .collect();
    let stopped: Vec<String> = nodes
        .iter()
        .filter(|(_, state)| matches!(*state, "exited" | "created"))
        .map(|(node, _)| (*node).to_owned())
        .collect();
    let evidence = evidence.join(", ");
    Some(if stopped.is_empty() {
        Finding::fine(CHECK, format!("the nodes of {} run", scope.title()), evidence)
    } else {
        Finding::fault(CHECK, format!("nodes of {} are stopped", scope.title()), evidence)
            .remedy(format!(
                "`cargo xtask bootstrap{}` starts them again",
                scope.flags
            ))
            .cure(Cure::Start(stopped))
    })
}

/// Whether the API server is ready, and the one that was recorded.
pub(super) async fn cluster(runner: &Runner, context: &Context, scope: &Scope) -> Finding {
    let title = scope.title();
    let kubeconfig = stage_kube::kubeconfig(&scope.folder(context));
    let bootstrap = format!("`{}` mends it", stage_kube::bootstrap(context, scope));
    if !kubeconfig.exists() {
        let evidence = format!("there is no {}", kubeconfig.display());
        return if nodes(runner, scope).await.is_some() {
            Finding::fault(CHECK, format!("the kubeconfig of {title} is lost"), evidence).remedy(bootstrap)
        } else {
            Finding::fine(CHECK, format!("{title} has no cluster yet"), evidence)
        };
    }
    let connection = match stage_kube::connect(context, scope).await {
        Ok(connection) => connection,
        Err(error) => {
            let says = format!("the kubeconfig of {title} cannot be used");
            return Finding::fault(CHECK, says, reason(&error)).remedy(bootstrap);
        }
    };
    let fault = |error: &anyhow::Error| {
        let what = format!("the cluster of {title} is not ready");
        let remedy = advice(error).unwrap_or(&bootstrap);
        Finding::fault(CHECK, what, reason(error)).remedy(remedy)
    };
    let asked = async {
        ready(&connection.client)
            .await
            .map_err(|error| connection.failed("asking /readyz", &error))?;
        identity::guard(&connection).await
    };
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(())) => Finding::fine(
            CHECK,
            format!("the cluster of {title} is ready, and the one that was recorded"),
            kubeconfig.display().to_string(),
        ),
        Ok(Err(error)) => fault(&error),
        Err(_) => {
            let why = format!("/readyz gives no answer within {} s", PATIENCE.as_secs());
            fault(&connection.silent(&why).into())
        }
    }
}

/// `GET /readyz`: the list of an API group that is none.
async fn ready(client: &::kube::Client) -> ::kube::Result<()> {
    let request = Request::new("/readyz")
        .list(&ListParams::default())
        .map_err(::kube::Error::BuildRequest)?;
    client.request_text(request).await.map(drop)
}
