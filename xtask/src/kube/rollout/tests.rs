//! Releases as the cluster tells of them, and what is said about them.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;

use super::*;

/// A Deployment at this generation of which the controller has seen another, and its first version with a pod whose image
/// is nowhere. `revision` is the version that the controller made last.
fn deployment(generation: i64, seen: i64, revision: &str) -> Snapshot {
    let deployment = serde_json::json!({
        "metadata": {"name": "photos", "uid": "d", "generation": generation, "annotations": {
            "meta.helm.sh/release-name": "photos", "deployment.kubernetes.io/revision": revision}},
        "spec": {"replicas": 1, "selector": {}, "template": {}},
        "status": {"observedGeneration": seen, "replicas": 1, "updatedReplicas": 1},
    });
    let set = serde_json::json!({
        "metadata": {"name": "photos-1", "uid": "r", "ownerReferences": [owner("Deployment", "d")],
            "annotations": {"deployment.kubernetes.io/revision": "1"}},
    });
    Snapshot {
        deployments: vec![Arc::new(serde_json::from_value(deployment).unwrap())],
        replica_sets: vec![Arc::new(serde_json::from_value(set).unwrap())],
        pods: vec![broken_pod(&owner("ReplicaSet", "r"), &serde_json::json!({}))],
        ..Snapshot::default()
    }
}

fn daemon_set(generation: i64, seen: i64) -> Snapshot {
    let set = serde_json::json!({
        "metadata": {"name": "photos", "uid": "s", "generation": generation, "annotations": {
            "meta.helm.sh/release-name": "photos", "deprecated.daemonset.template.generation": generation.to_string()}},
        "spec": {"selector": {}, "template": {}},
        "status": {"observedGeneration": seen, "desiredNumberScheduled": 1, "currentNumberScheduled": 1,
            "numberMisscheduled": 0, "numberReady": 0},
    });
    let labels = serde_json::json!({"pod-template-generation": "1"});
    Snapshot {
        daemon_sets: vec![Arc::new(serde_json::from_value(set).unwrap())],
        pods: vec![broken_pod(&owner("DaemonSet", "s"), &labels)],
        ..Snapshot::default()
    }
}

fn owner(kind: &str, uid: &str) -> serde_json::Value {
    serde_json::json!({"apiVersion": "apps/v1", "kind": kind, "name": "photos", "uid": uid})
}

fn broken_pod(owner: &serde_json::Value, labels: &serde_json::Value) -> Arc<k8s_openapi::api::core::v1::Pod> {
    let pod = serde_json::json!({
        "metadata": {"name": "photos-1-x", "uid": "p", "ownerReferences": [owner], "labels": labels},
        "spec": {"containers": [{"name": "app", "image": "none:1"}]},
        "status": {"containerStatuses": [{"name": "app", "image": "none:1", "imageID": "", "ready": false,
            "restartCount": 0, "state": {"waiting": {"reason": "ErrImagePull", "message": "none:1: not found"}}}]},
    });
    Arc::new(serde_json::from_value(pod).unwrap())
}

/// Whether a look at the namespace ends a deploy that made the workloads of another look.
fn ends(now: &Snapshot, applied: &Snapshot) -> bool {
    let stand = stand(now, "photos", &of_release(applied, "photos"));
    assert!(!stand.done);
    Patience::default().lost(&stand.troubles).is_some()
}

#[test]
fn a_broken_pod_of_the_version_that_was_applied_ends_a_deploy() {
    let now = deployment(1, 1, "1");
    assert!(ends(&now, &now));
    let now = daemon_set(1, 1);
    assert!(ends(&now, &now));
}

#[test]
fn a_broken_pod_of_the_version_before_ends_none() {
    let applied = deployment(2, 1, "1");
    assert!(!ends(&deployment(1, 1, "1"), &applied), "the watch lags behind");
    assert!(!ends(&applied, &applied), "the controller lags behind");
    assert!(!ends(&deployment(2, 2, "2"), &applied), "its pod goes last");
    let applied = daemon_set(2, 1);
    assert!(!ends(&daemon_set(1, 1), &applied), "the watch lags behind");
    assert!(!ends(&applied, &applied), "the controller lags behind");
    assert!(!ends(&daemon_set(2, 2), &applied), "its pod goes last");
}

#[test]
fn what_a_startup_probe_gets_is_shown_while_it_may_still_pass() {
    let mut now = deployment(1, 1, "1");
    let pod = serde_json::json!({
        "metadata": {"name": "photos-1-x", "uid": "p", "ownerReferences": [owner("ReplicaSet", "r")]},
        "spec": {"containers": [{"name": "app", "image": "photos:1",
            "startupProbe": {"periodSeconds": 1, "failureThreshold": 120}}]},
        "status": {"containerStatuses": [{"name": "app", "image": "photos:1", "imageID": "", "ready": false,
            "started": false, "restartCount": 0, "state": {"running": {}}}]},
    });
    let event = serde_json::json!({
        "metadata": {"name": "e"}, "involvedObject": {"uid": "p", "fieldPath": "spec.containers{app}"},
        "reason": "Unhealthy", "message": "Startup probe failed: connection refused",
    });
    now.pods = vec![Arc::new(serde_json::from_value(pod).unwrap())];
    now.events = vec![Arc::new(serde_json::from_value(event).unwrap())];
    let stand = stand(&now, "photos", &of_release(&now, "photos"));
    assert!(
        stand
            .summary
            .contains("(does not pass its startup probe: connection refused)"),
        "{}",
        stand.summary
    );
}
