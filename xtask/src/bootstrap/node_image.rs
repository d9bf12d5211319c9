//! The image of the nodes: kind's, with the backing images in it, and all images unpacked. Made once, and kept by the engine. A
//! node of it need not be given images while kubeadm wants the processors, nor unpack Kubernetes' own, for which every pod
//! of a new node else waits.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::{
    host::Host,
    images, plan,
    site::{Image, Site},
    trouble,
    work::Work,
};
use crate::{
    outcome::{self, Failure},
    tools::{
        docker::Docker,
        runner::{Call, Included, included},
    },
};

/// The repository of these images, which is in no registry.
const REPOSITORY: &str = "plasma-node";

/// The label that names the cluster an image was made for.
const CLUSTER: &str = "plasma.cluster";

/// The label with the fingerprint of what is in an image.
const CONTENT: &str = "plasma.content";

/// Takes the archive, and unpacks.
const MAKE: Included = included!("bootstrap/node_image.sh");

/// The name of a site's image: another one as soon as the lock names other images, or they are put into it in another way.
pub(crate) fn name(site: &Site) -> String {
    let pinned: Vec<String> = site.images.iter().map(Image::pinned).collect();
    let parts = [MAKE.text, &site.node_image]
        .into_iter()
        .chain(pinned.iter().map(String::as_str));
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
        hash.update([0]);
    }
    let hash = hex::encode(hash.finalize());
    format!("{REPOSITORY}:{}-{}", site.cluster, &hash[..12])
}

/// The calls that make it: the second is piped into the third.
pub(crate) struct Making {
    /// Removes the container of a run that was interrupted.
    pub(crate) clear: Call,
    pub(crate) save: Call,
    pub(crate) import: Call,
    pub(crate) commit: Call,
}

/// The container that becomes the image, left where its making was interrupted.
pub(crate) fn container(site: &Site) -> String {
    format!("{}-node-image", site.name)
}

impl Making {
    fn of(site: &Site, docker: &Docker, content: &str, entrypoint: &str) -> Self {
        let container = container(site);
        let changes = [
            format!("ENTRYPOINT {entrypoint}"),
            "CMD []".to_owned(),
            format!("LABEL {CLUSTER}={} {CONTENT}={content}", site.cluster),
        ];
        Self {
            clear: docker.remove(std::slice::from_ref(&container)),
            save: docker.save(&plan::tags(site)),
            import: docker.run_script(&container, &site.node_image, MAKE),
            commit: docker.commit(&container, &name(site), &changes),
        }
    }

    /// As a plan shows it, before Docker was asked what it has.
    pub(crate) fn planned(site: &Site, docker: &Docker) -> Self {
        Self::of(site, docker, "FINGERPRINT", "[…]")
    }
}

impl Work<'_> {
    /// The image for new nodes: made if it is not there, or has other images in it than the engine has now. kind's own if it
    /// cannot be made, which is said: the nodes are then given the images one by one.
    ///
    /// # Errors
    /// When a registry does not give an image that is needed for it.
    pub(super) async fn node_image(&self, host: &Host) -> anyhow::Result<String> {
        let (site, docker) = (self.site, &self.tools.docker);
        if site.images.is_empty() {
            return Ok(site.node_image.clone());
        }
        let name = name(site);
        let mut step = self
            .progress
            .step(format!("make the image of the nodes, {name}: once"));
        if !host.has_image(&site.node_image) {
            step.says(&format!("pulling {}", site.node_image));
            self.call(&docker.pull(&site.node_image)).await?;
        }
        images::fetch(site, docker, self.runner, host, &plan::tags(site), &mut step).await?;
        let wanted: Vec<String> = std::iter::once(site.node_image.clone())
            .chain(plan::tags(site))
            .collect();
        let parts = self.inspect(&wanted).await?;
        let content = fingerprint(&parts);
        if host.images.contains(&name) {
            let there = self.inspect(std::slice::from_ref(&name)).await?;
            if there.iter().any(|image| image.label(CONTENT) == Some(&content)) {
                step.skip();
                self.forget_other_images(&name).await;
                // Left of a run that was interrupted after the image was made.
                let _ = self.runner.run(&docker.remove(&[container(site)])).await;
                return Ok(name);
            }
        }
        let entrypoint = parts.first().and_then(|node| node.config.entrypoint.clone());
        let entrypoint = serde_json::to_string(&entrypoint.unwrap_or_default())?;
        let making = Making::of(site, docker, &content, &entrypoint);
        step.says(&format!("with {}", plan::tags(site).join(", ")));
        let make = async || {
            self.call(&making.clear).await?;
            let imported = self.runner.run_piped(&making.save, &making.import).await;
            imported.map_err(trouble::explain)?;
            self.call(&making.commit).await
        };
        let made = self.make_container(&container(site), &making.clear, make).await;
        let cleared = self.call(&making.clear).await;
        match made {
            Ok(_) => {
                cleared?;
                self.forget_other_images(&name).await;
                step.done();
                self.did(format!(
                    "made {name}, the image of the nodes with what charts need in it"
                ));
                Ok(name)
            }
            Err(error) => {
                step.skip();
                let why = error.downcast_ref::<Failure>().map_or("", Failure::why);
                let remedy = outcome::advice(&error).map_or(String::new(), |advice| format!("; {advice}"));
                self.progress.line(format_args!(
                    "note: the image of the nodes could not be made, so the nodes are given what it has one by one: {error:#}: \
                     {why}{remedy}"
                ));
                Ok(site.node_image.clone())
            }
        }
    }

    /// Removes what was made for this cluster before, but for what a container still is made of: Docker keeps that.
    async fn forget_other_images(&self, name: &str) {
        let docker = &self.tools.docker;
        let label = format!("{CLUSTER}={}", self.site.cluster);
        let Ok(found) = self.runner.run(&docker.labelled_images(&label)).await else {
            return;
        };
        for (id, tag) in found.lines().filter_map(|line| line.split_once(' ')) {
            let image = if tag.contains("<none>") { id } else { tag };
            if tag != name {
                let _ = self.runner.run(&docker.remove_images([image])).await;
            }
        }
    }

    async fn inspect(&self, images: &[String]) -> anyhow::Result<Vec<Inspected>> {
        let printed = self.call(&self.tools.docker.inspect_images(images)).await?;
        serde_json::from_str(&printed).context("docker describes its images in an unknown way")
    }
}

/// What identifies the parts: the identifiers that Docker gave them.
fn fingerprint(parts: &[Inspected]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(&part.id);
        hash.update([0]);
    }
    hex::encode(hash.finalize())
}

/// As `docker image inspect` prints it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inspected {
    id: String,
    #[serde(default)]
    config: Config,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct Config {
    #[serde(default)]
    entrypoint: Option<Vec<String>>,
    #[serde(default)]
    labels: Option<BTreeMap<String, String>>,
}

impl Inspected {
    fn label(&self, key: &str) -> Option<&String> {
        self.config.labels.as_ref()?.get(key)
    }
}
