//! The network of a new node's pods, a few seconds earlier.
//!
//! kindnet writes the file that tells a node how to give its pods their addresses, and the kubelet looks for it every five
//! seconds; until then the node takes no pod. On the only node of a cluster the file's content is known before: its pods'
//! subnet is the first of the cluster's. So it is written as soon as the node runs; kindnet puts its own in its place when
//! it comes. Format: CNI specification 0.3.1, plugins `ptp`, `host-local` and `portmap`.

use std::net::Ipv4Addr;

use serde::Deserialize;
use serde_json::json;

use crate::tools::{docker::Docker, runner::Call};

/// Where kindnet writes its file.
const FILE: &str = "/etc/cni/net.d/10-kindnet.conflist";

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
    #[serde(default, rename = "disableDefaultCNI")]
    disable_default_cni: bool,
    ip_family: Option<String>,
}

/// The call that writes the file into a node; nothing where its content is not known before, because the cluster has several
/// nodes, another network, or addresses that are not IPv4 alone.
pub(crate) fn write(docker: &Docker, node: &str, config: &str) -> Option<Call> {
    let subnet = subnet(config)?;
    let ipam = json!({
        "type": "host-local", "dataDir": "/run/cni-ipam-state",
        "routes": [{"dst": "0.0.0.0/0"}], "ranges": [[{"subnet": subnet}]],
    });
    let file = json!({
        "cniVersion": "0.3.1", "name": "kindnet", "plugins": [
            {"type": "ptp", "ipMasq": true, "ipam": ipam},
            {"type": "portmap", "capabilities": {"portMappings": true}},
        ],
    });
    let script = format!("mkdir -p /etc/cni/net.d && cat >{FILE}.new && mv {FILE}.new {FILE}");
    Some(docker.exec(node, &["sh", "-c", &script]).stdin(file.to_string()))
}

fn subnet(config: &str) -> Option<String> {
    let read: Configuration = serde_yaml::from_str(config).ok()?;
    let network = read.networking;
    let plain = !network.disable_default_cni
        && network.ip_family.is_none_or(|family| family == "ipv4")
        && read.nodes.len() <= 1
        && !config.contains("node-cidr-mask-size");
    let (address, bits) = network.pod_subnet.as_ref()?.split_once('/')?;
    let address: Ipv4Addr = address.parse().ok()?;
    let bits: u8 = bits.parse().ok()?;
    (plain && bits <= NODE_BITS).then(|| format!("{address}/{NODE_BITS}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_subnet_of_a_single_node_is_known_before() {
        let with = |networking: &str, nodes: usize| {
            let nodes = "\n  - role: worker".repeat(nodes);
            subnet(&format!(
                "kind: Cluster\nnetworking: {networking}\nnodes:{nodes}\n"
            ))
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
}
