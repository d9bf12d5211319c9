//! What is seen of nodes, and which pods are doubted for it.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

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

fn server(time: &str) -> Server {
    Server::whole(time.parse().unwrap())
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
    let now = server("2026-01-01T12:00:30Z");
    let events = [
        start("kubelet", "2026-01-01T12:00:00Z"),
        start("kube-proxy", "2026-01-01T12:00:20Z"),
    ];
    let starts = Starts::seen(&[node("True")], &[], &events, &now);
    let doubted = (false, Some("NodeStarting".to_owned()));
    assert_eq!(state(&starts, "2026-01-01T11:00:00Z"), doubted);
    assert_eq!(state(&starts, "2026-01-01T12:00:00Z"), (true, None));
    // Of a node that is not ready, nothing is believed.
    let starts = Starts::seen(&[node("Unknown")], &[], &events, &now);
    assert_eq!(state(&starts, "2026-01-01T12:00:00Z"), doubted);
}

#[test]
fn a_control_plane_that_comes_back_knows_nothing_of_its_pods_yet() {
    let now = server("2026-01-01T12:00:30Z");
    let lease = |name: &str, renewed: &str| -> Lease {
        serde_json::from_value(json!({
            "metadata": {"name": name}, "spec": {"renewTime": format!("2026-01-01T{renewed}.000000Z")},
        }))
        .unwrap()
    };
    let mut own = node("True");
    own.metadata.labels = Some([(CONTROL_PLANE.to_owned(), String::new())].into());
    let since = |node: &Node, controllers: &str| {
        let leases = [lease("apiserver", "11:00:00"), lease(CONTROLLERS, controllers)];
        Starts::seen(std::slice::from_ref(node), &leases, &[], &now)
    };
    let doubted = (false, Some("NodeStarting".to_owned()));
    let before = "2026-01-01T11:00:00Z";
    assert_eq!(state(&since(&own, "12:00:00"), before), doubted);
    assert_eq!(
        state(&since(&own, "12:00:26"), before),
        doubted,
        "silent almost since 25"
    );
    assert_eq!(
        state(&since(&own, "12:00:00"), "2026-01-01T12:00:10Z"),
        (true, None)
    );
    // The kubelet has told of the start before this one.
    let first = [start("kubelet", "2026-01-01T12:00:00Z")];
    let leases = [lease(CONTROLLERS, "12:00:20")];
    let again = Starts::seen(std::slice::from_ref(&own), &leases, &first, &now);
    assert_eq!(state(&again, "2026-01-01T12:00:05Z"), doubted);
    assert_eq!(
        state(&since(&own, "12:00:28"), before),
        (true, None),
        "it was not silent"
    );
    assert_eq!(
        state(&since(&own, "11:00:00"), before),
        (true, None),
        "nobody uses the lease"
    );
    assert_eq!(
        state(&since(&node("True"), "12:00:00"), before),
        (true, None),
        "another node"
    );

    let starting = Server {
        is_whole: false,
        ..server("2026-01-01T12:00:30Z")
    };
    let starts = Starts::seen(std::slice::from_ref(&own), &[], &[], &starting);
    assert_eq!(state(&starts, before), doubted, "it has not all it needs");

    let heartbeat = |time: &str| {
        let mut own = node("True");
        let conditions = own.status.as_mut().and_then(|status| status.conditions.as_mut());
        conditions.unwrap()[0].last_heartbeat_time = Some(Time(time.parse().unwrap()));
        since(&own, "12:00:28")
    };
    assert_eq!(state(&heartbeat("2026-01-01T11:56:00Z"), before), (true, None));
    assert_eq!(state(&heartbeat("2026-01-01T11:54:00Z"), before), doubted);
}

#[test]
fn who_has_started_a_node_knows_better_than_what_is_seen_of_it() {
    let now = server("2026-01-01T12:00:30Z");
    let started = |time: &str| [("node".to_owned(), time.parse().unwrap())].into();
    let doubted = (false, Some("NodeStarting".to_owned()));
    // Back so soon that nothing was silent, and its kubelet has not told of it.
    let mut starts = Starts::seen(&[node("True")], &[], &[], &now);
    starts.settle(started("2026-01-01T12:00:20.5Z"));
    assert_eq!(state(&starts, "2026-01-01T11:00:00Z"), doubted);
    assert_eq!(state(&starts, "2026-01-01T12:00:25Z"), (true, None));
    // Only the kubelet was restarted.
    let events = [start("kubelet", "2026-01-01T12:00:20Z")];
    let mut starts = Starts::seen(&[node("True")], &[], &events, &now);
    starts.settle(started("2026-01-01T11:00:00Z"));
    assert_eq!(state(&starts, "2026-01-01T11:30:00Z"), (true, None));
    // It says nothing.
    let mut starts = Starts::seen(&[node("Unknown")], &[], &[], &now);
    starts.settle(started("2026-01-01T11:00:00Z"));
    assert_eq!(state(&starts, "2026-01-01T11:30:00Z"), doubted);
}

#[test]
fn a_kubelet_that_was_restarted_alone_leaves_its_pods_ready() {
    let now = server("2026-01-01T12:05:00Z");
    let events = [start("kubelet", "2026-01-01T12:00:00Z")];
    let starts = Starts::seen(&[node("True")], &[], &events, &now);
    assert_eq!(state(&starts, "2026-01-01T11:00:00Z"), (true, None));
}
