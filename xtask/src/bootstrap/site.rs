//! What the kind cluster of a stage is to be: names, ports, images and files, read from the repository.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use config::Stage;

use crate::{
    commands::scope::Scope, context::Context, deps::lock::Lock, kube::kubeconfig, outcome::Failure,
    tools::kind::context_name,
};

/// The image of the nodes in the lock, up to its tag.
const NODE: &str = "kindest/node";

/// The image of the registry. Any 2.x serves.
const REGISTRY: &str = "registry:2";

/// What the kind cluster of a stage is to be.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    /// `hmlet local`.
    pub(crate) title: String,
    pub(crate) cluster: String,
    pub(crate) stage: Stage,
    /// The apps that have an environment.
    pub(crate) apps: Vec<&'static config::App>,
    /// The flags that choose it in a proposed command, each with a space in front.
    pub(crate) flags: String,
    /// The name of the kind cluster: `hmlet-local`.
    pub(crate) name: String,
    /// The name of the registry's container.
    pub(crate) registry: String,
    /// Ports on 127.0.0.1: of the ingress and of the registry.
    pub(crate) http_port: u16,
    pub(crate) registry_port: u16,
    /// kind's configuration with the ports filled in.
    pub(crate) config: String,
    pub(crate) node_image: String,
    pub(crate) registry_image: String,
    /// What pods need and no build makes.
    pub(crate) images: Vec<Image>,
    /// The chart of the ingress, if the cluster has one.
    pub(crate) ingress: Option<PathBuf>,
    /// The folder of the stage, which may not exist yet.
    pub(crate) folder: PathBuf,
    pub(crate) kubeconfig: PathBuf,
}

/// An image of the world outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Image {
    /// As charts name it: `postgres:17.11-bookworm`.
    pub(crate) tag: String,
    /// Of its index: `sha256:…`; nothing if the lock does not have it.
    pub(crate) digest: Option<String>,
}

impl Site {
    /// Reads what the stage's cluster is to be.
    ///
    /// # Errors
    /// Exit code 2 for a wrong file, 3 for a stage that lives on an adopted cluster.
    pub(crate) fn read(context: &Context, scope: &Scope) -> anyhow::Result<Self> {
        let cluster = &scope.cluster.name;
        let Some(kind) = scope.kind() else {
            return Err(refuse_to_make(scope).into());
        };
        let (http_port, registry_port) = (kind.http_port, kind.registry_port);
        let folder = context.root.join("clusters").join(cluster);
        let lock = Lock::load(&context.root)?;
        let node_image = node_image(context, &lock)?;
        let images = lock.images.iter().filter(|(tag, _)| repository(tag) != NODE);
        let images = images.map(|(tag, digest)| Image {
            tag: tag.clone(),
            digest: Some(digest.clone()),
        });
        let chart = folder.join("charts/traefik");
        let stage_folder = scope.folder(context);
        Ok(Self {
            title: scope.title(),
            cluster: cluster.clone(),
            stage: scope.stage,
            apps: scope.cluster.apps(),
            flags: scope.flags.clone(),
            registry: format!("{}-registry", kind.name),
            name: kind.name,
            http_port,
            registry_port,
            config: template(&folder.join(kind.config), http_port, registry_port)?,
            node_image,
            registry_image: REGISTRY.to_owned(),
            images: images.filter(|image| image.tag != REGISTRY).collect(),
            ingress: chart.is_dir().then_some(chart),
            kubeconfig: kubeconfig(&stage_folder),
            folder: stage_folder,
        })
    }

    /// The container of the node that kind makes first.
    pub(crate) fn first_node(&self) -> String {
        format!("{}-control-plane", self.name)
    }

    /// The context of the stage's kubeconfig.
    pub(crate) fn context(&self) -> String {
        context_name(&self.name)
    }

    /// What the nodes are told about the registry, and where the file lies: they know it by its container's name. It is the
    /// server too: what it does not have is "not found", instead of a look at the node's own port, where nobody listens.
    pub(crate) fn hosts_toml(&self) -> (String, String) {
        let folder = format!("/etc/containerd/certs.d/localhost:{}", self.registry_port);
        let server = format!("http://{}:5000", self.registry);
        let text = format!(
            "server = \"{server}\"\n\n[host.\"{server}\"]\n  capabilities = [\"pull\", \"resolve\"]\n"
        );
        (folder, text)
    }
}

impl Image {
    /// What to pull: by digest where one is known.
    pub(crate) fn pinned(&self) -> String {
        match &self.digest {
            Some(digest) => format!("{}@{digest}", self.tag),
            None => self.tag.clone(),
        }
    }

    /// As containerd lists it: with its registry and, for official images, their folder.
    pub(crate) fn full_name(&self) -> String {
        let first = self.tag.split('/').next().unwrap_or_default();
        if !self.tag.contains('/') {
            format!("docker.io/library/{}", self.tag)
        } else if first.contains(['.', ':']) || first == "localhost" {
            self.tag.clone()
        } else {
            format!("docker.io/{}", self.tag)
        }
    }
}

/// kind's configuration: `{http_port}` and `{registry_port}` become the stage's ports.
fn template(path: &Path, http_port: u16, registry_port: u16) -> anyhow::Result<String> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(text
        .replace("{http_port}", &http_port.to_string())
        .replace("{registry_port}", &registry_port.to_string()))
}

/// The image of the nodes of kind clusters: by digest, or `PLASMA_NODE_IMAGE`.
///
/// # Errors
/// Exit code 2 when neither is there.
pub(crate) fn node_image(context: &Context, lock: &Lock) -> Result<String, Failure> {
    if let Some(image) = context.vars.get("PLASMA_NODE_IMAGE")
        && !image.is_empty()
    {
        return Ok(image.clone());
    }
    let found = lock.images.iter().find(|(tag, _)| repository(tag) == NODE);
    let (tag, digest) = found.ok_or_else(|| {
        Failure::usage("the lock has no image for the nodes")
            .because(format!("deps/tools.yaml has no `{NODE}:…` under `images`"))
            .advise("add it, or set PLASMA_NODE_IMAGE")
    })?;
    Ok(format!("{tag}@{digest}"))
}

fn repository(tag: &str) -> &str {
    tag.rsplit_once(':').map_or(tag, |(repository, _)| repository)
}

/// The refusal to make a cluster that is not ours.
pub(crate) fn refuse_to_make(scope: &Scope) -> Failure {
    of_others(scope, "made").advise(format!(
        "adopt it: cargo xtask bootstrap{} --kubeconfig FILE [--context NAME]",
        scope.flags
    ))
}

/// The refusal to destroy a cluster that is not ours.
pub(crate) fn refuse_to_destroy(scope: &Scope) -> Failure {
    of_others(scope, "destroyed").advise(format!(
        "to give it up, remove kubeconfig and identity.json from the stage's folder, which changes nothing in the cluster; to \
         adopt another one instead: cargo xtask bootstrap{} --kubeconfig FILE --yes",
        scope.flags
    ))
}

fn of_others(scope: &Scope, done: &str) -> Failure {
    Failure::refused(format!("the cluster of {} is not {done}", scope.title())).because(format!(
        "clusters/{}/cluster.yaml says that {} lives on a cluster that exists: plasma neither creates nor destroys it",
        scope.cluster.name, scope.stage
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_named_as_containerd_lists_them() {
        let full = |tag: &str| {
            let image = Image {
                tag: tag.to_owned(),
                digest: None,
            };
            image.full_name()
        };
        assert_eq!(full("traefik:v3"), "docker.io/library/traefik:v3");
        assert_eq!(full("kindest/node:v1"), "docker.io/kindest/node:v1");
        assert_eq!(full("quay.io/minio/minio:R1"), "quay.io/minio/minio:R1");
        assert_eq!(full("localhost:5001/photos:1"), "localhost:5001/photos:1");
    }
}
