//! What a pod is doing, in the words that a person looks for: phase, readiness, the reason why it is not ready, restarts.

use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use serde::Serialize;

/// A pod at a glance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct PodState {
    pub(crate) name: String,
    /// `Pending`, `Running`, `Succeeded`, `Failed`, `Unknown`.
    pub(crate) phase: String,
    pub(crate) ready: bool,
    /// Why it is not ready: `ImagePullBackOff`, `CrashLoopBackOff`, `OOMKilled`, `Unschedulable`, `Terminating`,
    /// `NodeStarting`.
    pub(crate) reason: Option<String>,
    #[serde(skip)]
    pub(crate) restarts: u32,
}

impl PodState {
    /// Looks at what the cluster says of a pod.
    pub(crate) fn of(pod: &Pod) -> Self {
        let status = pod.status.as_ref();
        let condition = |kind: &str| {
            let mut conditions = status
                .iter()
                .flat_map(|status| status.conditions.iter().flatten());
            conditions.find(|condition| condition.type_ == kind)
        };
        let ready = condition("Ready").is_some_and(|ready| ready.status == "True");
        let statuses = |init: bool| {
            let found = status.and_then(|status| {
                if init {
                    status.init_container_statuses.as_ref()
                } else {
                    status.container_statuses.as_ref()
                }
            });
            found.into_iter().flatten()
        };
        let restarts: i32 = statuses(false).map(|container| container.restart_count).sum();
        let reason = if pod.metadata.deletion_timestamp.is_some() {
            Some("Terminating".to_owned())
        } else if ready {
            None
        } else {
            let scheduled = condition("PodScheduled").filter(|scheduled| scheduled.status == "False");
            scheduled
                .and_then(|scheduled| scheduled.reason.clone())
                .or_else(|| statuses(true).find_map(reason))
                .or_else(|| statuses(false).find_map(reason))
                .or_else(|| status.and_then(|status| status.reason.clone()))
                .or_else(|| {
                    condition("Ready")
                        .filter(|ready| ready.status == "Unknown")?
                        .reason
                        .clone()
                })
        };
        Self {
            name: pod.metadata.name.clone().unwrap_or_default(),
            phase: status
                .and_then(|status| status.phase.clone())
                .unwrap_or_else(|| "Unknown".to_owned()),
            ready,
            reason,
            restarts: u32::try_from(restarts).unwrap_or_default(),
        }
    }

    /// Whether it has done its work and ended, as the pods of jobs and tests do.
    pub(crate) fn is_over(&self) -> bool {
        self.phase == "Succeeded"
    }
}

/// Why a container is not ready, if it says so.
fn reason(container: &ContainerStatus) -> Option<String> {
    if container.ready {
        return None;
    }
    let state = container.state.as_ref()?;
    if let Some(waiting) = &state.waiting {
        return waiting.reason.clone();
    }
    if let Some(ended) = &state.terminated {
        return match ended.reason.as_deref() {
            Some("Completed") | None if ended.exit_code == 0 => None,
            Some(reason) => Some(reason.to_owned()),
            None => Some(format!("exit code {}", ended.exit_code)),
        };
    }
    None
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(status: &serde_json::Value) -> PodState {
        let pod = json!({"metadata": {"name": "photos-1"}, "status": status});
        PodState::of(&serde_json::from_value(pod).unwrap())
    }

    fn container(state: &serde_json::Value) -> serde_json::Value {
        json!({"name": "c", "ready": false, "restartCount": 3, "image": "i", "imageID": "", "state": state})
    }

    #[test]
    fn a_ready_pod_has_no_reason() {
        let state = pod(&json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}));
        assert_eq!(
            (state.phase.as_str(), state.ready, state.reason),
            ("Running", true, None)
        );
    }

    #[test]
    fn the_first_cause_is_the_reason() {
        let waiting = container(&json!({"waiting": {"reason": "ImagePullBackOff"}}));
        let state = pod(&json!({"phase": "Pending", "containerStatuses": [waiting]}));
        assert_eq!(
            (state.reason.as_deref(), state.restarts),
            (Some("ImagePullBackOff"), 3)
        );
        let killed = container(&json!({"terminated": {"exitCode": 137, "reason": "OOMKilled"}}));
        let state = pod(&json!({"phase": "Running", "containerStatuses": [killed]}));
        assert_eq!(state.reason.as_deref(), Some("OOMKilled"));
        let unscheduled = json!([{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]);
        let state = pod(&json!({"phase": "Pending", "conditions": unscheduled}));
        assert_eq!(state.reason.as_deref(), Some("Unschedulable"));
    }
}
