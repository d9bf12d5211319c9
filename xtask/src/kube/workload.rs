//! The workloads of a helm release, alike for Deployments, StatefulSets and DaemonSets: how many pods are wanted, how many
//! are of the newest version and ready, and which those are.

use std::sync::Arc;

use k8s_openapi::api::{
    apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet},
    batch::v1::Job,
    core::v1::Pod,
};
use kube::{Api, Client, ResourceExt, api::ListParams};

use super::{Connection, snapshot::Snapshot, starts::Starts, symptom::containers};

/// The annotation by which helm marks what belongs to a release.
pub(crate) const RELEASE: &str = "meta.helm.sh/release-name";
const HOOK: &str = "helm.sh/hook";
const REVISION: &str = "deployment.kubernetes.io/revision";
/// By these the controller of a DaemonSet and its pods name the version of the template.
const TEMPLATE: &str = "deprecated.daemonset.template.generation";
const TEMPLATE_OF_POD: &str = "pod-template-generation";

/// A workload as a snapshot shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Workload {
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    pub(crate) uid: String,
    /// Counts the changes of what is wanted.
    pub(crate) generation: i64,
    /// Whether its controller has seen the last change: before, its newest pods are those of the version before.
    pub(crate) observed: bool,
    /// Whether its controller has seen the last change, and no pod of an older version is left.
    pub(crate) settled: bool,
    /// Pods that it wants.
    pub(crate) wanted: i32,
    /// Pods of the newest version that are ready.
    pub(crate) ready: i32,
    /// What keeps its controller from making pods, or why it has given up.
    pub(crate) stuck: Option<String>,
}

impl Workload {
    /// Whether all pods are of the newest version and ready.
    pub(crate) fn is_available(&self) -> bool {
        self.settled && self.ready >= self.wanted
    }
}

/// The workloads of a release, by kind and name.
pub(crate) fn of_release(snapshot: &Snapshot, release: &str) -> Vec<Workload> {
    let deployments = snapshot
        .deployments
        .iter()
        .filter(|it| belongs(it.as_ref(), release));
    let sets = snapshot
        .stateful_sets
        .iter()
        .filter(|it| belongs(it.as_ref(), release));
    let daemons = snapshot
        .daemon_sets
        .iter()
        .filter(|it| belongs(it.as_ref(), release));
    let mut all: Vec<Workload> = deployments
        .map(|it| deployment(it))
        .chain(sets.map(|it| stateful_set(it)))
        .chain(daemons.map(|it| daemon_set(it)))
        .collect();
    all.sort_by(|one, other| (one.kind, &one.name).cmp(&(other.kind, &other.name)));
    for workload in &mut all {
        // A controller that is starting itself still counts the pods of before.
        let ready = newest_pods(snapshot, workload)
            .into_iter()
            .filter(|pod| is_ready(pod) && pod.metadata.deletion_timestamp.is_none())
            .count();
        workload.ready = workload.ready.min(i32::try_from(ready).unwrap_or(i32::MAX));
    }
    all
}

/// Asks a cluster for the workloads of its namespace and their pods: what a watch may not know yet. Pods of which their node
/// has not told since its start are not ready.
///
/// # Errors
/// When the cluster cannot be asked.
pub(crate) async fn look(connection: &Connection) -> anyhow::Result<Snapshot> {
    let starts = async { Ok(Starts::ask(connection).await) };
    let (mut snapshot, starts) = tokio::try_join!(read(&connection.client, &connection.namespace), starts)
        .map_err(|error| connection.failed("reading the workloads", &error))?;
    let pods = snapshot.pods.iter_mut().map(Arc::make_mut);
    starts.doubt(pods);
    Ok(snapshot)
}

/// The same, as the cluster tells it.
///
/// # Errors
/// When the cluster cannot be asked.
pub(crate) async fn read(client: &Client, namespace: &str) -> kube::Result<Snapshot> {
    let all = ListParams::default();
    let (deployments, sets, daemons, replica_sets, pods) = (
        Api::<Deployment>::namespaced(client.clone(), namespace),
        Api::<StatefulSet>::namespaced(client.clone(), namespace),
        Api::<DaemonSet>::namespaced(client.clone(), namespace),
        Api::<ReplicaSet>::namespaced(client.clone(), namespace),
        Api::<Pod>::namespaced(client.clone(), namespace),
    );
    let (deployments, sets, daemons, replica_sets, pods) = tokio::try_join!(
        deployments.list(&all),
        sets.list(&all),
        daemons.list(&all),
        replica_sets.list(&all),
        pods.list(&all)
    )?;
    Ok(Snapshot {
        deployments: deployments.items.into_iter().map(Into::into).collect(),
        stateful_sets: sets.items.into_iter().map(Into::into).collect(),
        daemon_sets: daemons.items.into_iter().map(Into::into).collect(),
        replica_sets: replica_sets.items.into_iter().map(Into::into).collect(),
        pods: pods.items.into_iter().map(Into::into).collect(),
        ..Snapshot::default()
    })
}

/// The pods of the newest version of a workload; none as long as its controller has not seen that version.
pub(crate) fn newest_pods<'s>(snapshot: &'s Snapshot, workload: &Workload) -> Vec<&'s Pod> {
    if !workload.observed {
        return Vec::new();
    }
    match workload.kind {
        "Deployment" => {
            let deployment = snapshot
                .deployments
                .iter()
                .find(|it| it.uid().as_deref() == Some(workload.uid.as_str()));
            let revision = deployment.and_then(|it| it.annotations().get(REVISION));
            let set = snapshot.replica_sets.iter().find(|set| {
                let owners = set.metadata.owner_references.iter().flatten();
                owners.into_iter().any(|owner| owner.uid == workload.uid)
                    && revision.is_some()
                    && set.annotations().get(REVISION) == revision
            });
            let uid = set.and_then(|set| set.uid()).unwrap_or_default();
            snapshot.pods_of(&uid).collect()
        }
        "StatefulSet" => {
            let set = snapshot
                .stateful_sets
                .iter()
                .find(|it| it.uid().as_deref() == Some(workload.uid.as_str()));
            let revision = set.and_then(|it| it.status.as_ref()?.update_revision.as_ref());
            let newest = |pod: &&Pod| pod.labels().get("controller-revision-hash") == revision;
            snapshot.pods_of(&workload.uid).filter(newest).collect()
        }
        _ => {
            let set = snapshot
                .daemon_sets
                .iter()
                .find(|it| it.uid().as_deref() == Some(workload.uid.as_str()));
            let template = set.and_then(|it| it.annotations().get(TEMPLATE));
            let newest = |pod: &&Pod| template.is_none() || pod.labels().get(TEMPLATE_OF_POD) == template;
            snapshot.pods_of(&workload.uid).filter(newest).collect()
        }
    }
}

/// The jobs that helm runs before or after a release, tests aside.
pub(crate) fn hooks<'s>(snapshot: &'s Snapshot, release: &str) -> Vec<&'s Job> {
    let ours = |job: &&Job| {
        let instance = job.labels().get("app.kubernetes.io/instance");
        job.annotations()
            .get(HOOK)
            .is_some_and(|hook| !hook.contains("test"))
            && instance.is_none_or(|instance| instance == release)
    };
    snapshot.jobs.iter().map(AsRef::as_ref).filter(ours).collect()
}

/// What a pod is doing, in a few words.
pub(crate) fn doing(pod: &Pod) -> String {
    if pod.metadata.deletion_timestamp.is_some() {
        return "stopping".to_owned();
    }
    if is_ready(pod) {
        return "ready".to_owned();
    }
    for (container, status) in containers(pod) {
        let Some(state) = &status.state else { continue };
        if let Some(waiting) = &state.waiting {
            return waiting.reason.clone().unwrap_or_else(|| "waiting".to_owned());
        }
        if let Some(ended) = state.terminated.as_ref().filter(|ended| ended.exit_code != 0) {
            return format!("{} ended with exit code {}", container.name, ended.exit_code);
        }
        if state.running.is_some() && !status.ready {
            return format!("{} runs, not ready yet", container.name);
        }
    }
    let phase = pod.status.as_ref().and_then(|status| status.phase.clone());
    phase.unwrap_or_else(|| "new".to_owned())
}

fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_ref());
    conditions
        .into_iter()
        .flatten()
        .any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

/// Whether an object is of a release.
pub(crate) fn belongs(object: &impl ResourceExt, release: &str) -> bool {
    object
        .annotations()
        .get(RELEASE)
        .is_some_and(|name| name == release)
}

fn deployment(it: &Deployment) -> Workload {
    let wanted = it.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
    let status = it.status.clone().unwrap_or_default();
    let generation = it.metadata.generation.unwrap_or_default();
    let updated = status.updated_replicas.unwrap_or_default();
    let observed = status.observed_generation.unwrap_or_default() >= generation;
    let conditions = status.conditions.unwrap_or_default();
    let stuck = conditions.iter().find(|condition| {
        (condition.type_ == "ReplicaFailure" && condition.status == "True")
            || (condition.type_ == "Progressing" && condition.status == "False")
    });
    Workload {
        kind: "Deployment",
        name: it.name_any(),
        uid: it.uid().unwrap_or_default(),
        generation,
        observed,
        settled: observed && updated >= wanted && status.replicas.unwrap_or_default() <= updated,
        wanted,
        ready: status.available_replicas.unwrap_or_default().min(updated),
        stuck: stuck.and_then(|condition| condition.message.clone()),
    }
}

fn stateful_set(it: &StatefulSet) -> Workload {
    let wanted = it.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
    let status = it.status.clone().unwrap_or_default();
    let generation = it.metadata.generation.unwrap_or_default();
    let observed = status.observed_generation.unwrap_or_default() >= generation;
    let one_version = status.current_revision == status.update_revision;
    let updated = if one_version {
        status.replicas
    } else {
        status.updated_replicas.unwrap_or_default()
    };
    Workload {
        kind: "StatefulSet",
        name: it.name_any(),
        uid: it.uid().unwrap_or_default(),
        generation,
        observed,
        settled: observed && updated >= wanted,
        wanted,
        ready: status.ready_replicas.unwrap_or_default().min(updated),
        stuck: None,
    }
}

fn daemon_set(it: &DaemonSet) -> Workload {
    let status = it.status.clone().unwrap_or_default();
    let generation = it.metadata.generation.unwrap_or_default();
    let observed = status.observed_generation.unwrap_or_default() >= generation;
    let (wanted, updated) = (
        status.desired_number_scheduled,
        status.updated_number_scheduled.unwrap_or_default(),
    );
    Workload {
        kind: "DaemonSet",
        name: it.name_any(),
        uid: it.uid().unwrap_or_default(),
        generation,
        observed,
        settled: observed && updated >= wanted,
        wanted,
        ready: status.number_available.unwrap_or_default().min(updated),
        stuck: None,
    }
}
