//! Waits until a cluster serves: nodes, system pods and ingress are ready, and the ingress answers on its port.

use std::time::Duration;

use k8s_openapi::api::{
    apps::v1::{DaemonSet, Deployment},
    core::v1::{Node, Pod},
};
use kube::{Api, Client, api::ListParams};
use tokio::time::{Instant, sleep};

use super::{ingress, site::Site};
use crate::{kube::pods::PodState, native::health, outcome::Failure, progress::Step};

/// How long the cluster may take as a whole.
const WITHIN: Duration = Duration::from_secs(240);

/// How long a pod may fail for a reason that rarely goes away by itself.
const HOPELESS_WITHIN: Duration = Duration::from_secs(60);

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
pub(crate) async fn wait(site: &Site, client: &Client, step: &mut Step) -> anyhow::Result<()> {
    let http = health::client()?;
    let begin = Instant::now();
    let mut hopeless_since = None;
    loop {
        let mut waiting = match missing(client).await {
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
        let hopeless = waiting
            .iter()
            .any(|what| HOPELESS.iter().any(|reason| what.contains(reason)));
        let since = hopeless.then(|| hopeless_since.unwrap_or_else(Instant::now));
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

/// What is not ready, each with its reason.
async fn missing(client: &Client) -> kube::Result<Vec<String>> {
    let every = ListParams::default();
    let nodes: Api<Node> = Api::all(client.clone());
    let deployments: Api<Deployment> = Api::all(client.clone());
    let sets: Api<DaemonSet> = Api::all(client.clone());
    let pods: Api<Pod> = Api::all(client.clone());
    let (nodes, deployments, sets) =
        tokio::try_join!(nodes.list(&every), deployments.list(&every), sets.list(&every))?;
    let mut missing = Vec::new();
    for node in nodes.iter().filter(|node| !is_ready(node)) {
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
    let mut workloads = Vec::new();
    for deployment in deployments.iter().filter(|found| ours(&found.metadata.namespace)) {
        let wanted = deployment
            .spec
            .as_ref()
            .and_then(|spec| spec.replicas)
            .unwrap_or(1);
        let status = deployment.status.as_ref();
        let (ready, seen) = (
            status
                .and_then(|status| status.ready_replicas)
                .unwrap_or_default(),
            status.and_then(|status| status.observed_generation),
        );
        if ready < wanted || seen < deployment.metadata.generation {
            workloads.push(&deployment.metadata);
        }
    }
    for set in sets.iter().filter(|found| ours(&found.metadata.namespace)) {
        let status = set.status.as_ref();
        let whole = status.is_some_and(|status| {
            status.number_ready >= status.desired_number_scheduled && status.desired_number_scheduled > 0
        });
        if !whole {
            workloads.push(&set.metadata);
        }
    }
    if workloads.is_empty() {
        return Ok(missing);
    }
    let pods = pods.list(&every).await?;
    for workload in workloads {
        let name = workload.name.as_deref().unwrap_or_default();
        let own = pods.iter().filter(|pod| {
            pod.metadata.namespace == workload.namespace
                && pod
                    .metadata
                    .name
                    .as_deref()
                    .is_some_and(|pod| pod.starts_with(name))
        });
        let reasons: Vec<String> = own
            .map(PodState::of)
            .filter(|pod| !pod.ready)
            .map(|pod| pod.reason.unwrap_or(pod.phase))
            .collect();
        missing.push(if reasons.is_empty() {
            name.to_owned()
        } else {
            format!("{name} ({})", reasons.join(", "))
        });
    }
    Ok(missing)
}

fn is_ready(node: &Node) -> bool {
    let status = node.status.as_ref();
    let mut conditions = status
        .iter()
        .flat_map(|status| status.conditions.iter().flatten());
    conditions.any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

/// Whether the ingress answers at all: without a host that it knows, it says 404.
async fn answers(client: &reqwest::Client, port: u16) -> bool {
    let request = client
        .get(format!("http://127.0.0.1:{port}/"))
        .timeout(Duration::from_secs(2));
    request.send().await.is_ok()
}
