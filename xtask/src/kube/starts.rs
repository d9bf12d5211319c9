//! Pods after a start of their node. Until its kubelet has told of a pod anew, the cluster repeats what it knew of the pod
//! before, and that was ready. Whether a kubelet tells anything, its lease says:
//! <https://kubernetes.io/docs/concepts/architecture/leases/#node-heart-beats>.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use k8s_openapi::{
    api::{
        coordination::v1::Lease,
        core::v1::{Event, Node, Pod, PodCondition},
    },
    apimachinery::pkg::apis::meta::v1::Time,
};
use kube::{Api, Client, ResourceExt, api::ListParams};
use tokio::time::{Instant, sleep};

/// After this long a kubelet has told of all its pods. A pod that is older than the kubelet is then one that ran on while
/// only the kubelet was restarted.
const TELLS_WITHIN: Duration = Duration::from_secs(60);
/// A kubelet renews its lease four times in its duration. This much later it is overdue.
const LATE: Duration = Duration::from_millis(500);
/// How long a kubelet whose lease is overdue is waited for: on a busy node it comes, and after a start it comes too.
const OVERDUE: Duration = Duration::from_secs(3);
/// Where the leases of the nodes are.
const NODE_LEASES: &str = "kube-node-lease";
/// Why a pod is not ready that its node has not told of yet.
const REASON: &str = "NodeStarting";

/// Since when the nodes run. Nodes that are not in it are believed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Starts(BTreeMap<String, Timestamp>);

impl Starts {
    /// From who has started the nodes: their names and times.
    pub(crate) fn of(nodes: impl IntoIterator<Item = (String, Timestamp)>) -> Self {
        Self(nodes.into_iter().collect())
    }

    /// Whether one of the nodes was started less than this ago.
    pub(crate) fn is_fresh(&self, age: Duration) -> bool {
        let now = Timestamp::now();
        self.0
            .values()
            .any(|start| now.duration_since(*start).unsigned_abs() < age)
    }

    /// Asks the cluster which nodes are just starting. Where that must not be asked, all are believed.
    pub(crate) async fn ask(client: &Client) -> Self {
        let silent = silent(client).await;
        let (nodes, events) = (
            Api::<Node>::all(client.clone()),
            Api::<Event>::namespaced(client.clone(), "default"),
        );
        let (every, starting) = (
            ListParams::default(),
            ListParams::default().fields("involvedObject.kind=Node,reason=Starting"),
        );
        let (nodes, events) = tokio::join!(nodes.list(&every), events.list(&starting));
        let nodes = nodes.map(|nodes| nodes.items).unwrap_or_default();
        let events = events.map(|events| events.items).unwrap_or_default();
        Self::seen(&nodes, &silent, &events, Timestamp::now())
    }

    fn seen(nodes: &[Node], silent: &[String], events: &[Event], now: Timestamp) -> Self {
        let mut starts = BTreeMap::new();
        for event in events {
            let kubelet = event
                .source
                .as_ref()
                .is_some_and(|source| source.component.as_deref() == Some("kubelet"));
            let time = event.last_timestamp.as_ref().map(|Time(time)| *time);
            let name = event.involved_object.name.clone().unwrap_or_default();
            if let Some(time) = time.filter(|_| kubelet)
                && now.duration_since(time).unsigned_abs() < TELLS_WITHIN
            {
                let start = starts.entry(name).or_insert(time);
                *start = time.max(*start);
            }
        }
        // Of the pods of a node that is not ready, or tells nothing, nobody knows anything.
        let unknown = nodes
            .iter()
            .filter(|node| !is_ready(node) || silent.contains(&node.name_any()));
        starts.extend(unknown.map(|node| (node.name_any(), Timestamp::MAX)));
        Self(starts)
    }

    /// Takes the readiness back that pods had before their node was started.
    pub(crate) fn doubt(&self, pods: &mut [Pod]) {
        for pod in pods {
            let node = pod.spec.as_ref().and_then(|spec| spec.node_name.as_ref());
            let Some(start) = node.and_then(|node| self.0.get(node)) else {
                continue;
            };
            let Some(status) = &mut pod.status else { continue };
            let mut containers = status.container_statuses.iter().flatten();
            let told = containers.any(|container| {
                let running = container.state.as_ref().and_then(|state| state.running.as_ref());
                let since = running.and_then(|running| running.started_at.as_ref());
                // The cluster's times are whole seconds.
                since.is_some_and(|Time(since)| since.as_second() >= start.as_second())
            });
            if !told {
                let conditions = status.conditions.iter_mut().flatten();
                conditions
                    .filter(|condition| condition.type_ == "Ready" && condition.status == "True")
                    .for_each(unknown);
            }
        }
    }
}

/// The nodes whose kubelets tell nothing. One that is only late is waited for.
async fn silent(client: &Client) -> Vec<String> {
    let leases = Api::<Lease>::all(client.clone());
    let end = Instant::now() + OVERDUE;
    loop {
        let found = leases.list(&ListParams::default()).await;
        let found = found.map(|leases| leases.items).unwrap_or_default();
        let overdue = overdue(&found);
        if overdue.is_empty() || Instant::now() > end {
            return overdue;
        }
        sleep(Duration::from_millis(200)).await;
    }
}

/// The nodes whose leases are overdue, by the clock of whoever renewed last: of the cluster's own parts, each has a lease, and
/// this machine's clock may be another.
fn overdue(leases: &[Lease]) -> Vec<String> {
    let renewed = |lease: &Lease| Some(lease.spec.as_ref()?.renew_time.as_ref()?.0);
    let now = leases.iter().filter_map(renewed).max().unwrap_or(Timestamp::MIN);
    let is_overdue = |lease: &&Lease| {
        let seconds = lease.spec.as_ref().and_then(|spec| spec.lease_duration_seconds);
        let seconds = seconds.and_then(|seconds| u32::try_from(seconds).ok());
        let (Some(renewed), Some(seconds)) = (renewed(lease), seconds) else {
            return false;
        };
        let within = Duration::from_secs(seconds.into()) / 4 + LATE;
        lease.namespace().as_deref() == Some(NODE_LEASES)
            && now.duration_since(renewed).unsigned_abs() > within
    };
    let found = leases.iter().filter(is_overdue);
    found.map(ResourceExt::name_any).collect()
}

fn unknown(condition: &mut PodCondition) {
    condition.status = "Unknown".to_owned();
    condition.reason = Some(REASON.to_owned());
}

/// Whether a node is ready for pods.
pub(crate) fn is_ready(node: &Node) -> bool {
    let status = node.status.as_ref();
    let mut conditions = status
        .iter()
        .flat_map(|status| status.conditions.iter().flatten());
    conditions.any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kube::pods::PodState;

    /// A pod that the cluster calls ready, and whose container runs since then.
    fn pod(since: &str) -> Pod {
        serde_json::from_value(json!({
            "metadata": {"name": "photos-1"}, "spec": {"nodeName": "node", "containers": []},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}], "containerStatuses": [
                {"name": "photos", "ready": true, "restartCount": 0, "image": "i", "imageID": "",
                 "state": {"running": {"startedAt": since}}}]},
        }))
        .unwrap()
    }

    fn node(ready: &str) -> Node {
        serde_json::from_value(json!({
            "metadata": {"name": "node"}, "status": {"conditions": [{"type": "Ready", "status": ready}]},
        }))
        .unwrap()
    }

    fn start(component: &str, time: &str) -> Event {
        serde_json::from_value(json!({
            "metadata": {"name": "e"}, "involvedObject": {"kind": "Node", "name": "node"}, "reason": "Starting",
            "source": {"component": component}, "lastTimestamp": time,
        }))
        .unwrap()
    }

    fn state(starts: &Starts, since: &str) -> (bool, Option<String>) {
        let mut pods = [pod(since)];
        starts.doubt(&mut pods);
        let state = PodState::of(&pods[0]);
        (state.ready, state.reason)
    }

    #[test]
    fn a_pod_is_ready_only_once_its_node_has_told_of_it_since_its_start() {
        let now = "2026-01-01T12:00:30Z".parse().unwrap();
        let events = [
            start("kubelet", "2026-01-01T12:00:00Z"),
            start("kube-proxy", "2026-01-01T12:00:20Z"),
        ];
        let starts = Starts::seen(&[node("True")], &[], &events, now);
        let doubted = (false, Some("NodeStarting".to_owned()));
        assert_eq!(state(&starts, "2026-01-01T11:00:00Z"), doubted);
        assert_eq!(state(&starts, "2026-01-01T12:00:00Z"), (true, None));
        // Of a node that is not ready, nothing is believed.
        let starts = Starts::seen(&[node("Unknown")], &[], &events, now);
        assert_eq!(state(&starts, "2026-01-01T12:00:00Z"), doubted);
        // Nor of one that is still called ready and tells nothing.
        let starts = Starts::seen(&[node("True")], &["node".to_owned()], &[], now);
        assert_eq!(state(&starts, "2026-01-01T12:00:00Z"), doubted);
    }

    #[test]
    fn a_kubelet_is_overdue_after_a_quarter_of_its_lease() {
        let lease = |namespace: &str, name: &str, renewed: &str| -> Lease {
            serde_json::from_value(json!({
                "metadata": {"namespace": namespace, "name": name},
                "spec": {"leaseDurationSeconds": 40, "renewTime": format!("2026-01-01T12:00:{renewed}Z")},
            }))
            .unwrap()
        };
        let with = |last: &str| {
            overdue(&[
                lease("kube-node-lease", "node", "00.000000"),
                lease("kube-node-lease", "other", "10.000000"),
                lease("kube-system", "apiserver", last),
                lease("kube-system", "scheduler", "00.000000"),
            ])
        };
        assert_eq!(with("10.400000"), Vec::<String>::new());
        assert_eq!(with("10.600000"), ["node"]);
    }

    #[test]
    fn a_kubelet_that_was_restarted_alone_leaves_its_pods_ready() {
        let now = "2026-01-01T12:05:00Z".parse().unwrap();
        let events = [start("kubelet", "2026-01-01T12:00:00Z")];
        let starts = Starts::seen(&[node("True")], &[], &events, now);
        assert_eq!(state(&starts, "2026-01-01T11:00:00Z"), (true, None));
    }
}
