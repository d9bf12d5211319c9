//! Waits until a cluster serves: nodes, system pods and ingress are ready, and the ingress answers on its port.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::{
    api::{
        apps::v1::{DaemonSet, Deployment},
        core::v1::{ContainerState, Node, Pod, PodCondition},
    },
    apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta},
};
use kube::{
    Api, Client,
    api::{DeleteParams, ListParams},
};
use tokio::time::{Instant, sleep};

use super::{ingress, site::Site};
use crate::{
    kube::{
        pods::PodState,
        starts::{self, Starts},
    },
    native::health,
    outcome::Failure,
    progress::Step,
};

/// How long the cluster may take as a whole.
pub(super) const WITHIN: Duration = Duration::from_secs(240);

/// How long a pod may fail for a reason that rarely goes away by itself.
pub(super) const HOPELESS_WITHIN: Duration = Duration::from_secs(60);

/// How long kube-proxy may take from its start to its rules; times of pods have whole seconds.
const PROXY_RULES_WITHIN: SignedDuration = SignedDuration::from_secs(2);

/// The reasons that rarely go away by themselves.
const HOPELESS: [&str; 6] = [
    "CrashLoopBackOff",
    "CreateContainerConfigError",
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "Unschedulable",
];

/// The namespaces of what every kind cluster runs, and of the ingress.
const NAMESPACES: [&str; 3] = ["kube-system", "local-path-storage", ingress::NAMESPACE];

/// Waits, and says what for. In a cluster that was just made, pods that ended because they came before the node's services
/// are begun anew: the kubelet would wait ten seconds.
///
/// # Errors
/// When something fails for good or does not come in time, with what it was and where to look.
pub(crate) async fn wait(
    site: &Site,
    client: &Client,
    starts: &Starts,
    created: bool,
    step: &mut Step,
) -> anyhow::Result<()> {
    let http = health::client()?;
    let begin = Instant::now();
    let mut hopeless_since = None;
    loop {
        let mut waiting = match System::look(client, starts).await {
            Ok(system) => {
                if created {
                    system.begin_anew(client).await;
                }
                system.missing()
            }
            Err(error) => vec![format!("the API server: {error}")],
        };
        if waiting.is_empty() && site.ingress.is_some() && !answers(&http, site.http_port).await {
            waiting.push(format!("http://127.0.0.1:{} to answer", site.http_port));
        }
        if waiting.is_empty() {
            return Ok(());
        }
        step.says(&format!("waiting for {}", waiting.join(", ")));
        let since = is_hopeless(&waiting).then(|| hopeless_since.unwrap_or_else(Instant::now));
        hopeless_since = since;
        let lost = since.is_some_and(|since| since.elapsed() > HOPELESS_WITHIN);
        if lost || begin.elapsed() > WITHIN {
            return Err(
                Failure::failed(format!("the cluster of {} does not become ready", site.title))
                    .because(format!(
                        "after {} s it waits for:\n{}",
                        begin.elapsed().as_secs(),
                        waiting.join("\n")
                    ))
                    .advise(format!(
                        "look closer: kubectl --kubeconfig {} describe pods -A; then run bootstrap again",
                        site.kubeconfig.display()
                    ))
                    .into(),
            );
        }
        sleep(Duration::from_millis(200)).await;
    }
}

/// Whether something fails for a reason that rarely goes away by itself.
pub(super) fn is_hopeless(waiting: &[String]) -> bool {
    waiting
        .iter()
        .any(|what| HOPELESS.iter().any(|reason| what.contains(reason)))
}

/// What every kind cluster runs, and the ingress.
struct System {
    nodes: Vec<Node>,
    deployments: Vec<Deployment>,
    sets: Vec<DaemonSet>,
    pods: Vec<Pod>,
}

impl System {
    async fn look(client: &Client, starts: &Starts) -> kube::Result<Self> {
        let every = ListParams::default();
        let nodes: Api<Node> = Api::all(client.clone());
        let deployments: Api<Deployment> = Api::all(client.clone());
        let sets: Api<DaemonSet> = Api::all(client.clone());
        let pods: Api<Pod> = Api::all(client.clone());
        let (nodes, deployments, sets, mut pods) = tokio::try_join!(
            nodes.list(&every),
            deployments.list(&every),
            sets.list(&every),
            pods.list(&every)
        )?;
        starts.doubt(&mut pods.items);
        let ours = |about: &ObjectMeta| {
            let namespace = about.namespace.as_deref();
            namespace.is_some_and(|namespace| NAMESPACES.contains(&namespace))
        };
        let (mut deployments, mut sets) = (deployments.items, sets.items);
        deployments.retain(|found| ours(&found.metadata));
        sets.retain(|found| ours(&found.metadata));
        pods.items.retain(|found| ours(&found.metadata));
        Ok(Self {
            nodes: nodes.items,
            deployments,
            sets,
            pods: pods.items,
        })
    }

    /// What is not ready, each with its reason.
    fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        for node in self.nodes.iter().filter(|node| !starts::is_ready(node)) {
            missing.push(format!(
                "node {}",
                node.metadata.name.as_deref().unwrap_or_default()
            ));
        }
        for deployment in &self.deployments {
            let Some(spec) = &deployment.spec else { continue };
            let (wanted, status) = (spec.replicas.unwrap_or(1), deployment.status.as_ref());
            let counted = status
                .and_then(|status| status.ready_replicas)
                .unwrap_or_default();
            let seen = status.and_then(|status| status.observed_generation);
            let known = counted >= wanted && seen >= deployment.metadata.generation;
            missing.extend(lacking(
                &deployment.metadata,
                &spec.selector,
                wanted,
                known,
                &self.pods,
            ));
        }
        for set in &self.sets {
            let Some(spec) = &set.spec else { continue };
            let status = set.status.clone().unwrap_or_default();
            let wanted = status.desired_number_scheduled;
            let known = status.number_ready >= wanted && wanted > 0;
            missing.extend(lacking(&set.metadata, &spec.selector, wanted, known, &self.pods));
        }
        missing
    }

    /// Deletes the pods that ended because they came before the network of the services, for others to be made at once. Who
    /// cannot be deleted is waited for.
    async fn begin_anew(&self, client: &Client) {
        let Some(since) = self.services_since() else {
            return;
        };
        let early = |pod: &&Pod| ended(pod).is_some_and(|ended| ended <= since + PROXY_RULES_WITHIN);
        for pod in self.pods.iter().filter(early) {
            if let (Some(name), Some(namespace)) = (&pod.metadata.name, &pod.metadata.namespace) {
                let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
                let _ = pods.delete(name, &DeleteParams::default().grace_period(0)).await;
            }
        }
    }

    /// Since when every kube-proxy runs; nothing if one does not.
    fn services_since(&self) -> Option<Timestamp> {
        let is_proxy = |pod: &&Pod| {
            let labels = pod.metadata.labels.as_ref();
            labels
                .and_then(|labels| labels.get("k8s-app"))
                .map(String::as_str)
                == Some("kube-proxy")
        };
        let ready = self.pods.iter().filter(is_proxy).map(|pod| {
            let conditions = pod.status.as_ref()?.conditions.as_ref()?;
            let ready = |condition: &&PodCondition| condition.type_ == "Ready" && condition.status == "True";
            Some(conditions.iter().find(ready)?.last_transition_time.as_ref()?.0)
        });
        // No pod at all has no latest.
        ready.collect::<Option<Vec<_>>>()?.into_iter().max()
    }
}

/// When a container of this pod ended that is not running now.
fn ended(pod: &Pod) -> Option<Timestamp> {
    let containers = pod.status.as_ref()?.container_statuses.as_ref()?;
    containers.iter().find_map(|container| {
        let now = container.state.as_ref()?;
        let last = container.last_state.as_ref();
        let ended = match now {
            ContainerState { running: Some(_), .. } => None,
            ContainerState {
                terminated: Some(ended),
                ..
            } => Some(ended),
            _ => last.and_then(|last| last.terminated.as_ref()),
        };
        Some(ended?.finished_at.as_ref()?.0)
    })
}

/// What a workload lacks: its name, and why its pods are not ready. `known` is whether its controller calls it whole; the
/// pods must be ready too, for after a start of the node the controller repeats what it knew before.
pub(super) fn lacking(
    about: &ObjectMeta,
    selector: &LabelSelector,
    wanted: i32,
    known: bool,
    pods: &[Pod],
) -> Option<String> {
    let chosen = |pod: &&Pod| {
        let labels = pod.metadata.labels.as_ref();
        let mut wanted = selector.match_labels.iter().flatten();
        pod.metadata.namespace == about.namespace
            && wanted.all(|(key, value)| labels.and_then(|labels| labels.get(key)) == Some(value))
    };
    let states: Vec<PodState> = pods.iter().filter(chosen).map(PodState::of).collect();
    let ready = states
        .iter()
        .filter(|pod| pod.ready && pod.reason.is_none())
        .count();
    if known && i32::try_from(ready).unwrap_or(i32::MAX) >= wanted {
        return None;
    }
    let name = about.name.as_deref().unwrap_or_default();
    let reasons: Vec<String> = states
        .into_iter()
        .filter(|pod| !pod.ready && !pod.is_over())
        .map(|pod| pod.reason.unwrap_or(pod.phase))
        .collect();
    Some(if reasons.is_empty() {
        name.to_owned()
    } else {
        format!("{name} ({})", reasons.join(", "))
    })
}

/// Whether the ingress answers at all: without a host that it knows, it says 404.
async fn answers(client: &reqwest::Client, port: u16) -> bool {
    let request = client
        .get(format!("http://127.0.0.1:{port}/"))
        .timeout(Duration::from_secs(2));
    request.send().await.is_ok()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn pod(app: &str, status: &Value) -> Pod {
        serde_json::from_value(json!({"metadata": {"labels": {"k8s-app": app}}, "status": status})).unwrap()
    }

    fn at(time: &str) -> Timestamp {
        time.parse().unwrap()
    }

    #[test]
    fn a_container_has_ended_unless_it_runs_again() {
        let end = json!({"terminated": {"exitCode": 1, "finishedAt": "2026-01-01T00:00:05Z"}});
        let status = |state: Value| {
            let container = json!({
                "name": "c", "image": "i", "imageID": "", "ready": false, "restartCount": 1, "state": state, "lastState": end,
            });
            json!({"containerStatuses": [container]})
        };
        let of = |state: Value| ended(&pod("", &status(state)));
        assert_eq!(of(end.clone()), Some(at("2026-01-01T00:00:05Z")));
        let waits = json!({"waiting": {"reason": "CrashLoopBackOff"}});
        assert_eq!(of(waits), Some(at("2026-01-01T00:00:05Z")));
        assert_eq!(of(json!({"running": {}})), None);
        assert_eq!(ended(&pod("", &json!({}))), None);
    }

    #[test]
    fn services_run_since_the_last_proxy_does() {
        let proxy = |status: &str, since: &str| {
            let ready = json!({"type": "Ready", "status": status, "lastTransitionTime": since});
            pod("kube-proxy", &json!({"conditions": [ready]}))
        };
        let since = |pods: Vec<Pod>| {
            let system = System {
                nodes: vec![],
                deployments: vec![],
                sets: vec![],
                pods,
            };
            system.services_since()
        };
        let first = || proxy("True", "2026-01-01T00:00:01Z");
        let last = at("2026-01-01T00:00:09Z");
        assert_eq!(
            since(vec![first(), proxy("True", "2026-01-01T00:00:09Z")]),
            Some(last)
        );
        assert_eq!(since(vec![first(), proxy("False", "2026-01-01T00:00:09Z")]), None);
        assert_eq!(since(vec![pod("dns", &json!({}))]), None);
    }
}
