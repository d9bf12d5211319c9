//! Pods as the cluster tells of them, and what is said about them.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::*;

/// A pod with the UID `u`, one container and its status, and events about it as reason and message.
fn seen(status: &str, events: &[(&str, &str)]) -> Vec<Symptom> {
    let pod: Pod = serde_yaml::from_str(&format!(
        "metadata: {{name: photos-1, uid: u}}\n\
         spec: {{containers: [{{name: photos, image: photos:1, resources: {{limits: {{memory: 64Mi}}}},\n\
         \x20 startupProbe: {{periodSeconds: 1, failureThreshold: 60}},\n\
         \x20 readinessProbe: {{periodSeconds: 2, failureThreshold: 2}}}}]}}\n\
         status: {status}\n"
    ))
    .unwrap();
    let mut snapshot = Snapshot::default();
    for (number, (reason, message)) in events.iter().enumerate() {
        // `other: …` is about another container of the pod.
        let (place, message) = match message.strip_prefix("other: ") {
            Some(message) => ("spec.containers{other}", message),
            None => ("spec.containers{photos}", *message),
        };
        let event = serde_json::json!({
            "metadata": {"name": number.to_string()}, "reason": reason, "message": message,
            "involvedObject": {"uid": "u", "fieldPath": place}, "lastTimestamp": format!("2026-01-01T00:00:{number:02}Z"),
        });
        snapshot
            .events
            .push(std::sync::Arc::new(serde_json::from_value(event).unwrap()));
    }
    symptoms(&snapshot, &pod)
}

fn container(state: &str, rest: &str) -> String {
    format!(
        "{{phase: Running, containerStatuses: [{{name: photos, image: photos:1, imageID: '', ready: false, \
         restartCount: 0, state: {state}{rest}}}]}}"
    )
}

/// The words and the tolerance in seconds of the only symptom.
fn only(symptoms: &[Symptom]) -> (String, u64) {
    assert_eq!(symptoms.len(), 1, "{symptoms:?}");
    (symptoms[0].cause.to_string(), symptoms[0].tolerance.as_secs())
}

#[test]
fn an_image_that_no_registry_has_is_a_cause_at_once() {
    let status = container(
        "{waiting: {reason: ErrImagePull, message: 'localhost:5001/photos:1: not found'}}",
        "",
    );
    assert_eq!(
        only(&seen(&status, &[])),
        (
            "the image photos:1 cannot be had: the registry does not have it".into(),
            0
        )
    );
    let status = container(
        "{waiting: {reason: ErrImagePull, message: 'dial tcp: i/o timeout'}}",
        "",
    );
    assert_eq!(only(&seen(&status, &[])).1, 20);
}

#[test]
fn a_wrong_configuration_needs_no_second_try() {
    let status = container("{terminated: {exitCode: 2, reason: Error}}", "");
    assert_eq!(
        only(&seen(&status, &[])).0,
        "ended with exit code 2: its configuration is wrong"
    );
    let first = container("{terminated: {exitCode: 1, reason: Error}}", "");
    assert!(seen(&first, &[]).is_empty());
    let again = container(
        "{waiting: {reason: CrashLoopBackOff}}",
        ", lastState: {terminated: {exitCode: 1}}",
    )
    .replace("restartCount: 0", "restartCount: 2");
    assert_eq!(
        only(&seen(&again, &[])),
        ("ended with exit code 1, 2 times".into(), 0)
    );
}

#[test]
fn a_kill_is_want_of_memory_unless_a_probe_did_it() {
    for reason in ["OOMKilled", "Error"] {
        let status = container(
            &format!("{{terminated: {{exitCode: 137, reason: {reason}}}}}"),
            "",
        );
        assert_eq!(
            only(&seen(&status, &[])).0,
            "was killed for want of memory: its limit is 64Mi"
        );
    }
    let status = container(
        "{running: {}}",
        ", lastState: {terminated: {exitCode: 137, reason: Error}}",
    );
    let events = [
        (
            "Unhealthy",
            "Liveness probe failed: HTTP probe failed with statuscode: 500",
        ),
        (
            "Killing",
            "Container photos failed liveness probe, will be restarted",
        ),
    ];
    assert_eq!(
        only(&seen(&status, &events)).0,
        "does not pass its liveness probe: HTTP probe failed with statuscode: 500"
    );
}

#[test]
fn a_probe_may_fail_as_long_as_it_allows_itself() {
    let status = container("{running: {}}", ", started: true");
    assert!(seen(&status, &[]).is_empty());
    let events = [("Unhealthy", "Readiness probe failed: connection refused")];
    assert_eq!(
        only(&seen(&status, &events)),
        ("does not pass its readiness probe: connection refused".into(), 10)
    );
}

#[test]
fn a_reason_is_that_of_the_probe_and_the_container_that_is_asked_about() {
    let events = [
        ("Unhealthy", "Readiness probe failed: not yet"),
        ("Unhealthy", "Startup probe failed:"),
        ("Unhealthy", "other: Readiness probe failed: another's"),
    ];
    let started = container("{running: {}}", ", started: true");
    assert_eq!(
        only(&seen(&started, &events)).0,
        "does not pass its readiness probe: not yet"
    );
    assert!(seen(&started, &events[1..]).is_empty());
    let starting = container("{running: {}}", ", started: false");
    assert_eq!(
        only(&seen(&starting, &events)),
        (
            "does not pass its startup probe: its command fails and says nothing".into(),
            65
        )
    );
}

#[test]
fn a_startup_probe_that_is_answered_wrongly_needs_no_more_tries() {
    let starting = container("{running: {}}", ", started: false");
    let tolerance = |said: &str| only(&seen(&starting, &[("Unhealthy", said)])).1;
    assert_eq!(
        tolerance("Startup probe failed: HTTP probe failed with statuscode: 404"),
        15
    );
    assert_eq!(
        tolerance("Startup probe failed: HTTP probe failed with statuscode: 503"),
        65
    );
    assert_eq!(
        tolerance("Startup probe failed: Get \"http://10.0.0.7/\": connection refused"),
        65
    );
}

#[test]
fn an_attempt_of_the_scheduler_that_failed_is_followed_by_another() {
    let status = "{phase: Pending, conditions: [{type: PodScheduled, status: 'False', reason: SchedulerError, message: 'binding \
                  volumes: pod does not exist any more'}]}";
    assert_eq!(only(&seen(status, &[])).1, 60);
}

#[test]
fn a_pod_that_no_node_takes_says_why() {
    let status = "{phase: Pending, conditions: [{type: PodScheduled, status: 'False', message: '0/1 nodes are available: \
                  1 Insufficient memory.'}]}";
    assert_eq!(
        only(&seen(status, &[])),
        (
            "no node takes it: 0/1 nodes are available: 1 Insufficient memory.".into(),
            5
        )
    );
}

#[test]
fn a_volume_that_is_mounted_after_all_is_no_trouble() {
    let pending = "{phase: Pending}";
    let slow = (
        "FailedMount",
        "MountVolume.SetUp failed for volume \"passwd\" : failed to sync configmap cache: timed out",
    );
    let missing = (
        "FailedMount",
        "MountVolume.SetUp failed for volume \"tls\" : secret \"tls\" not found",
    );
    assert_eq!(only(&seen(pending, &[slow])).1, 60);
    assert_eq!(only(&seen(pending, &[missing])).1, 5);
    assert_eq!(
        seen(pending, &[missing, ("Pulled", "already present on machine")]),
        []
    );
    assert_eq!(
        only(&seen(pending, &[("Scheduled", "assigned"), missing])).0,
        format!("a volume cannot be mounted: {}", missing.1)
    );
}
