//! What Docker has of a stage's cluster: its nodes, its registry, and the images to give it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use jiff::Timestamp;
use serde::Deserialize;

use super::{site::Site, trouble};
use crate::kube::starts::Starts;
use crate::tools::{
    docker::Docker,
    kind::{CLUSTER_LABEL, ROLE_LABEL},
    runner::{Call, Runner},
};

/// The port of the API server inside a node.
const API_PORT: &str = "6443/tcp";

/// What Docker has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Host {
    /// The nodes of the cluster, by name.
    pub(crate) nodes: Vec<Node>,
    pub(crate) registry: Option<Registry>,
    /// The images of the engine, as `name:tag` and as `name@digest`.
    pub(crate) images: BTreeSet<String>,
}

/// A node's container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) running: bool,
    /// When it was started last.
    pub(crate) started: Option<Timestamp>,
    /// Where the API server is published on 127.0.0.1, if this node has one.
    pub(crate) api_port: Option<u16>,
    pub(crate) networks: BTreeSet<String>,
    /// Whether it is only the way to several control planes, with no Kubernetes on it.
    pub(crate) is_balancer: bool,
}

/// The registry's container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Registry {
    pub(crate) running: bool,
    /// Where it is published.
    pub(crate) port: Option<u16>,
    pub(crate) networks: BTreeSet<String>,
}

impl Host {
    /// Asks Docker. Changes nothing.
    ///
    /// # Errors
    /// When there is no Docker or it does not answer, with what to do.
    pub(crate) async fn look(site: &Site, docker: &Docker, runner: &Runner) -> anyhow::Result<Self> {
        let label = format!("{CLUSTER_LABEL}={}", site.name);
        let (nodes, images) = (docker.containers(&label), docker.images());
        let (nodes, images, registry) = tokio::join!(
            runner.run(&nodes),
            runner.run(&images),
            inspect(docker, runner, std::slice::from_ref(&site.registry)),
        );
        let names: Vec<String> = nodes
            .map_err(trouble::explain)?
            .lines()
            .map(str::to_owned)
            .collect();
        let nodes = if names.is_empty() {
            Vec::new()
        } else {
            inspect(docker, runner, &names).await?
        };
        Ok(Self {
            nodes: nodes.into_iter().map(Container::node).collect(),
            registry: registry?.into_iter().next().map(Container::registry),
            images: images
                .map_err(trouble::explain)?
                .split_whitespace()
                .filter(|name| !name.contains("<none>"))
                .map(str::to_owned)
                .collect(),
        })
    }

    /// Whether the engine has an image: the one of this digest, if the reference has one.
    pub(crate) fn has_image(&self, reference: &str) -> bool {
        let Some((tagged, digest)) = reference.split_once('@') else {
            return self.images.contains(reference);
        };
        // A port of a registry is no tag.
        let name = match tagged.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => name,
            _ => tagged,
        };
        self.images.contains(&format!("{name}@{digest}"))
    }

    /// The nodes that run pods, or could.
    pub(crate) fn kubernetes(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(|node| !node.is_balancer)
    }

    /// Since when the nodes run.
    pub(crate) fn starts(&self) -> Starts {
        Starts::of(
            self.kubernetes()
                .filter_map(|node| Some((node.name.clone(), node.started?))),
        )
    }

    /// The network that the nodes are in.
    pub(crate) fn network(&self) -> Option<&str> {
        let networks = self.nodes.iter().flat_map(|node| &node.networks);
        networks.map(String::as_str).next()
    }

    /// Where the API server is published on 127.0.0.1.
    pub(crate) fn api_port(&self) -> Option<u16> {
        let balancer = self.nodes.iter().find(|node| node.is_balancer);
        let mut nodes = balancer.into_iter().chain(&self.nodes);
        nodes.find_map(|node| node.api_port)
    }
}

/// As `docker container inspect` prints it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Container {
    name: String,
    #[serde(default)]
    config: Config,
    state: State,
    host_config: HostConfig,
    network_settings: NetworkSettings,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct Config {
    #[serde(default)]
    labels: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct State {
    running: bool,
    #[serde(default)]
    started_at: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HostConfig {
    /// What was asked for; it is there while the container is stopped too.
    port_bindings: Option<BTreeMap<String, Option<Vec<Binding>>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Binding {
    host_port: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct NetworkSettings {
    networks: BTreeMap<String, serde::de::IgnoredAny>,
}

impl Container {
    fn port(&self, inside: &str) -> Option<u16> {
        let bindings = self.host_config.port_bindings.as_ref()?;
        bindings.get(inside)?.as_ref()?.first()?.host_port.parse().ok()
    }

    fn node(self) -> Node {
        let labels = self.config.labels.as_ref();
        let role = labels.and_then(|labels| labels.get(ROLE_LABEL));
        Node {
            is_balancer: role.is_some_and(|role| role == "external-load-balancer"),
            running: self.state.running,
            started: self.state.started_at.as_ref().and_then(|time| time.parse().ok()),
            api_port: self.port(API_PORT),
            name: self.name.trim_start_matches('/').to_owned(),
            networks: self.network_settings.networks.into_keys().collect(),
        }
    }

    fn registry(self) -> Registry {
        Registry {
            running: self.state.running,
            port: self.port("5000/tcp"),
            networks: self.network_settings.networks.into_keys().collect(),
        }
    }
}

/// The containers of these names that exist.
async fn inspect(docker: &Docker, runner: &Runner, names: &[String]) -> anyhow::Result<Vec<Container>> {
    let call: Call = docker.inspect(names);
    let found = runner.capture(&call).await?;
    let missing = found.stderr.to_lowercase().contains("no such container");
    if !found.is_ok() && !missing {
        return Err(trouble::explain(call.failed(&found).into()));
    }
    serde_json::from_str(&found.stdout).context("docker describes its containers in an unknown way")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_there_by_its_tag_or_by_the_digest_that_is_asked_for() {
        let images = [
            "registry:2",
            "kindest/node@sha256:aa",
            "localhost:5000/node@sha256:bb",
        ];
        let host = Host {
            images: images.map(str::to_owned).into(),
            ..Host::default()
        };
        for (reference, there) in [
            ("registry:2", true),
            ("registry:3", false),
            ("kindest/node:v1@sha256:aa", true),
            ("kindest/node:v1@sha256:bb", false),
            ("kindest/node:v1", false),
            ("localhost:5000/node:v1@sha256:bb", true),
            ("localhost:5000/node@sha256:bb", true),
        ] {
            assert_eq!(host.has_image(reference), there, "{reference}");
        }
    }
}
