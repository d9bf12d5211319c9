//! Follows a release until its pods are ready, or until something is wrong that will not pass by itself.

use std::{collections::BTreeMap, time::Duration};

use k8s_openapi::api::batch::v1::Job;
use kube::ResourceExt;
use tokio::time::{Instant, sleep};

use super::{
    snapshot::{Snapshot, Watch},
    symptom::{Cause, Symptom, is_wrong_answer, symptoms},
    workload::{Workload, doing, hooks, newest_pods, of_release},
};

/// A rollout in which nothing changes for so long is given up, whatever the pods say.
const STANDSTILL: Duration = Duration::from_secs(300);
/// A symptom that may last so long is nothing to tell of.
const USUAL: Duration = Duration::from_secs(60);
/// Characters of a cause in a summary.
const SHORT: usize = 100;
/// How long a container without a readiness probe must run.
const STEADY: Duration = Duration::from_secs(4);
/// How often time itself is looked at, where the cluster tells nothing.
const TICK: Duration = Duration::from_millis(500);

/// Why a rollout cannot end well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Something is wrong with a pod of this workload (`Deployment photos`, `Job migrate`).
    Pod { workload: String, symptom: Symptom },
    /// The workload itself makes no progress: what its controller says.
    Workload { workload: String, said: String },
}

/// Where a release is on its way.
#[derive(Debug, Default)]
pub(crate) struct Stand {
    /// Whether everything is ready.
    pub(crate) done: bool,
    /// Whether a container has no readiness probe: it counts as ready the moment it runs.
    unprobed: bool,
    /// The pods, in a line.
    pub(crate) summary: String,
    troubles: Vec<(Trouble, Duration)>,
}

/// Remembers since when each trouble lasts.
#[derive(Default)]
pub(crate) struct Patience {
    since: BTreeMap<String, Instant>,
}

/// Waits until the workloads of a release are available. `expected` are its workloads as the cluster told of them after
/// the last change; `report` gets each new summary.
///
/// # Errors
/// The first trouble that lasts longer than it may.
pub(crate) async fn wait(
    watch: &Watch,
    release: &str,
    expected: &[Workload],
    mut report: impl FnMut(&str),
) -> Result<(), Trouble> {
    let mut patience = Patience::default();
    let mut changes = watch.changes();
    let (mut last, mut moved) = (String::new(), Instant::now());
    let mut done_since = None;
    loop {
        changes.mark_unchanged();
        let stand = stand(&watch.look(), release, expected);
        if stand.done {
            let since = *done_since.get_or_insert_with(Instant::now);
            if !stand.unprobed || since.elapsed() >= STEADY {
                return Ok(());
            }
        } else {
            done_since = None;
        }
        if let Some(trouble) = patience.lost(&stand.troubles) {
            return Err(trouble);
        }
        if stand.summary != last {
            report(&stand.summary);
            (last, moved) = (stand.summary, Instant::now());
        } else if moved.elapsed() > STANDSTILL {
            let said = format!("nothing changed for {} s: {last}", STANDSTILL.as_secs());
            return Err(Trouble::Workload {
                workload: format!("release {release}"),
                said,
            });
        }
        tokio::select! {
            _ = changes.changed() => {}
            () = sleep(TICK) => {}
        }
    }
}

/// The UIDs of the hooks that ran before.
pub(crate) fn known_hooks(watch: &Watch, release: &str) -> Vec<String> {
    hooks(&watch.look(), release)
        .iter()
        .filter_map(|job| job.uid())
        .collect()
}

/// Waits for a hook of the release that fails and is none of the `known`; never returns while none does.
pub(crate) async fn failing_hook(watch: &Watch, release: &str, known: &[String]) -> Trouble {
    let mut patience = Patience::default();
    let mut changes = watch.changes();
    loop {
        changes.mark_unchanged();
        if let Some(trouble) = patience.lost(&hook_troubles(&watch.look(), release, known)) {
            return trouble;
        }
        tokio::select! {
            _ = changes.changed() => {}
            () = sleep(TICK) => {}
        }
    }
}

/// The troubles of hooks that are not in `old`, with how long each may last.
fn hook_troubles(snapshot: &Snapshot, release: &str, old: &[String]) -> Vec<(Trouble, Duration)> {
    let new = hooks(snapshot, release)
        .into_iter()
        .filter(|job| !job.uid().is_some_and(|uid| old.contains(&uid)));
    new.flat_map(|job| of_hook(snapshot, job)).collect()
}

fn of_hook(snapshot: &Snapshot, job: &Job) -> Vec<(Trouble, Duration)> {
    let workload = format!("Job {}", job.name_any());
    let mut found = Vec::new();
    for pod in snapshot.pods_of(&job.uid().unwrap_or_default()) {
        for symptom in symptoms(snapshot, pod) {
            let tolerance = symptom.tolerance;
            found.push((
                Trouble::Pod {
                    workload: workload.clone(),
                    symptom,
                },
                tolerance,
            ));
        }
        let ended = super::symptom::containers(pod)
            .into_iter()
            .find_map(|(container, status)| {
                let ended = status.state.as_ref()?.terminated.as_ref()?;
                (ended.exit_code != 0).then(|| (container.name.clone(), ended.exit_code))
            });
        if let Some((container, code)) = ended {
            let failed = job
                .status
                .as_ref()
                .and_then(|status| status.failed)
                .unwrap_or(1)
                .max(1);
            let symptom = Symptom {
                pod: pod.name_any(),
                container: Some(container),
                cause: Cause::Ended(code, failed),
                tolerance: Duration::ZERO,
            };
            let limit = job.spec.as_ref().and_then(|spec| spec.backoff_limit).unwrap_or(6);
            // The second try tells whether the first was bad luck.
            let tolerance = if failed > limit.min(1) {
                Duration::ZERO
            } else {
                Duration::from_secs(15)
            };
            found.push((
                Trouble::Pod {
                    workload: workload.clone(),
                    symptom,
                },
                tolerance,
            ));
        }
    }
    found
}

/// Where a release is, by a look at its namespace.
pub(crate) fn stand(snapshot: &Snapshot, release: &str, expected: &[Workload]) -> Stand {
    let mut workloads = of_release(snapshot, release);
    for workload in &mut workloads {
        // A watch may tell of a change later than the answer to who made it.
        let made = expected.iter().find(|it| it.uid == workload.uid);
        workload.observed &= made.is_none_or(|made| workload.generation >= made.generation);
    }
    let known = |made: &Workload| workloads.iter().any(|it| it.uid == made.uid && it.observed);
    let mut stand = Stand {
        done: expected.iter().all(known) && workloads.iter().all(Workload::is_available),
        ..Stand::default()
    };
    stand.unprobed = workloads
        .iter()
        .flat_map(|workload| newest_pods(snapshot, workload))
        .flat_map(|pod| pod.spec.iter().flat_map(|spec| &spec.containers))
        .any(|container| container.readiness_probe.is_none());
    let (wanted, ready) = workloads.iter().fold((0, 0), |(wanted, ready), it| {
        (wanted + it.wanted, ready + it.ready.min(it.wanted))
    });
    let mut parts = vec![format!("{ready} of {wanted} ready")];
    for workload in workloads.iter().filter(|it| !it.is_available()) {
        let name = format!("{} {}", workload.kind, workload.name);
        if let Some(said) = workload.stuck.as_ref().filter(|_| workload.observed) {
            let trouble = Trouble::Workload {
                workload: name.clone(),
                said: said.clone(),
            };
            stand.troubles.push((trouble, Duration::from_secs(5)));
        }
        for pod in newest_pods(snapshot, workload) {
            let (doing, found) = (doing(pod), symptoms(snapshot, pod));
            if doing != "ready" {
                // What takes its time by nature is no news, but what a probe got is.
                let why = found
                    .first()
                    .filter(|symptom| symptom.tolerance < USUAL || matches!(symptom.cause, Cause::Probe(..)))
                    .map(|symptom| format!(" ({})", short(&symptom.cause.to_string())))
                    .unwrap_or_default();
                parts.push(format!("{}: {doing}{why}", pod.name_any()));
            }
            for symptom in found {
                let tolerance = symptom.tolerance;
                stand.troubles.push((
                    Trouble::Pod {
                        workload: name.clone(),
                        symptom,
                    },
                    tolerance,
                ));
            }
        }
    }
    stand.summary = parts.join(" · ");
    stand
}

impl Patience {
    /// The first trouble that has lasted longer than it may. What is gone starts anew when it comes back.
    fn lost(&mut self, troubles: &[(Trouble, Duration)]) -> Option<Trouble> {
        let now = Instant::now();
        let since: BTreeMap<String, Instant> = troubles
            .iter()
            .map(|(trouble, _)| {
                let key = trouble.key();
                let since = self.since.get(&key).copied().unwrap_or(now);
                (key, since)
            })
            .collect();
        self.since = since;
        let lost = |(trouble, tolerance): &&(Trouble, Duration)| {
            let since = self.since.get(&trouble.key());
            tolerance.is_zero() || since.is_some_and(|since| now.duration_since(*since) >= *tolerance)
        };
        troubles.iter().find(lost).map(|(trouble, _)| trouble.clone())
    }
}

impl Trouble {
    /// The same for the same trouble, however its words change.
    fn key(&self) -> String {
        match self {
            Self::Pod { symptom, .. } => {
                let cause = std::mem::discriminant(&symptom.cause);
                // A server that is not there yet and one that answers wrongly are two troubles.
                let answer = match &symptom.cause {
                    Cause::Probe(which, said) => format!(" {which} {}", is_wrong_answer(said)),
                    _ => String::new(),
                };
                format!("{} {:?} {cause:?}{answer}", symptom.pod, symptom.container)
            }
            Self::Workload { workload, .. } => workload.clone(),
        }
    }
}

/// The beginning of a text.
fn short(text: &str) -> String {
    match text.char_indices().nth(SHORT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The broken pods of older versions that StatefulSets of a release wait for, as UID and name.
pub(crate) fn blocking(snapshot: &Snapshot, release: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for workload in of_release(snapshot, release)
        .iter()
        .filter(|it| it.kind == "StatefulSet" && it.observed && !it.is_available())
    {
        let newest: Vec<Option<String>> = newest_pods(snapshot, workload)
            .into_iter()
            .map(ResourceExt::uid)
            .collect();
        let old = snapshot
            .pods_of(&workload.uid)
            .filter(|pod| !newest.contains(&pod.uid()));
        let broken = old.filter(|pod| !symptoms(snapshot, pod).is_empty());
        found.extend(broken.filter_map(|pod| Some((pod.uid()?, pod.name_any()))));
    }
    found
}

#[cfg(test)]
mod tests;
