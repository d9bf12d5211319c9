//! The digest of a failed rollout: the first cause, what the cluster says about the pod, its last lines, and the file to
//! look at.

use std::path::PathBuf;

use k8s_openapi::api::core::v1::{Event, Pod};
use kube::{Api, Client, ResourceExt, api::LogParams};

use super::{
    rollout::Trouble,
    snapshot::Snapshot,
    symptom::{Cause, Symptom},
};
use crate::outcome::Failure;

/// How many of the last lines of a container, and of the last events, are shown.
const LINES: usize = 12;
const EVENTS: usize = 8;

/// The files that a release is made of, as messages name them.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    /// Of the chart.
    pub(crate) chart: PathBuf,
    /// The values of the stage.
    pub(crate) values: PathBuf,
    /// The environment of the stage.
    pub(crate) env: PathBuf,
    /// What was installed, each document under the name of its template.
    pub(crate) manifest: String,
}

/// What is known about a failed rollout.
#[derive(Debug)]
pub(crate) struct Diagnosis {
    release: String,
    trouble: Trouble,
    events: Vec<String>,
    log: Vec<String>,
    look: String,
}

impl Diagnosis {
    /// Collects what the namespace and the container's log say about a trouble.
    pub(crate) async fn make(
        client: &Client,
        namespace: &str,
        snapshot: &Snapshot,
        release: &str,
        trouble: Trouble,
        files: &Files,
    ) -> Self {
        let (mut events, mut log) = (Vec::new(), Vec::new());
        if let Trouble::Pod { symptom, .. } = &trouble {
            let pod = snapshot.pods.iter().find(|pod| pod.name_any() == symptom.pod);
            if let Some(pod) = pod {
                events = told(snapshot, pod);
                log = last_lines(client, namespace, pod, symptom).await;
            }
        }
        let look = place(&trouble, files);
        Self {
            release: release.to_owned(),
            trouble,
            events,
            log,
            look,
        }
    }

    /// The error that ends the deploy.
    pub(crate) fn failure(&self) -> Failure {
        let mut because = match &self.trouble {
            Trouble::Pod { workload, symptom } => {
                let Symptom {
                    pod,
                    container,
                    cause,
                    ..
                } = symptom;
                let container = container
                    .as_ref()
                    .map(|name| format!("container {name} of "))
                    .unwrap_or_default();
                // An exit code alone says nothing.
                let last = last_words(&self.log).filter(|_| matches!(cause, Cause::Ended(..)));
                let last = last.map(|line| format!(": {line}")).unwrap_or_default();
                format!("{container}pod {pod} ({workload}): {cause}{last}")
            }
            Trouble::Workload { workload, said } => format!("{workload}: {said}"),
        };
        let mut section = |title: &str, lines: &[String]| {
            if !lines.is_empty() {
                because.push_str(&format!("\n{title}:"));
                lines
                    .iter()
                    .for_each(|line| because.push_str(&format!("\n  {line}")));
            }
        };
        section("events", &self.events);
        section("last lines", &self.log);
        Failure::failed(format!("{} cannot be rolled out", self.release))
            .because(because)
            .advise(&self.look)
    }
}

/// Why a program ended, most often: its last line that calls itself an error, else its last line; what is indented belongs to
/// the line above.
fn last_words(log: &[String]) -> Option<&str> {
    let spoken = || log.iter().rev().filter(|line| !line.trim().is_empty());
    let is_error = |line: &&String| line.to_ascii_lowercase().starts_with("error:");
    let is_whole = |line: &&String| !line.starts_with([' ', '\t']);
    let found = spoken().find(is_error).or_else(|| spoken().find(is_whole));
    found.or_else(|| spoken().next()).map(|line| line.trim())
}

/// What the cluster says about a pod and its claims, the newest last.
fn told(snapshot: &Snapshot, pod: &Pod) -> Vec<String> {
    let uids = std::iter::once(pod.uid()).chain(snapshot.claims_of(pod).into_iter().map(ResourceExt::uid));
    let events: Vec<&Event> = uids.flatten().flat_map(|uid| snapshot.events_of(&uid)).collect();
    let mut lines: Vec<String> = Vec::new();
    for event in events {
        let line = line(event);
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines.split_off(lines.len().saturating_sub(EVENTS))
}

fn line(event: &Event) -> String {
    let reason = event.reason.as_deref().unwrap_or_default();
    let message = event
        .message
        .as_deref()
        .unwrap_or_default()
        .trim()
        .replace('\n', " ");
    let count = event
        .series
        .as_ref()
        .and_then(|series| series.count)
        .or(event.count)
        .unwrap_or(1);
    let times = if count > 1 {
        format!(" ({count} times)")
    } else {
        String::new()
    };
    format!("{reason}{times}: {message}")
}

/// The last lines of the container, of its last run if it does not run now.
async fn last_lines(client: &Client, namespace: &str, pod: &Pod, symptom: &Symptom) -> Vec<String> {
    let Some(container) = &symptom.container else {
        return Vec::new();
    };
    let never_ran = matches!(
        symptom.cause,
        Cause::Image(..) | Cause::NotMade(_) | Cause::Mount(_)
    );
    if never_ran {
        return Vec::new();
    }
    let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
    for previous in [false, true] {
        let params = LogParams {
            container: Some(container.clone()),
            previous,
            tail_lines: i64::try_from(LINES).ok(),
            ..LogParams::default()
        };
        let text = pods.logs(&pod.name_any(), &params).await.unwrap_or_default();
        if !text.trim().is_empty() {
            return text.lines().map(|line| line.trim_end().to_owned()).collect();
        }
    }
    vec!["(it printed nothing)".to_owned()]
}

/// The file that has what must change, and what that is.
fn place(trouble: &Trouble, files: &Files) -> String {
    let values = files.values.display();
    let (workload, cause) = match trouble {
        Trouble::Pod { workload, symptom } => (workload, &symptom.cause),
        Trouble::Workload { workload, .. } => {
            return format!("look at {} and {values}", template(files, workload).display());
        }
    };
    let template = template(files, workload);
    let template = template.display();
    match cause {
        Cause::Image(..) => format!("look at `image` in {values}, and whether the registry has it"),
        Cause::NotMade(_) | Cause::Mount(_) => format!("look at {template}: it names what is not there"),
        Cause::Ended(2, _) => format!(
            "correct what its last lines name: it comes from {}, or from your own environment, as `cargo xtask env why` tells",
            files.env.display()
        ),
        Cause::Ended(..) => format!("read its last lines; it is started by {template}"),
        Cause::Memory(_) => format!("raise `resources.limits.memory` in {values}"),
        Cause::Probe(..) => format!("look at its probes in {template}, and at its last lines"),
        Cause::Unschedulable(_) => {
            format!("look at `resources.requests` and `replicas` in {values}, and at the cluster's nodes")
        }
        Cause::Claim(..) => format!("look at the storage class in {template}, and at the size in {values}"),
    }
}

/// The template that a workload comes from, by the comment that helm puts over each document.
fn template(files: &Files, workload: &str) -> PathBuf {
    let (kind, name) = workload.split_once(' ').unwrap_or((workload, ""));
    let is_it = |document: &str| {
        let text =
            |value: &serde_json::Value, pointer: &str| value.pointer(pointer)?.as_str().map(str::to_owned);
        let object: Option<serde_json::Value> = serde_yaml::from_str(document).ok();
        object.is_some_and(|object| {
            text(&object, "/kind").as_deref() == Some(kind)
                && text(&object, "/metadata/name").as_deref() == Some(name)
        })
    };
    let documents = format!("\n{}", files.manifest);
    let found = documents.split("\n---").find(|document| is_it(document));
    let source = found.and_then(|document| document.lines().find_map(|line| line.strip_prefix("# Source: ")));
    let path = source.and_then(|path| path.split_once('/')).map(|(_, path)| path);
    files.chart.join(path.unwrap_or("templates"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_digest_is_the_cause_the_events_the_last_lines_and_the_file() {
        let files = Files {
            chart: "clusters/hmlet/photos/chart".into(),
            values: "clusters/hmlet/photos/values/local/backend.yaml".into(),
            env: "envs/hmlet/local.yaml".into(),
            manifest: "---\n# Source: photos/templates/service.yaml\nkind: Service\nmetadata:\n  name: photos\n---\n\
                       # Source: photos/templates/deployment.yaml\nkind: Deployment\nmetadata: {name: photos}\n"
                .into(),
        };
        let trouble = |cause| Trouble::Pod {
            workload: "Deployment photos".into(),
            symptom: Symptom {
                pod: "photos-7d9f-x2".into(),
                container: Some("photos".into()),
                cause,
                tolerance: Duration::ZERO,
            },
        };
        let diagnosis = Diagnosis {
            release: "photos".into(),
            look: place(&trouble(Cause::Ended(2, 1)), &files),
            trouble: trouble(Cause::Ended(2, 1)),
            events: vec!["BackOff (3 times): Back-off restarting failed container".into()],
            log: vec!["error: PS_STORE_URL: is missing".into()],
        };
        let failure = diagnosis.failure();
        assert_eq!(failure.to_string(), "photos cannot be rolled out");
        assert_eq!(
            failure.why(),
            "container photos of pod photos-7d9f-x2 (Deployment photos): ended with exit code 2: its configuration is wrong: \
             error: PS_STORE_URL: is missing\n\
             events:\n  BackOff (3 times): Back-off restarting failed container\n\
             last lines:\n  error: PS_STORE_URL: is missing"
        );
        let probe = trouble(Cause::Probe("readiness", "refused".into()));
        assert_eq!(
            place(&probe, &files),
            "look at its probes in clusters/hmlet/photos/chart/templates/deployment.yaml, and at its last lines"
        );
        let claim = trouble(Cause::Claim("data-0".into(), "none".into()));
        assert_eq!(
            place(&claim, &files),
            "look at the storage class in clusters/hmlet/photos/chart/templates/deployment.yaml, and at the size in \
             clusters/hmlet/photos/values/local/backend.yaml"
        );
    }

    #[test]
    fn a_program_ends_for_its_last_error_whatever_it_says_behind_it() {
        let said = |text: &str| {
            let log: Vec<String> = text.lines().map(str::to_owned).collect();
            last_words(&log).map(str::to_owned)
        };
        let error = "error: unrecognized subcommand 'migrat'";
        let usage =
            format!("error: older\n{error}\n\nUsage: photos\n\nFor more information, try '--help'.\n");
        assert_eq!(said(&usage).as_deref(), Some(error));
        assert_eq!(said("starting\nkilled\n\n").as_deref(), Some("killed"));
        let refused = "photos: connection refused\n\tIs the server running?\n";
        assert_eq!(said(refused).as_deref(), Some("photos: connection refused"));
        assert_eq!(said("\n"), None);
    }
}
