//! Pods after a start of their node. Until its kubelet has told of a pod anew, the cluster repeats what it knew of the pod
//! before, and that was ready.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use k8s_openapi::{
    api::core::v1::{Event, Node, Pod, PodCondition},
    apimachinery::pkg::apis::meta::v1::Time,
};
use kube::{Api, Client, ResourceExt, api::ListParams};

/// After this long a kubelet has told of all its pods. A pod that is older than the kubelet is then one that ran on while
/// only the kubelet was restarted.
const TELLS_WITHIN: Duration = Duration::from_secs(60);
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
        Self::seen(&nodes, &events, Timestamp::now())
    }

    fn seen(nodes: &[Node], events: &[Event], now: Timestamp) -> Self {
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
        // Of the pods of a node that is not ready nobody knows anything.
        let silent = nodes.iter().filter(|node| !is_ready(node));
        starts.extend(silent.map(|node| (node.name_any(), Timestamp::MAX)));
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
        let starts = Starts::seen(&[node("True")], &events, now);
        let doubted = (false, Some("NodeStarting".to_owned()));
        assert_eq!(state(&starts, "2026-01-01T11:00:00Z"), doubted);
        assert_eq!(state(&starts, "2026-01-01T12:00:00Z"), (true, None));
        // Of a node that is not ready, nothing is believed.
        let starts = Starts::seen(&[node("Unknown")], &events, now);
        assert_eq!(state(&starts, "2026-01-01T12:00:00Z"), doubted);
    }

    #[test]
    fn a_kubelet_that_was_restarted_alone_leaves_its_pods_ready() {
        let now = "2026-01-01T12:05:00Z".parse().unwrap();
        let events = [start("kubelet", "2026-01-01T12:00:00Z")];
        let starts = Starts::seen(&[node("True")], &events, now);
        assert_eq!(state(&starts, "2026-01-01T11:00:00Z"), (true, None));
    }
}
