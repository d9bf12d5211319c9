//! What was deployed before a start of the nodes: waits until it serves again.

use std::time::Duration;

use k8s_openapi::api::{
    apps::v1::{Deployment, StatefulSet},
    core::v1::Pod,
    discovery::v1::EndpointSlice,
    networking::v1::Ingress,
};
use kube::{Api, Client, ResourceExt, api::ListParams};
use reqwest::{StatusCode, header::HOST, redirect};
use tokio::time::{Instant, sleep};

use super::{
    ready::{HOPELESS_WITHIN, WITHIN, is_hopeless, lacking},
    site::Site,
};
use crate::{kube::starts::Starts, progress::Step};

/// Nodes that run for longer are not what an app waits for.
const JUST_STARTED: Duration = Duration::from_secs(300);

/// What Traefik says of a host of which it has not read the Ingress yet.
const UNKNOWN_HOST: &str = "404 page not found";

/// Waits, and says what for. Gives what does not come: the cluster is whole without it, and why it does not come is what
/// `deploy` finds out.
pub(super) async fn wait(
    site: &Site,
    client: &Client,
    starts: &Starts,
    step: &mut Step,
) -> anyhow::Result<Vec<String>> {
    if !starts.is_fresh(JUST_STARTED) {
        return Ok(Vec::new());
    }
    // A redirect is an answer; where it leads to is another app's.
    let http = reqwest::Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .build()?;
    let begin = Instant::now();
    let mut hopeless_since = None;
    loop {
        let mut waiting = match missing(site, client, starts).await {
            Ok(waiting) => waiting,
            Err(error) => vec![format!("the API server: {error}")],
        };
        if waiting.is_empty() && site.ingress.is_some() {
            waiting = match hosts(site, client).await {
                Ok(hosts) => silent(&http, site.http_port, hosts).await,
                Err(error) => vec![format!("the API server: {error}")],
            };
        }
        if waiting.is_empty() {
            return Ok(waiting);
        }
        step.says(&format!("waiting for {}", waiting.join(", ")));
        let since = is_hopeless(&waiting).then(|| hopeless_since.unwrap_or_else(Instant::now));
        hopeless_since = since;
        if since.is_some_and(|since| since.elapsed() > HOPELESS_WITHIN) || begin.elapsed() > WITHIN {
            return Ok(waiting);
        }
        sleep(Duration::from_millis(200)).await;
    }
}

/// The workloads that are not available, and the services that still lead to pods of before.
async fn missing(site: &Site, client: &Client, starts: &Starts) -> kube::Result<Vec<String>> {
    let (every, namespace) = (ListParams::default(), &site.cluster);
    let (deployments, sets, pods, slices) = (
        Api::<Deployment>::namespaced(client.clone(), namespace),
        Api::<StatefulSet>::namespaced(client.clone(), namespace),
        Api::<Pod>::namespaced(client.clone(), namespace),
        Api::<EndpointSlice>::namespaced(client.clone(), namespace),
    );
    let (deployments, sets, mut pods, slices) = tokio::try_join!(
        deployments.list(&every),
        sets.list(&every),
        pods.list(&every),
        slices.list(&every)
    )?;
    starts.doubt(&mut pods.items);
    let deployments = deployments.iter().filter_map(|it| {
        it.spec
            .as_ref()
            .map(|spec| (&it.metadata, &spec.selector, spec.replicas))
    });
    let sets = sets.iter().filter_map(|it| {
        it.spec
            .as_ref()
            .map(|spec| (&it.metadata, &spec.selector, spec.replicas))
    });
    let mut waiting: Vec<String> = deployments
        .chain(sets)
        .filter_map(|(about, selector, replicas)| {
            lacking(about, selector, replicas.unwrap_or(1), true, &pods.items)
        })
        .collect();
    if waiting.is_empty() {
        let stale = slices.iter().filter(|slice| !leads_to(slice, &pods.items));
        waiting.extend(stale.map(|slice| format!("the service of {} to find its pods", slice.name_any())));
    }
    Ok(waiting)
}

/// Whether every ready endpoint is the address that its pod has now.
fn leads_to(slice: &EndpointSlice, pods: &[Pod]) -> bool {
    let ready = slice.endpoints.iter().filter(|endpoint| {
        let conditions = endpoint.conditions.as_ref();
        conditions.and_then(|conditions| conditions.ready) != Some(false)
    });
    ready.into_iter().all(|endpoint| {
        let Some(name) = endpoint
            .target_ref
            .as_ref()
            .and_then(|target| target.name.as_ref())
        else {
            // Somebody else's endpoint: not a pod.
            return true;
        };
        let pod = pods.iter().find(|pod| pod.metadata.name.as_ref() == Some(name));
        let address = pod.and_then(|pod| pod.status.as_ref()?.pod_ip.as_ref());
        address.is_some_and(|address| endpoint.addresses.contains(address))
    })
}

/// The hosts of the Ingresses.
async fn hosts(site: &Site, client: &Client) -> kube::Result<Vec<String>> {
    let ingresses: Api<Ingress> = Api::namespaced(client.clone(), &site.cluster);
    let rules = ingresses.list(&ListParams::default()).await?;
    let rules = rules.into_iter().filter_map(|it| it.spec?.rules).flatten();
    Ok(rules.filter_map(|rule| rule.host).collect())
}

/// The hosts behind which no app answers through the ingress.
async fn silent(http: &reqwest::Client, port: u16, hosts: Vec<String>) -> Vec<String> {
    let mut silent = Vec::new();
    for host in hosts {
        let request = http
            .get(format!("http://127.0.0.1:{port}/"))
            .header(HOST, &host)
            .timeout(Duration::from_secs(2));
        let answers = match request.send().await {
            Ok(answer) => match answer.status() {
                StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
                    false
                }
                StatusCode::NOT_FOUND => answer
                    .text()
                    .await
                    .is_ok_and(|text| !text.starts_with(UNKNOWN_HOST)),
                _ => true,
            },
            Err(_) => false,
        };
        if !answers {
            silent.push(format!("{host} to answer"));
        }
    }
    silent
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_endpoint_of_before_the_start_is_not_where_its_pod_is() {
        let pod = |address: &str| {
            serde_json::from_value(json!({"metadata": {"name": "photos-1"}, "status": {"podIP": address}}))
                .unwrap()
        };
        let slice = serde_json::from_value(json!({
            "metadata": {"name": "photos-x"}, "addressType": "IPv4",
            "endpoints": [{"addresses": ["10.0.0.7"], "conditions": {"ready": true},
                "targetRef": {"kind": "Pod", "name": "photos-1"}}],
        }))
        .unwrap();
        assert!(leads_to(&slice, &[pod("10.0.0.7")]));
        assert!(!leads_to(&slice, &[pod("10.0.0.9")]));
        assert!(!leads_to(&slice, &[]));
    }

    #[test]
    fn a_workload_whose_pods_the_node_has_not_told_of_is_lacking() {
        let about = serde_json::from_value(json!({"name": "photos", "namespace": "hmlet"})).unwrap();
        let selector = serde_json::from_value(json!({"matchLabels": {"app": "photos"}})).unwrap();
        let pod = |ready: &str| {
            serde_json::from_value(json!({
                "metadata": {"name": "photos-1", "namespace": "hmlet", "labels": {"app": "photos"}},
                "status": {"phase": "Running", "conditions": [
                    {"type": "Ready", "status": ready, "reason": "NodeStarting"}]},
            }))
            .unwrap()
        };
        assert_eq!(lacking(&about, &selector, 1, true, &[pod("True")]), None);
        assert_eq!(
            lacking(&about, &selector, 1, true, &[pod("Unknown")]).unwrap(),
            "photos (NodeStarting)"
        );
    }
}
