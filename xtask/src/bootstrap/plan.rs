//! What is to be done about what Docker has of a stage's cluster: pure decisions, and their text for `--plan`.

use std::fmt;

use super::{
    host::{Host, Registry},
    images, network, node_image,
    site::Site,
};
use crate::tools::{docker::Docker, helm::Helm, kind::Kind, runner::Call};

/// The programs that bootstrap calls.
#[derive(Clone, Debug)]
pub(crate) struct Tools {
    pub(crate) docker: Docker,
    pub(crate) kind: Kind,
    pub(crate) helm: Helm,
}

/// What is to be done about the nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Nodes {
    Create,
    /// They exist, and these are stopped.
    Start(Vec<String>),
    Run,
}

/// What is to be done about the registry's container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Registries {
    Create,
    /// It is published on another port than the cluster's file says now: what it holds is built again by deploy.
    Replace,
    Start,
    Run,
}

impl Nodes {
    pub(crate) fn decide(host: &Host) -> Self {
        let stopped = host.nodes.iter().filter(|node| !node.running);
        let stopped: Vec<String> = stopped.map(|node| node.name.clone()).collect();
        match (host.nodes.is_empty(), stopped.is_empty()) {
            (true, _) => Self::Create,
            (false, false) => Self::Start(stopped),
            (false, true) => Self::Run,
        }
    }
}

impl Registries {
    pub(crate) fn decide(site: &Site, host: &Host) -> Self {
        match &host.registry {
            None => Self::Create,
            Some(Registry { port, .. }) if *port != Some(site.registry_port) => Self::Replace,
            Some(Registry { running: false, .. }) => Self::Start,
            Some(_) => Self::Run,
        }
    }
}

/// The plan as text: the exact commands, and in words what goes through the API server.
pub(crate) struct Listing<'a> {
    pub(crate) site: &'a Site,
    pub(crate) tools: &'a Tools,
    /// What Docker has; nothing if it does not answer.
    pub(crate) host: Option<&'a Host>,
}

impl fmt::Display for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { site, tools, .. } = self;
        let nothing = Host::default();
        let host = self.host.unwrap_or(&nothing);
        let nodes = Nodes::decide(host);
        writeln!(
            f,
            "{} {}: kind cluster {}",
            site.stage.emoji(),
            site.title,
            site.name
        )?;
        if self.host.is_none() {
            writeln!(
                f,
                "# Docker does not answer: this is the plan where nothing is there yet"
            )?;
        }
        match &nodes {
            Nodes::Create => {
                for call in images::pulls(site, &tools.docker, host) {
                    writeln!(f, "{call}")?;
                }
                let image = if site.images.is_empty() {
                    site.node_image.clone()
                } else {
                    self.node_image(f, host)?
                };
                let create = tools
                    .kind
                    .create(&site.name, &site.config, &image, &site.kubeconfig);
                writeln!(f, "{create}")?;
            }
            Nodes::Start(stopped) => writeln!(f, "{}", tools.docker.start(stopped))?,
            Nodes::Run => writeln!(f, "# the nodes run: {}", names(host).join(", "))?,
        }
        for call in self.registry(host) {
            writeln!(f, "{call}")?;
        }
        let fresh = nodes == Nodes::Create;
        if fresh {
            let node = site.first_node();
            for write in network::write(&tools.docker, &node, &site.config) {
                writeln!(f, "{write}")?;
            }
            writeln!(f, "{}", register(site, &tools.docker, &node))?;
        } else {
            writeln!(
                f,
                "# each node: tell it the registry, and give it the images, where it lacks them"
            )?;
        }
        writeln!(
            f,
            "# in the cluster: namespace {}, ConfigMap kube-public/{}, secrets read back into {} if they are lost here",
            site.cluster,
            super::inside::REGISTRY_MAP,
            site.folder.join("secrets.yaml").display(),
        )?;
        if let Some(chart) = &site.ingress {
            writeln!(
                f,
                "{}",
                super::ingress::install(&tools.helm, chart, &site.kubeconfig)
            )?;
        }
        writeln!(
            f,
            "# wait until nodes, system pods and ingress are ready, and http://127.0.0.1:{} answers",
            site.http_port
        )
    }
}

impl Listing<'_> {
    /// The image of the nodes, after the commands that make it.
    fn node_image(&self, f: &mut fmt::Formatter<'_>, host: &Host) -> Result<String, fmt::Error> {
        let name = node_image::name(self.site);
        if host.images.contains(&name) {
            writeln!(
                f,
                "# {name} is there; it is made again if the images in it have changed"
            )?;
        } else {
            let making = node_image::Making::planned(self.site, &self.tools.docker);
            writeln!(
                f,
                "# the image of the nodes, once; its entrypoint and fingerprint are what Docker says of the images then:"
            )?;
            writeln!(f, "{} | {}", making.save, making.import)?;
            writeln!(f, "{}", making.commit)?;
            writeln!(f, "{}", making.clear)?;
        }
        Ok(name)
    }

    fn registry(&self, host: &Host) -> Vec<Call> {
        let Self { site, tools, .. } = self;
        let run = tools
            .docker
            .run_registry(&site.registry, &site.registry_image, site.registry_port);
        let name = [site.registry.clone()];
        let mut calls = match Registries::decide(site, host) {
            Registries::Create => vec![run],
            Registries::Replace => vec![tools.docker.remove(&name), run],
            Registries::Start => vec![tools.docker.start(&name)],
            Registries::Run => vec![],
        };
        let network = host.network().unwrap_or("kind");
        let joined = host
            .registry
            .as_ref()
            .is_some_and(|registry| registry.networks.contains(network));
        if !joined || calls.len() == 2 {
            calls.push(tools.docker.connect(network, &site.registry));
        }
        calls
    }
}

/// Tells a node how to reach the registry.
pub(crate) fn register(site: &Site, docker: &Docker, node: &str) -> Call {
    let (folder, text) = site.hosts_toml();
    let script = format!("mkdir -p {folder} && cat >{folder}/hosts.toml");
    docker.exec(node, &["sh", "-c", &script]).stdin(text)
}

/// The names of the nodes.
pub(crate) fn names(host: &Host) -> Vec<String> {
    host.nodes.iter().map(|node| node.name.clone()).collect()
}

/// The tags of the site's images.
pub(crate) fn tags(site: &Site) -> Vec<String> {
    site.images.iter().map(|image| image.tag.clone()).collect()
}
