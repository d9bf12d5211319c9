//! Waits until a cluster serves: nodes, system pods and ingress are ready, and the ingress answers on its port.

use std::time::Duration;

use k8s_openapi::{
    api::{
        apps::v1::{DaemonSet, Deployment},
        core::v1::{Node, Pod},
    },
    apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta},
};
use kube::{Api, Client, api::ListParams};
use tokio::time::{Instant, sleep};

use super::{ingress, site::Site};
use crate::{
    kube::{
        pods::PodState,
        starts::{self, Starts},
    },
    native::health,
    outcome::Failure,
    progress::Step,
};

/// How long the cluster may take as a whole.
pub(super) const WITHIN: Duration = Duration::from_secs(240);

/// How long a pod may fail for a reason that rarely goes away by itself.
pub(super) const HOPELESS_WITHIN: Duration = Duration::from_secs(60);

/// The reasons that rarely go away by themselves.
const HOPELESS: [&str; 6] = [
    "CrashLoopBackOff",
    "CreateContainerConfigError",
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "Unschedulable",
];

/// The namespaces of what every kind cluster runs, and of the ingress.
const NAMESPACES: [&str; 3] = ["kube-system", "local-path-storage", ingress::NAMESPACE];

/// Waits, and says what for.
///
/// # Errors
/// When something fails for good or does not come in time, with what it was and where to look.
pub(crate) async fn wait(
    site: &Site,
    client: &Client,
    starts: &Starts,
    step: &mut Step,
) -> anyhow::Result<()> {
    let http = health::client()?;
    let begin = Instant::now();
    let mut hopeless_since = None;
    loop {
        let mut waiting = match missing(client, starts).await {
            Ok(waiting) => waiting,
            Err(error) => vec![format!("the API server: {error}")],
        };
        if waiting.is_empty() && site.ingress.is_some() && !answers(&http, site.http_port).await {
            waiting.push(format!("http://127.0.0.1:{} to answer", site.http_port));
        }
        if waiting.is_empty() {
            return Ok(());
        }
        step.says(&format!("waiting for {}", waiting.join(", ")));
        let since = is_hopeless(&waiting).then(|| hopeless_since.unwrap_or_else(Instant::now));
        hopeless_since = since;
        let lost = since.is_some_and(|since| since.elapsed() > HOPELESS_WITHIN);
        if lost || begin.elapsed() > WITHIN {
            return Err(
                Failure::failed(format!("the cluster of {} does not become ready", site.title))
                    .because(format!(
                        "after {} s it waits for:\n{}",
                        begin.elapsed().as_secs(),
                        waiting.join("\n")
                    ))
                    .advise(format!(
                        "look closer: kubectl --kubeconfig {} describe pods -A; then run bootstrap again",
                        site.kubeconfig.display()
                    ))
                    .into(),
            );
        }
        sleep(Duration::from_millis(200)).await;
    }
}

/// Whether something fails for a reason that rarely goes away by itself.
pub(super) fn is_hopeless(waiting: &[String]) -> bool {
    waiting
        .iter()
        .any(|what| HOPELESS.iter().any(|reason| what.contains(reason)))
}

/// What is not ready, each with its reason.
async fn missing(client: &Client, starts: &Starts) -> kube::Result<Vec<String>> {
    let every = ListParams::default();
    let nodes: Api<Node> = Api::all(client.clone());
    let deployments: Api<Deployment> = Api::all(client.clone());
    let sets: Api<DaemonSet> = Api::all(client.clone());
    let pods: Api<Pod> = Api::all(client.clone());
    let (nodes, deployments, sets, mut pods) = tokio::try_join!(
        nodes.list(&every),
        deployments.list(&every),
        sets.list(&every),
        pods.list(&every)
    )?;
    starts.doubt(&mut pods.items);
    let mut missing = Vec::new();
    for node in nodes.iter().filter(|node| !starts::is_ready(node)) {
        missing.push(format!(
            "node {}",
            node.metadata.name.as_deref().unwrap_or_default()
        ));
    }
    let ours = |namespace: &Option<String>| {
        namespace
            .as_deref()
            .is_some_and(|namespace| NAMESPACES.contains(&namespace))
    };
    for deployment in deployments.iter().filter(|found| ours(&found.metadata.namespace)) {
        let Some(spec) = &deployment.spec else { continue };
        let (wanted, status) = (spec.replicas.unwrap_or(1), deployment.status.as_ref());
        let counted = status
            .and_then(|status| status.ready_replicas)
            .unwrap_or_default();
        let seen = status.and_then(|status| status.observed_generation);
        let known = counted >= wanted && seen >= deployment.metadata.generation;
        missing.extend(lacking(
            &deployment.metadata,
            &spec.selector,
            wanted,
            known,
            &pods.items,
        ));
    }
    for set in sets.iter().filter(|found| ours(&found.metadata.namespace)) {
        let Some(spec) = &set.spec else { continue };
        let status = set.status.clone().unwrap_or_default();
        let wanted = status.desired_number_scheduled;
        let known = status.number_ready >= wanted && wanted > 0;
        missing.extend(lacking(&set.metadata, &spec.selector, wanted, known, &pods.items));
    }
    Ok(missing)
}

/// What a workload lacks: its name, and why its pods are not ready. `known` is whether its controller calls it whole; the
/// pods must be ready too, for after a start of the node the controller repeats what it knew before.
pub(super) fn lacking(
    about: &ObjectMeta,
    selector: &LabelSelector,
    wanted: i32,
    known: bool,
    pods: &[Pod],
) -> Option<String> {
    let chosen = |pod: &&Pod| {
        let labels = pod.metadata.labels.as_ref();
        let mut wanted = selector.match_labels.iter().flatten();
        pod.metadata.namespace == about.namespace
            && wanted.all(|(key, value)| labels.and_then(|labels| labels.get(key)) == Some(value))
    };
    let states: Vec<PodState> = pods.iter().filter(chosen).map(PodState::of).collect();
    let ready = states
        .iter()
        .filter(|pod| pod.ready && pod.reason.is_none())
        .count();
    if known && i32::try_from(ready).unwrap_or(i32::MAX) >= wanted {
        return None;
    }
    let name = about.name.as_deref().unwrap_or_default();
    let reasons: Vec<String> = states
        .into_iter()
        .filter(|pod| !pod.ready && !pod.is_over())
        .map(|pod| pod.reason.unwrap_or(pod.phase))
        .collect();
    Some(if reasons.is_empty() {
        name.to_owned()
    } else {
        format!("{name} ({})", reasons.join(", "))
    })
}

/// Whether the ingress answers at all: without a host that it knows, it says 404.
async fn answers(client: &reqwest::Client, port: u16) -> bool {
    let request = client
        .get(format!("http://127.0.0.1:{port}/"))
        .timeout(Duration::from_secs(2));
    request.send().await.is_ok()
}
