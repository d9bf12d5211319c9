//! What the running nodes and the API server have of a stage's cluster.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::{
    core::v1::{ConfigMap, Namespace},
    storage::v1::StorageClass,
};
use kube::{Api, Client, api::ListParams};

use super::{site::Site, trouble};
use crate::{
    kube::identity,
    tools::{docker::Docker, runner::Runner},
};

/// What is between the parts of what a node prints.
const SEPARATOR: &str = "=====";

/// The folder of a node where kind's storage class keeps the volumes.
const VOLUMES: &str = "/var/local-path-provisioner";

/// What one running node has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Inside {
    /// Whether it knows how to reach the registry.
    pub(crate) knows_registry: bool,
    /// The tags of the site's images that it does not have.
    pub(crate) missing_images: Vec<String>,
}

/// What the API server has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cluster {
    pub(crate) uid: String,
    /// Whether kind came to its last step, the storage class. Without it no pod can have kept anything.
    pub(crate) whole: bool,
    pub(crate) has_namespace: bool,
    /// Whether it says where the registry is, as tools like skaffold look it up.
    pub(crate) names_registry: bool,
    /// The fingerprint of the ingress's chart that was installed last.
    pub(crate) ingress: Option<String>,
}

impl Inside {
    /// Looks into a running node. Changes nothing.
    ///
    /// # Errors
    /// When Docker cannot run a program in it.
    pub(crate) async fn look(
        site: &Site,
        docker: &Docker,
        runner: &Runner,
        node: &str,
    ) -> anyhow::Result<Self> {
        let (folder, hosts) = site.hosts_toml();
        let script = format!(
            "cat {folder}/hosts.toml 2>/dev/null; echo {SEPARATOR}; ctr --namespace=k8s.io images ls -q"
        );
        let printed = runner.run(&docker.exec(node, &["sh", "-c", &script])).await;
        let printed = printed.map_err(trouble::explain)?;
        let separator = format!("{SEPARATOR}\n");
        let mut parts = printed.split(&separator);
        let mut part = || parts.next().unwrap_or_default();
        let (known, images) = (part() == hosts, part());
        let images: BTreeSet<&str> = images.lines().collect();
        let missing = site
            .images
            .iter()
            .filter(|image| !images.contains(image.full_name().as_str()));
        Ok(Self {
            knows_registry: known,
            missing_images: missing.map(|image| image.tag.clone()).collect(),
        })
    }
}

/// Whether data of pods lies on a running node, which need not be more than a running container.
///
/// # Errors
/// When Docker cannot run a program in it.
pub(crate) async fn has_volumes(docker: &Docker, runner: &Runner, node: &str) -> anyhow::Result<bool> {
    let script = format!("ls -A {VOLUMES} 2>/dev/null; true");
    let printed = runner.run(&docker.exec(node, &["sh", "-c", &script])).await;
    Ok(!printed.map_err(trouble::explain)?.trim().is_empty())
}

impl Cluster {
    /// Asks the API server. Changes nothing.
    ///
    /// # Errors
    /// When it does not answer.
    pub(crate) async fn look(site: &Site, client: &Client) -> kube::Result<Self> {
        let namespaces: Api<Namespace> = Api::all(client.clone());
        let classes: Api<StorageClass> = Api::all(client.clone());
        let maps: Api<ConfigMap> = Api::namespaced(client.clone(), "kube-public");
        let every = ListParams::default();
        let (uid, namespaces, classes, map) = tokio::try_join!(
            identity::ask(client),
            namespaces.list(&every),
            classes.list(&every),
            maps.get_opt(REGISTRY_MAP),
        )?;
        let namespace = |name: &str| {
            let mut found = namespaces.iter();
            found.find(|namespace| namespace.metadata.name.as_deref() == Some(name))
        };
        Ok(Self {
            uid,
            whole: classes.iter().next().is_some(),
            has_namespace: namespace(&site.cluster).is_some(),
            names_registry: map.and_then(|map| map.data) == Some(registry_data(site)),
            ingress: namespace(super::ingress::NAMESPACE)
                .and_then(|namespace| namespace.metadata.annotations.as_ref())
                .and_then(|annotations| annotations.get(super::ingress::FINGERPRINT).cloned()),
        })
    }
}

/// Where tools look up which registry a cluster pulls from (KEP-1755).
pub(crate) const REGISTRY_MAP: &str = "local-registry-hosting";

/// The content of [`REGISTRY_MAP`].
pub(crate) fn registry_data(site: &Site) -> BTreeMap<String, String> {
    let text = format!(
        "host: \"localhost:{}\"\nhelp: \"https://kind.sigs.k8s.io/docs/user/local-registry/\"\n",
        site.registry_port
    );
    BTreeMap::from([("localRegistryHosting.v1".to_owned(), text)])
}
