//! The workloads of a namespace at a glance: which apps and services there are, which version, and how their pods are.

use k8s_openapi::{
    api::{
        apps::v1::{Deployment, StatefulSet},
        core::v1::Pod,
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use kube::{Api, api::ListParams};

use super::{Connection, apps, pods::PodState, starts::Starts};
use crate::native::health::State;

/// The label with the version of what is deployed.
const VERSION: &str = "app.kubernetes.io/version";

/// The reasons for which a pod will hardly become ready by itself.
const HOPELESS: [&str; 8] = [
    "CrashLoopBackOff",
    "CreateContainerConfigError",
    "ErrImagePull",
    "Error",
    "ImagePullBackOff",
    "InvalidImageName",
    "OOMKilled",
    "Unschedulable",
];

/// One Deployment or StatefulSet with its pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Workload {
    /// From its label `app.kubernetes.io/name`.
    pub(crate) name: String,
    pub(crate) version: Option<String>,
    pub(crate) state: State,
    pub(crate) pods: Vec<PodState>,
}

/// How far a workload is.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    wanted: i32,
    /// Ready pods, as the controller has counted them last.
    ready: i32,
    updated: i32,
    /// Whether the controller has seen the newest specification.
    seen: bool,
}

/// Looks at everything in the namespace.
///
/// # Errors
/// When the cluster does not answer.
pub(crate) async fn look(connection: &Connection) -> anyhow::Result<Vec<Workload>> {
    let (client, namespace) = (&connection.client, &connection.namespace);
    let deployments: Api<Deployment> = Api::namespaced(client.clone(), namespace);
    let sets: Api<StatefulSet> = Api::namespaced(client.clone(), namespace);
    let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let every = ListParams::default();
    let starts = async { Ok(Starts::ask(connection).await) };
    let (deployments, sets, mut pods, starts) = tokio::try_join!(
        deployments.list(&every),
        sets.list(&every),
        pods.list(&every),
        starts
    )
    .map_err(|error| connection.failed("listing what is deployed", &error))?;
    starts.doubt(&mut pods.items);
    let mut found = Vec::new();
    for deployment in deployments {
        let status = deployment.status.unwrap_or_default();
        let count = Count {
            wanted: deployment.spec.and_then(|spec| spec.replicas).unwrap_or(1),
            ready: status.ready_replicas.unwrap_or_default(),
            updated: status.updated_replicas.unwrap_or_default(),
            seen: status.observed_generation >= deployment.metadata.generation,
        };
        found.push(workload(&deployment.metadata, count, &pods.items));
    }
    for set in sets {
        let status = set.status.unwrap_or_default();
        let count = Count {
            wanted: set.spec.and_then(|spec| spec.replicas).unwrap_or(1),
            ready: status.ready_replicas.unwrap_or_default(),
            updated: status.updated_replicas.unwrap_or_default(),
            seen: status.observed_generation >= set.metadata.generation,
        };
        found.push(workload(&set.metadata, count, &pods.items));
    }
    Ok(found)
}

fn workload(about: &ObjectMeta, count: Count, pods: &[Pod]) -> Workload {
    let labels = about.labels.clone().unwrap_or_default();
    let label = |name: &str| labels.get(name).cloned();
    let name = label("app.kubernetes.io/name")
        .or_else(|| about.name.clone())
        .unwrap_or_default();
    let own = pods.iter().filter(|pod| apps::name(pod) == Some(name.as_str()));
    let pods: Vec<PodState> = own.map(PodState::of).filter(|pod| !pod.is_over()).collect();
    Workload {
        version: label(VERSION),
        state: state(count, &pods),
        name,
        pods,
    }
}

fn state(count: Count, pods: &[PodState]) -> State {
    let hopeless = |pod: &PodState| {
        pod.phase == "Failed"
            || pod
                .reason
                .as_deref()
                .is_some_and(|reason| HOPELESS.contains(&reason))
    };
    // A controller that is starting itself still counts the pods of before.
    let ready = pods
        .iter()
        .filter(|pod| pod.ready && pod.reason.is_none())
        .count();
    let ready = count.ready.min(i32::try_from(ready).unwrap_or(i32::MAX));
    if count.wanted == 0 {
        State::Stopped
    } else if count.seen && ready >= count.wanted && count.updated >= count.wanted {
        State::Ready
    } else if pods.iter().any(hopeless) {
        State::Failed
    } else {
        State::Starting
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(reason: Option<&str>) -> PodState {
        PodState {
            name: "photos-1".to_owned(),
            phase: "Running".to_owned(),
            ready: reason.is_none(),
            reason: reason.map(str::to_owned),
            restarts: 0,
        }
    }

    fn count(ready: i32, updated: i32) -> Count {
        Count {
            wanted: 2,
            ready,
            updated,
            seen: true,
        }
    }

    #[test]
    fn the_state_follows_replicas_and_reasons() {
        assert_eq!(state(count(2, 2), &[pod(None), pod(None)]), State::Ready);
        assert_eq!(
            state(count(1, 2), &[pod(None), pod(Some("ContainerCreating"))]),
            State::Starting
        );
        assert_eq!(
            state(count(1, 2), &[pod(None), pod(Some("ImagePullBackOff"))]),
            State::Failed
        );
        let unseen = Count {
            seen: false,
            ..count(2, 2)
        };
        assert_eq!(state(unseen, &[]), State::Starting);
        assert_eq!(state(Count::default(), &[]), State::Stopped);
        // After a start of the node the count is the one of before.
        assert_eq!(
            state(count(2, 2), &[pod(None), pod(Some("Unknown"))]),
            State::Starting
        );
    }
}
