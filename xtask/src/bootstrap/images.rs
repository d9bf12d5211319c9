//! The images that pods need and no build makes: from the engine of this machine into the nodes.
//!
//! `kind load` asks containerd for all platforms of an image, which an engine that keeps its images in containerd does
//! not have; so they go from `docker save` into `ctr import`, which takes this machine's platform.

use futures_util::future::try_join_all;

use super::{host::Host, site::Site, trouble};
use crate::{
    progress::Step,
    tools::{
        docker::Docker,
        runner::{Call, Runner},
    },
};

/// Whether the image is the ingress's, which is needed first.
pub(crate) fn is_for_ingress(tag: &str) -> bool {
    tag.rsplit('/')
        .next()
        .is_some_and(|name| name.starts_with("traefik:"))
}

/// What the engine has to pull first. The image of the nodes is among it: kind's own pull shows no cause when it fails.
pub(crate) fn pulls(site: &Site, docker: &Docker, host: &Host) -> Vec<Call> {
    let mut calls = Vec::new();
    for name in [&site.node_image, &site.registry_image] {
        if !host.has_image(name) {
            calls.push(docker.pull(name));
        }
    }
    for image in site.images.iter().filter(|image| !host.has_image(&image.tag)) {
        calls.push(docker.pull(&image.pinned()));
        if image.digest.is_some() {
            calls.push(docker.tag(&image.pinned(), &image.tag));
        }
    }
    calls
}

/// The two calls, the first piped into the second, that give images to a node. The ingress's is unpacked at once, for its pod is
/// waited for; the node unpacks another when it first makes a container of it, and leaves the processors to kubeadm until then.
pub(crate) fn give(docker: &Docker, node: &str, tags: &[String]) -> (Call, Call) {
    let mut import = vec!["ctr", "--namespace=k8s.io", "images", "import"];
    if !tags.iter().any(|tag| is_for_ingress(tag)) {
        import.push("--no-unpack");
    }
    import.push("-");
    (docker.save(tags), docker.exec(node, &import))
}

/// Pulls what the engine lacks of the backing images among `tags`, so that it can be given to the nodes.
///
/// # Errors
/// When a registry does not give an image, with what to do.
pub(crate) async fn fetch(
    site: &Site,
    docker: &Docker,
    runner: &Runner,
    host: &Host,
    tags: &[String],
    step: &mut Step,
) -> anyhow::Result<()> {
    let absent: Vec<_> = site
        .images
        .iter()
        .filter(|image| tags.contains(&image.tag) && !host.images.contains(&image.tag))
        .collect();
    if absent.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = absent.iter().map(|image| image.tag.as_str()).collect();
    step.says(&format!("pulling {}", names.join(", ")));
    let pulls = absent.iter().map(|image| async {
        runner.run(&docker.pull(&image.pinned())).await?;
        if image.digest.is_some() {
            runner.run(&docker.tag(&image.pinned(), &image.tag)).await?;
        }
        anyhow::Ok(())
    });
    try_join_all(pulls).await.map_err(trouble::explain)?;
    Ok(())
}
