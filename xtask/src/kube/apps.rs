//! The pods of an app: found by their labels, and one of them picked.

use k8s_openapi::api::core::v1::Pod;
use kube::{Api, api::ListParams};

use super::{Connection, pods::PodState};
use crate::outcome::Failure;

/// The label with the name of what a pod is: an app, or a service behind one.
const NAME: &str = "app.kubernetes.io/name";

/// What kubectl too takes for the container that is meant.
const DEFAULT_CONTAINER: &str = "kubectl.kubernetes.io/default-container";

/// The pods of some apps, or of all, oldest first; those that have done their work are left out.
///
/// # Errors
/// When the cluster does not answer; exit code 2 for a name that no pod has, with those that there are.
pub(crate) async fn pods(connection: &Connection, apps: &[String]) -> anyhow::Result<Vec<Pod>> {
    let api: Api<Pod> = Api::namespaced(connection.client.clone(), &connection.namespace);
    let found = api.list(&ListParams::default()).await;
    let found = found.map_err(|error| connection.failed("listing the pods", &error))?;
    let mut pods: Vec<Pod> = found
        .into_iter()
        .filter(|pod| !PodState::of(pod).is_over())
        .collect();
    pods.sort_by_key(|pod| pod.metadata.creation_timestamp.clone().map(|time| time.0));
    for app in apps {
        if !pods.iter().any(|pod| name(pod) == Some(app)) {
            return Err(unknown(connection, app, &pods).into());
        }
    }
    if !apps.is_empty() {
        pods.retain(|pod| name(pod).is_some_and(|name| apps.iter().any(|app| app == name)));
    }
    Ok(pods)
}

/// A pod of the app that can serve: the youngest ready one, for it has the newest version.
///
/// # Errors
/// As [`pods`]; exit code 1 when none is ready, with the reason of each.
pub(crate) async fn ready_pod(connection: &Connection, app: &str) -> anyhow::Result<Pod> {
    let pods = pods(connection, &[app.to_owned()]).await?;
    let states: Vec<PodState> = pods.iter().map(PodState::of).collect();
    let serves = |state: &PodState| state.ready && state.reason.is_none();
    if let Some(pod) = pods
        .iter()
        .zip(&states)
        .rev()
        .find(|(_, state)| serves(state))
        .map(|(pod, _)| pod)
    {
        return Ok(pod.clone());
    }
    let reasons: Vec<String> = states
        .into_iter()
        .map(|state| format!("{}: {}", state.name, state.reason.unwrap_or(state.phase)))
        .collect();
    Err(
        Failure::failed(format!("no pod of {app} is ready on {}", connection.title))
            .because(reasons.join("\n"))
            .advise(format!(
                "read what they say: cargo xtask logs {app}{}",
                connection.flags
            ))
            .into(),
    )
}

/// What a pod is, from its label.
pub(crate) fn name(pod: &Pod) -> Option<&str> {
    let labels = pod.metadata.labels.as_ref()?;
    labels.get(NAME).map(String::as_str)
}

/// The container that is meant when nobody names one.
pub(crate) fn main_container(pod: &Pod) -> Option<String> {
    let annotations = pod.metadata.annotations.as_ref();
    annotations
        .and_then(|annotations| annotations.get(DEFAULT_CONTAINER).cloned())
        .or_else(|| Some(pod.spec.as_ref()?.containers.first()?.name.clone()))
}

fn unknown(connection: &Connection, app: &str, pods: &[Pod]) -> Failure {
    let mut names: Vec<&str> = pods.iter().filter_map(name).collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        Failure::failed(format!("nothing runs on {}", connection.title))
            .because(format!("the namespace {} has no pods", connection.namespace))
            .advise(format!("cargo xtask deploy{}", connection.flags))
    } else {
        Failure::usage(format!("no pod of `{app}` is on {}", connection.title)).advise(format!(
            "choose one of: {}; or bring it there: cargo xtask deploy{}",
            names.join(", "),
            connection.flags
        ))
    }
}
