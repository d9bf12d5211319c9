//! What a namespace looks like now: the objects that a rollout depends on, kept up to date by the cluster itself.

use std::{fmt::Debug, sync::Arc, time::Duration};

use anyhow::Context as _;
use futures_util::{Stream, StreamExt, stream};
use k8s_openapi::{
    NamespaceResourceScope,
    api::{
        apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet},
        batch::v1::Job,
        core::v1::{Event, PersistentVolumeClaim, Pod},
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use kube::{
    Api, Client, Resource, ResourceExt,
    runtime::{
        WatchStreamExt,
        reflector::{self, Store},
        watcher,
    },
};
use serde::de::DeserializeOwned;
use tokio::{sync::watch, task::JoinHandle};

/// How long the cluster may take to tell of a namespace for the first time.
const PATIENCE: Duration = Duration::from_secs(20);

/// A look at a namespace.
#[derive(Default)]
pub(crate) struct Snapshot {
    pub(crate) deployments: Vec<Arc<Deployment>>,
    pub(crate) stateful_sets: Vec<Arc<StatefulSet>>,
    pub(crate) daemon_sets: Vec<Arc<DaemonSet>>,
    pub(crate) replica_sets: Vec<Arc<ReplicaSet>>,
    pub(crate) jobs: Vec<Arc<Job>>,
    pub(crate) pods: Vec<Arc<Pod>>,
    pub(crate) claims: Vec<Arc<PersistentVolumeClaim>>,
    pub(crate) events: Vec<Arc<Event>>,
}

/// Follows a namespace until it is dropped.
pub(crate) struct Watch {
    deployments: Store<Deployment>,
    stateful_sets: Store<StatefulSet>,
    daemon_sets: Store<DaemonSet>,
    replica_sets: Store<ReplicaSet>,
    jobs: Store<Job>,
    pods: Store<Pod>,
    claims: Store<PersistentVolumeClaim>,
    events: Store<Event>,
    changes: watch::Receiver<()>,
    driver: JoinHandle<()>,
}

type Changes = stream::BoxStream<'static, ()>;

impl Watch {
    /// Starts to follow a namespace, and returns when all of it was read once.
    ///
    /// # Errors
    /// When the cluster cannot be read.
    pub(crate) async fn start(client: &Client, namespace: &str) -> anyhow::Result<Self> {
        let mut streams: Vec<Changes> = Vec::new();
        let (announce, changes) = watch::channel(());
        let mut this = Self {
            deployments: follow(client, namespace, &mut streams),
            stateful_sets: follow(client, namespace, &mut streams),
            daemon_sets: follow(client, namespace, &mut streams),
            replica_sets: follow(client, namespace, &mut streams),
            jobs: follow(client, namespace, &mut streams),
            pods: follow(client, namespace, &mut streams),
            claims: follow(client, namespace, &mut streams),
            events: follow(client, namespace, &mut streams),
            changes,
            driver: tokio::spawn(async {}),
        };
        this.driver = tokio::spawn(async move {
            let mut all = stream::select_all(streams);
            while all.next().await.is_some() {
                // Nobody listens any more: the rollout is over.
                let _ = announce.send(());
            }
        });
        let read = async {
            this.deployments.wait_until_ready().await?;
            this.stateful_sets.wait_until_ready().await?;
            this.daemon_sets.wait_until_ready().await?;
            this.replica_sets.wait_until_ready().await?;
            this.jobs.wait_until_ready().await?;
            this.pods.wait_until_ready().await?;
            this.claims.wait_until_ready().await?;
            this.events.wait_until_ready().await
        };
        tokio::time::timeout(PATIENCE, read)
            .await
            .with_context(|| format!("the cluster does not let the namespace {namespace} be watched"))?
            .context("the watch of the cluster ended")?;
        Ok(this)
    }

    /// The namespace as it is known now.
    pub(crate) fn look(&self) -> Snapshot {
        Snapshot {
            deployments: self.deployments.state(),
            stateful_sets: self.stateful_sets.state(),
            daemon_sets: self.daemon_sets.state(),
            replica_sets: self.replica_sets.state(),
            jobs: self.jobs.state(),
            pods: self.pods.state(),
            claims: self.claims.state(),
            events: self.events.state(),
        }
    }

    /// Tells of every change from now on. Several changes at once may be told as one.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changes.clone()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

fn follow<K>(client: &Client, namespace: &str, streams: &mut Vec<Changes>) -> Store<K>
where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
        + Clone
        + Debug
        + DeserializeOwned
        + Send
        + Sync
        + 'static,
{
    let api: Api<K> = Api::namespaced(client.clone(), namespace);
    let (store, writer) = reflector::store();
    let events = watcher(api, watcher::Config::default()).default_backoff();
    let changes: Box<dyn Stream<Item = ()> + Send> =
        Box::new(reflector::reflector(writer, events).map(|_| ()));
    streams.push(Box::into_pin(changes));
    store
}

impl Snapshot {
    /// The pods that this object made, itself or through ReplicaSets of its own.
    pub(crate) fn pods_of(&self, uid: &str) -> impl Iterator<Item = &Pod> {
        let sets: Vec<String> = self
            .replica_sets
            .iter()
            .filter(|set| is_owned(set.meta(), uid))
            .filter_map(|set| set.uid())
            .collect();
        let owned =
            move |pod: &&Pod| is_owned(pod.meta(), uid) || sets.iter().any(|set| is_owned(pod.meta(), set));
        self.pods.iter().map(AsRef::as_ref).filter(owned)
    }

    /// The events about this object, the newest last.
    pub(crate) fn events_of(&self, uid: &str) -> Vec<&Event> {
        let mut events: Vec<&Event> = self
            .events
            .iter()
            .map(AsRef::as_ref)
            .filter(|event| event.involved_object.uid.as_deref() == Some(uid))
            .collect();
        events.sort_by_key(|event| (last_seen(event), written(event)));
        events
    }

    /// The claims that a pod mounts, as far as they exist.
    pub(crate) fn claims_of(&self, pod: &Pod) -> Vec<&PersistentVolumeClaim> {
        let names: Vec<&str> = pod
            .spec
            .iter()
            .flat_map(|spec| spec.volumes.iter().flatten())
            .filter_map(|volume| Some(volume.persistent_volume_claim.as_ref()?.claim_name.as_str()))
            .collect();
        let claims = self.claims.iter().map(AsRef::as_ref);
        claims
            .filter(|claim| names.contains(&claim.name_any().as_str()))
            .collect()
    }
}

fn is_owned(meta: &ObjectMeta, uid: &str) -> bool {
    meta.owner_references
        .iter()
        .flatten()
        .any(|owner| owner.uid == uid)
}

/// When an event was last seen, in seconds since 1970: the kubelet's times are no finer than that.
fn last_seen(event: &Event) -> Option<i64> {
    let series = event
        .series
        .as_ref()
        .and_then(|series| series.last_observed_time.as_ref());
    let time = series
        .or(event.event_time.as_ref())
        .map(|time| time.0)
        .or(event.last_timestamp.as_ref().map(|time| time.0))
        .or(event.metadata.creation_timestamp.as_ref().map(|time| time.0));
    time.map(|time| time.as_second())
}

/// Which of two events was written later. Versions of one kind of objects are numbers that grow:
/// <https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions>.
fn written(event: &Event) -> Option<u64> {
    event.resource_version()?.parse().ok()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_events_of_a_second_are_in_the_order_in_which_they_were_written() {
        let event = |reason: &str, version: &str, key: &str, time: &str| {
            let event = json!({
                "metadata": {"name": reason, "resourceVersion": version}, "reason": reason,
                "involvedObject": {"uid": "u"}, key: time,
            });
            Arc::new(serde_json::from_value(event).unwrap())
        };
        // The scheduler's times are finer than the kubelet's. A store keeps no order.
        let snapshot = Snapshot {
            events: vec![
                event("BackOff", "102", "lastTimestamp", "2026-01-01T12:00:01Z"),
                event("Failed", "101", "lastTimestamp", "2026-01-01T12:00:00Z"),
                event("Pulling", "99", "lastTimestamp", "2026-01-01T12:00:00Z"),
                event("Scheduled", "98", "eventTime", "2026-01-01T12:00:00.700000Z"),
            ],
            ..Snapshot::default()
        };
        let events = snapshot.events_of("u");
        let reasons: Vec<&str> = events
            .iter()
            .filter_map(|event| event.reason.as_deref())
            .collect();
        assert_eq!(reasons, ["Scheduled", "Pulling", "Failed", "BackOff"]);
    }
}
