//! The network of a new node's pods, a few seconds earlier.
//!
//! kindnet writes the file that tells a node how to give its pods their addresses, and the kubelet looks for it every five
//! seconds; until then the node takes no pod. On the only node of a cluster the file's content is known before: its pods'
//! subnet is the first of the cluster's. So it is written as soon as the node runs; kindnet puts its own in its place when
//! it comes. Format: CNI specification 0.3.1, plugins `ptp`, `host-local` and `portmap`.
//!
//! And the way from the pods to the API server, which has the first address of the services' subnet: those that come before
//! kube-proxy's rules would end without it, and be begun anew later. kube-proxy puts its rules before this one.

use std::net::Ipv4Addr;

use serde::Deserialize;
use serde_json::json;

use crate::tools::{docker::Docker, runner::Call};

/// Where kindnet writes its file.
const FILE: &str = "/etc/cni/net.d/10-kindnet.conflist";

/// Leads the first address of the services' subnet to the node's own API server, for pods and for the node itself.
const ROUTE: &str = "for chain in PREROUTING OUTPUT; do iptables --table nat --append $chain --destination SERVICE \
    --protocol tcp --dport 443 --jump REDIRECT --to-ports 6443; done";

/// The bits of a node's part of the subnet, as the controller manager gives them out.
const NODE_BITS: u8 = 24;

/// What is read of kind's configuration.
#[derive(Deserialize)]
struct Configuration {
    #[serde(default)]
    networking: Networking,
    #[serde(default)]
    nodes: Vec<serde_yaml::Value>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Networking {
    pod_subnet: Option<String>,
    service_subnet: Option<String>,
    #[serde(default, rename = "disableDefaultCNI")]
    disable_default_cni: bool,
    ip_family: Option<String>,
}

/// The calls that write the file and the route into a node; none where they are not known before, because the cluster has
/// several nodes, another network, or addresses that are not IPv4 alone.
pub(crate) fn write(docker: &Docker, node: &str, config: &str) -> Vec<Call> {
    let Some(Known { pods, service }) = known(config) else {
        return Vec::new();
    };
    let ipam = json!({
        "type": "host-local", "dataDir": "/run/cni-ipam-state",
        "routes": [{"dst": "0.0.0.0/0"}], "ranges": [[{"subnet": pods}]],
    });
    let file = json!({
        "cniVersion": "0.3.1", "name": "kindnet", "plugins": [
            {"type": "ptp", "ipMasq": true, "ipam": ipam},
            {"type": "portmap", "capabilities": {"portMappings": true}},
        ],
    });
    let script = format!("mkdir -p /etc/cni/net.d && cat >{FILE}.new && mv {FILE}.new {FILE}");
    let route = service.map(|service| ROUTE.replace("SERVICE", &service.to_string()));
    let file = docker.exec(node, &["sh", "-c", &script]).stdin(file.to_string());
    let route = route.map(|route| docker.exec(node, &["sh", "-c", &route]));
    std::iter::once(file).chain(route).collect()
}

/// What is known of a cluster's network before there is a cluster.
#[derive(Debug, PartialEq, Eq)]
struct Known {
    /// The subnet of the only node's pods.
    pods: String,
    /// The address of the API server's service, if the subnet of the services is said.
    service: Option<Ipv4Addr>,
}

fn known(config: &str) -> Option<Known> {
    let read: Configuration = serde_yaml::from_str(config).ok()?;
    let network = read.networking;
    let plain = !network.disable_default_cni
        && network.ip_family.is_none_or(|family| family == "ipv4")
        && read.nodes.len() <= 1
        && !config.contains("node-cidr-mask-size");
    let (address, bits) = subnet(network.pod_subnet.as_deref()?)?;
    let services = network.service_subnet.as_deref().and_then(subnet);
    (plain && bits <= NODE_BITS).then(|| Known {
        pods: format!("{address}/{NODE_BITS}"),
        service: services.and_then(|(address, _)| u32::from(address).checked_add(1).map(Ipv4Addr::from)),
    })
}

/// An address and the bits of its subnet.
fn subnet(text: &str) -> Option<(Ipv4Addr, u8)> {
    let (address, bits) = text.split_once('/')?;
    Some((address.parse().ok()?, bits.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_subnet_of_a_single_node_is_known_before() {
        let with = |networking: &str, nodes: usize| {
            let nodes = "\n  - role: worker".repeat(nodes);
            known(&format!(
                "kind: Cluster\nnetworking: {networking}\nnodes:{nodes}\n"
            ))
            .map(|known| known.pods)
        };
        let known = Some("10.244.0.0/24".to_owned());
        assert_eq!(with("{podSubnet: 10.244.0.0/16}", 1), known);
        assert_eq!(with("{podSubnet: 10.244.0.0/16, ipFamily: ipv4}", 1), known);
        assert_eq!(with("{podSubnet: 10.244.0.0/16}", 2), None);
        assert_eq!(with("{podSubnet: 10.244.0.0/25}", 1), None);
        assert_eq!(with("{podSubnet: 'fd00::/56'}", 1), None);
        assert_eq!(with("{podSubnet: 10.244.0.0/16, ipFamily: dual}", 1), None);
        assert_eq!(
            with("{podSubnet: 10.244.0.0/16, disableDefaultCNI: true}", 1),
            None
        );
        assert_eq!(with("{}", 1), None);
    }

    #[test]
    fn the_api_server_has_the_first_address_of_the_services() {
        let of = |services: &str| {
            let network = format!("networking: {{podSubnet: 10.244.0.0/16, {services}}}");
            known(&network).and_then(|known| known.service)
        };
        assert_eq!(
            of("serviceSubnet: 10.96.0.0/16"),
            Some(Ipv4Addr::new(10, 96, 0, 1))
        );
        assert_eq!(of("ipFamily: ipv4"), None);
        let calls = write(
            &Docker::at("docker"),
            "n",
            "networking: {podSubnet: 10.244.0.0/16}",
        );
        assert_eq!(calls.len(), 1, "the file alone");
    }
}
