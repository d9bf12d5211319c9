//! What keeps a pod from becoming ready, read from the objects of a namespace alone. Nothing here asks the cluster.
//!
//! A symptom says how long it may last before it is a cause: a missing image is one at once, an unschedulable pod only
//! after a while in which other pods may go.

use std::{fmt, time::Duration};

use k8s_openapi::api::core::v1::{
    Container, ContainerState, ContainerStateTerminated, ContainerStatus, Event, PersistentVolumeClaim, Pod,
    Probe,
};
use kube::ResourceExt;

use super::snapshot::Snapshot;

/// The exit code of an app whose configuration is wrong.
const CONFIG_FAULT: i32 = 2;
/// The exit code of a process that was killed with SIGKILL.
const KILLED: i32 = 137;

/// How a kubelet tells which status a probe was answered with, and the one that a server gives while it starts.
const STATUS: &str = "HTTP probe failed with statuscode:";
const NOT_YET: &str = "503";
/// How many seconds a startup probe may be answered with a status that will not change by itself.
const WRONG_ANSWER: u64 = 15;

/// Something that is wrong with a pod, or with what it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Symptom {
    pub(crate) pod: String,
    /// The container, if it is about one.
    pub(crate) container: Option<String>,
    pub(crate) cause: Cause,
    /// How long it may last.
    pub(crate) tolerance: Duration,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The container's image cannot be had: the image, and what the node says.
    Image(String, String),
    /// The container cannot be made: a Secret or ConfigMap that is not there, a program that is not in the image.
    NotMade(String),
    /// The container ended by itself with this code, so many times.
    Ended(i32, i32),
    /// A process of the container was killed for want of memory; the container's limit.
    Memory(Option<String>),
    /// A probe does not pass: which one, and what it got.
    Probe(&'static str, String),
    /// No node takes the pod: why.
    Unschedulable(String),
    /// A claim for storage is not met: its name, and why.
    Claim(String, String),
    /// A volume cannot be mounted.
    Mount(String),
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Image(image, said) => write!(f, "the image {image} cannot be had: {said}"),
            Self::NotMade(said) => write!(f, "cannot be started: {said}"),
            Self::Ended(CONFIG_FAULT, _) => {
                write!(
                    f,
                    "ended with exit code {CONFIG_FAULT}: its configuration is wrong"
                )
            }
            Self::Ended(code, 1) => write!(f, "ended with exit code {code}"),
            Self::Ended(code, times) => write!(f, "ended with exit code {code}, {times} times"),
            Self::Memory(Some(limit)) => write!(f, "was killed for want of memory: its limit is {limit}"),
            Self::Memory(None) => f.write_str("was killed for want of memory: the node has no more"),
            Self::Probe(which, said) => write!(f, "does not pass its {which} probe: {said}"),
            Self::Unschedulable(said) => write!(f, "no node takes it: {said}"),
            Self::Claim(claim, said) => write!(f, "the volume claim {claim} is not met: {said}"),
            Self::Mount(said) => write!(f, "a volume cannot be mounted: {said}"),
        }
    }
}

/// What a kubelet says of volumes that a pod does not get.
const MOUNTS: [&str; 2] = ["FailedMount", "FailedAttachVolume"];

/// All symptoms of a pod, the one that the others follow from first.
pub(crate) fn symptoms(snapshot: &Snapshot, pod: &Pod) -> Vec<Symptom> {
    if pod.metadata.deletion_timestamp.is_some() {
        return Vec::new();
    }
    let events = snapshot.events_of(&pod.uid().unwrap_or_default());
    let mut found = Vec::new();
    let mut add = |container: Option<&str>, cause: Cause, seconds: u64| {
        found.push(Symptom {
            pod: pod.name_any(),
            container: container.map(str::to_owned),
            cause,
            tolerance: Duration::from_secs(seconds),
        });
    };
    for claim in snapshot.claims_of(pod) {
        if let Some((said, seconds)) = unmet(snapshot, claim) {
            add(None, Cause::Claim(claim.name_any(), said), seconds);
        }
    }
    if let Some((said, is_attempt)) = unschedulable(pod) {
        let leaving = snapshot
            .pods
            .iter()
            .any(|pod| pod.metadata.deletion_timestamp.is_some());
        // The scheduler says so too while a volume is being made, while pods that leave still hold their place, and of an
        // attempt of its own that failed, after which it makes another.
        let seconds = if is_attempt || leaving || said.contains("PersistentVolumeClaim") {
            60
        } else {
            5
        };
        add(None, Cause::Unschedulable(said), seconds);
    }
    // A node that goes on to its images has mounted everything.
    if let Some(event) = newest(
        &events,
        &[&MOUNTS[..], &["Pulling", "Pulled", "Created"]].concat(),
    ) && MOUNTS.contains(&event.reason.as_deref().unwrap_or_default())
        && pod.status.as_ref().and_then(|status| status.phase.as_deref()) == Some("Pending")
    {
        let said = message(event);
        // A kubelet that has not heard of a ConfigMap or Secret in a second asks again.
        let seconds = if said.contains("failed to sync") { 60 } else { 5 };
        add(None, Cause::Mount(said), seconds);
    }
    for (container, status) in containers(pod) {
        if let Some((cause, seconds)) = of_container(container, status, &events) {
            add(Some(&container.name), cause, seconds);
        }
    }
    found
}

fn of_container(container: &Container, status: &ContainerStatus, events: &[&Event]) -> Option<(Cause, u64)> {
    let state = status.state.as_ref()?;
    let waiting = state.waiting.as_ref();
    let reason = waiting
        .and_then(|waiting| waiting.reason.as_deref())
        .unwrap_or_default();
    let said = || {
        waiting
            .and_then(|waiting| waiting.message.clone())
            .unwrap_or_else(|| reason.to_owned())
    };
    match reason {
        "ErrImagePull" | "ImagePullBackOff" | "InvalidImageName" | "ErrImageNeverPull" => {
            let (said, seconds) = image(&said(), reason, events);
            return Some((Cause::Image(status.image.clone(), said), seconds));
        }
        "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError" => {
            return Some((Cause::NotMade(said()), 3));
        }
        _ => {}
    }
    if let Some(ended) = terminated(state).or_else(|| terminated(status.last_state.as_ref()?)) {
        let killed = newest(events, &["Killing"])
            .map(message)
            .filter(|text| text.contains("probe"));
        if killed.is_none() && (ended.reason.as_deref() == Some("OOMKilled") || ended.exit_code == KILLED) {
            return Some((Cause::Memory(memory_limit(container)), 0));
        }
        if let Some(text) = killed {
            let which = if text.contains("startup") {
                "startup"
            } else {
                "liveness"
            };
            let said = unhealthy(events, container, which).unwrap_or(text);
            return Some((Cause::Probe(which, said), 0));
        }
        // The first time it may have met something that was not there yet; a wrong configuration stays wrong.
        let again = reason == "CrashLoopBackOff" && status.restart_count > 0;
        if !status.ready && (again || ended.exit_code == CONFIG_FAULT) {
            return Some((
                Cause::Ended(ended.exit_code, status.restart_count + i32::from(!again)),
                0,
            ));
        }
    }
    let running = state.running.is_some() && !status.ready;
    let (which, probe) = if status.started == Some(false) {
        ("startup", container.startup_probe.as_ref()?)
    } else {
        ("readiness", container.readiness_probe.as_ref()?)
    };
    let said = unhealthy(events, container, which).filter(|_| running)?;
    let seconds = if which == "startup" && is_wrong_answer(&said) {
        budget(probe).min(WRONG_ANSWER)
    } else {
        budget(probe)
    };
    Some((Cause::Probe(which, said), seconds))
}

/// Whether the app has answered, and with something else than "not yet": whoever serves another path or wants a login
/// goes on doing so.
pub(super) fn is_wrong_answer(said: &str) -> bool {
    said.split_once(STATUS)
        .is_some_and(|(_, status)| status.trim() != NOT_YET)
}

/// How long a probe may fail: what it allows itself, and some seconds.
fn budget(probe: &Probe) -> u64 {
    let number = |value: Option<i32>, fallback| u64::try_from(value.unwrap_or(fallback)).unwrap_or_default();
    let tries = number(probe.period_seconds, 10) * number(probe.failure_threshold, 3);
    (number(probe.initial_delay_seconds, 0) + tries + 5).max(10)
}

/// The containers of a pod with their states, those that run first in front.
pub(super) fn containers(pod: &Pod) -> Vec<(&Container, &ContainerStatus)> {
    let (Some(spec), Some(status)) = (&pod.spec, &pod.status) else {
        return Vec::new();
    };
    let inits = spec.init_containers.iter().flatten();
    let states: Vec<&ContainerStatus> = status
        .init_container_statuses
        .iter()
        .flatten()
        .chain(status.container_statuses.iter().flatten())
        .collect();
    inits
        .chain(&spec.containers)
        .filter_map(|container| {
            let state = states.iter().find(|state| state.name == container.name)?;
            Some((container, *state))
        })
        .collect()
}

fn terminated(state: &ContainerState) -> Option<&ContainerStateTerminated> {
    state.terminated.as_ref().filter(|ended| ended.exit_code != 0)
}

/// What the node says about an image, and how long that may last: a name that no registry knows stays unknown.
fn image(said: &str, reason: &str, events: &[&Event]) -> (String, u64) {
    let pull = events
        .iter()
        .rev()
        .filter(|event| event.reason.as_deref() == Some("Failed"))
        .map(|event| message(event))
        .find(|text| text.contains("pull"));
    let text = if reason == "ImagePullBackOff" {
        pull.unwrap_or_else(|| said.to_owned())
    } else {
        said.to_owned()
    };
    let last = text.rsplit("failed to resolve reference").next().unwrap_or(&text);
    let short = if last.contains("not found") {
        "the registry does not have it".to_owned()
    } else {
        // The last part is what went wrong; those before say in which call of which.
        last.rsplit_once("failed to do request: ")
            .map_or(last, |(_, why)| why)
            .trim()
            .to_owned()
    };
    let hopeless = ["not found", "manifest unknown", "denied", "unauthorized"];
    let at_once = reason.starts_with("InvalidImage")
        || reason == "ErrImageNeverPull"
        || hopeless.iter().any(|word| text.contains(word));
    (short, if at_once { 0 } else { 20 })
}

fn memory_limit(container: &Container) -> Option<String> {
    let limits = container.resources.as_ref()?.limits.as_ref()?;
    limits.get("memory").map(|quantity| quantity.0.clone())
}

/// What the scheduler says, and whether it speaks of an attempt only, and not of the nodes.
fn unschedulable(pod: &Pod) -> Option<(String, bool)> {
    let conditions = pod.status.as_ref()?.conditions.as_ref()?;
    let condition = conditions
        .iter()
        .find(|condition| condition.type_ == "PodScheduled" && condition.status == "False")?;
    let is_attempt = condition.reason.as_deref() == Some("SchedulerError");
    Some((condition.message.clone().unwrap_or_default(), is_attempt))
}

/// Why a claim is not bound, and how long that may last.
fn unmet(snapshot: &Snapshot, claim: &PersistentVolumeClaim) -> Option<(String, u64)> {
    if claim.status.as_ref()?.phase.as_deref() != Some("Pending") {
        return None;
    }
    let events = snapshot.events_of(&claim.uid().unwrap_or_default());
    Some(match newest(&events, &["ProvisioningFailed", "FailedBinding"]) {
        Some(event) => (message(event), 2),
        None => (
            events.last().map_or_else(
                || "nothing makes a volume for it".to_owned(),
                |event| message(event),
            ),
            60,
        ),
    })
}

/// What this probe of this container got last.
fn unhealthy(events: &[&Event], container: &Container, which: &str) -> Option<String> {
    let begin = format!("{which} probe ");
    let place = format!("{{{}}}", container.name);
    let mut texts = events.iter().rev().filter_map(|event| {
        let path = event.involved_object.field_path.as_deref();
        let own = path.is_none_or(|path| path.ends_with(&place));
        let unhealthy = event.reason.as_deref() == Some("Unhealthy");
        (own && unhealthy).then(|| message(event))
    });
    let text = texts.find(|text| text.to_lowercase().starts_with(&begin))?;
    let said = text.split_once("failed:").map_or(text.as_str(), |(_, why)| why);
    Some(match said.trim() {
        "" => "its command fails and says nothing".to_owned(),
        said => said.to_owned(),
    })
}

fn newest<'e>(events: &[&'e Event], reasons: &[&str]) -> Option<&'e Event> {
    let about = |event: &&&Event| {
        event
            .reason
            .as_deref()
            .is_some_and(|reason| reasons.contains(&reason))
    };
    events.iter().rev().find(about).copied()
}

fn message(event: &Event) -> String {
    event.message.clone().unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests;
