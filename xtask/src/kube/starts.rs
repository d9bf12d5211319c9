//! Pods after a start of their node. Until its kubelet has told of a pod anew, the cluster repeats what it knew of the pod
//! before, and that was ready. Of the nodes that are its containers Docker knows when they were started. Of others the kubelet
//! tells, a moment too late; that the parts of the cluster which never are silent for long have been silent is seen at once,
//! in leases and heartbeats: <https://kubernetes.io/docs/concepts/architecture/leases/>.

use std::{collections::BTreeMap, time::Duration};

use jiff::{SignedDuration, Timestamp, fmt::rfc2822};
use k8s_openapi::{
    api::{
        coordination::v1::Lease,
        core::v1::{Event, Node, NodeCondition, Pod, PodCondition},
    },
    apimachinery::pkg::apis::meta::v1::Time,
};
use kube::{
    Api, Client, ResourceExt,
    api::{ListParams, Request},
    client::Body,
};
use tokio::time::timeout;

use super::Connection;
use crate::tools::{docker::Docker, kind::CLUSTER_LABEL, runner::Runner};

/// How long Docker may take to say when it has started its containers.
const DOCKER_WITHIN: Duration = Duration::from_secs(2);
/// After this long a kubelet has told of all its pods. A pod that is older than the kubelet is then one that ran on while
/// only the kubelet was restarted.
const TELLS_WITHIN: Duration = Duration::from_secs(60);
/// The controllers' lease is renewed every two seconds. If it was not for this long, the control plane is just starting: a
/// node that is killed and started again at once answers after five seconds and a half.
const SILENT: Duration = Duration::from_secs(4);
/// A lease that was not renewed for this long is one that nobody uses.
const UNUSED: Duration = Duration::from_secs(600);
const CONTROLLERS: &str = "kube-controller-manager";
/// A node whose kubelet has nothing new to tell says so every five minutes.
const HEARTBEAT: Duration = Duration::from_secs(330);
/// The label of a node that starts and stops with the control plane.
const CONTROL_PLANE: &str = "node-role.kubernetes.io/control-plane";
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

    /// Asks when the nodes were started: Docker, where it runs them, else the cluster which are just starting. Where that
    /// must not be asked, all are believed.
    pub(crate) async fn ask(connection: &Connection) -> Self {
        let client = &connection.client;
        let (nodes, events, leases) = (
            Api::<Node>::all(client.clone()),
            Api::<Event>::namespaced(client.clone(), "default"),
            Api::<Lease>::namespaced(client.clone(), "kube-system"),
        );
        let (every, starting) = (
            ListParams::default(),
            ListParams::default().fields("involvedObject.kind=Node,reason=Starting"),
        );
        let nodes = async {
            let nodes = nodes
                .list(&every)
                .await
                .map(|nodes| nodes.items)
                .unwrap_or_default();
            let containers = match &connection.kind {
                Some(kind) => containers(kind, &nodes).await,
                None => BTreeMap::new(),
            };
            (nodes, containers)
        };
        let ((nodes, containers), events, leases, server) = tokio::join!(
            nodes,
            events.list(&starting),
            leases.list(&every),
            Server::ask(client)
        );
        let events = events.map(|events| events.items).unwrap_or_default();
        let leases = leases.map(|leases| leases.items).unwrap_or_default();
        let mut starts = Self::seen(&nodes, &leases, &events, &server);
        starts.settle(containers);
        starts
    }

    /// Takes the word of who has started nodes over what was concluded. Of a node that is silent, nothing is known still.
    fn settle(&mut self, known: BTreeMap<String, Timestamp>) {
        for (node, start) in known {
            let concluded = self.0.entry(node).or_insert(start);
            if *concluded != Timestamp::MAX {
                *concluded = start;
            }
        }
    }

    fn seen(nodes: &[Node], leases: &[Lease], events: &[Event], server: &Server) -> Self {
        let now = server.time;
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
        let stop = stop_of_control_plane(leases, now);
        for node in nodes {
            if let Some(stop) = stop.filter(|_| is_of_control_plane(node)) {
                let start = starts.entry(node.name_any()).or_insert(stop);
                *start = stop.max(*start);
            }
            // Of the pods of a node that is not ready, or says nothing, nobody knows anything.
            let unknown = is_of_control_plane(node) && !server.is_whole;
            if unknown || !is_ready(node) || is_silent(node, now) {
                starts.insert(node.name_any(), Timestamp::MAX);
            }
        }
        Self(starts)
    }

    /// Takes the readiness back that pods had before their node was started.
    pub(crate) fn doubt<'p>(&self, pods: impl IntoIterator<Item = &'p mut Pod>) {
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

/// What an API server says of itself.
struct Server {
    /// Its time, for this machine may have another. To the second.
    time: Timestamp,
    /// Whether it has all that it answers with: one that has just started may not.
    is_whole: bool,
}

impl Server {
    /// Asks it. Anybody may.
    async fn ask(client: &Client) -> Self {
        let asked = async {
            let request = Request::new("/readyz").list(&ListParams::default()).ok()?;
            let answer = client.send(request.map(Body::from)).await.ok()?;
            let date = answer.headers().get("date")?.to_str().ok()?;
            Some(Self {
                time: rfc2822::parse(date).ok()?.timestamp(),
                is_whole: !answer.status().is_server_error(),
            })
        };
        asked.await.unwrap_or_else(|| Self::whole(Timestamp::now()))
    }

    fn whole(time: Timestamp) -> Self {
        Self { time, is_whole: true }
    }
}

/// When Docker has started the nodes of a kind cluster; those that it does not know are left out.
async fn containers(kind: &str, nodes: &[Node]) -> BTreeMap<String, Timestamp> {
    let names: Vec<String> = nodes.iter().map(ResourceExt::name_any).collect();
    let (call, runner) = (
        Docker::at("docker").started(&names, CLUSTER_LABEL),
        Runner::silent(),
    );
    let told = timeout(DOCKER_WITHIN, runner.capture(&call)).await;
    // Those that exist are told even if another does not.
    let told = told
        .ok()
        .and_then(Result::ok)
        .map(|told| told.stdout)
        .unwrap_or_default();
    let node = |line: &str| {
        let mut words = line.split(' ');
        let (name, start) = (words.next()?, words.next()?.parse().ok()?);
        (words.next() == Some(kind)).then(|| (name.to_owned(), start))
    };
    told.lines().filter_map(node).collect()
}

/// When the control plane was last heard of before the silence that it is just coming out of.
fn stop_of_control_plane(leases: &[Lease], now: Timestamp) -> Option<Timestamp> {
    let lease = leases.iter().find(|lease| lease.name_any() == CONTROLLERS)?;
    let renewed = lease.spec.as_ref()?.renew_time.as_ref()?.0;
    // The server's time is a whole second, which may be almost over.
    let silent = (now + SignedDuration::from_secs(1))
        .duration_since(renewed)
        .unsigned_abs();
    (SILENT < silent && silent < UNUSED).then_some(renewed)
}

fn is_of_control_plane(node: &Node) -> bool {
    node.labels().contains_key(CONTROL_PLANE)
}

fn is_silent(node: &Node, now: Timestamp) -> bool {
    let ready = ready(node).and_then(|condition| condition.last_heartbeat_time.as_ref());
    ready.is_some_and(|Time(heartbeat)| {
        let age = now.duration_since(*heartbeat);
        age.is_positive() && age.unsigned_abs() > HEARTBEAT
    })
}

fn unknown(condition: &mut PodCondition) {
    condition.status = "Unknown".to_owned();
    condition.reason = Some(REASON.to_owned());
}

/// Whether a node is ready for pods.
pub(crate) fn is_ready(node: &Node) -> bool {
    ready(node).is_some_and(|condition| condition.status == "True")
}

fn ready(node: &Node) -> Option<&NodeCondition> {
    let conditions = node.status.as_ref()?.conditions.as_ref()?;
    conditions.iter().find(|condition| condition.type_ == "Ready")
}

#[cfg(test)]
mod tests;
