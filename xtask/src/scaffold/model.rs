//! What is copied from hmlet under other names: the chart, the image and the dev loop of its frontend, its ingress
//! controller and its kind cluster. They are what `ci charts` and the tests on a cluster look at every day.

use std::path::Path;

use super::{
    names::{Code, Name},
    tree::Tree,
};

const CLUSTER: &str = "clusters/hmlet";
const APP: &str = "clusters/hmlet/frontend";

/// Parts of the frontend that another app does not have, line by line.
const LEFT_OUT: [&str; 2] = ["- crates/photos-client/**", "- crates/photos-api/**"];

/// Plans chart, Dockerfile and skaffold.yaml of an app.
///
/// # Errors
/// When the model cannot be read.
pub(super) fn app(tree: &mut Tree, cluster: &str, app: &Name, code: &Code) -> anyhow::Result<()> {
    let target = Path::new("clusters").join(cluster).join(app.as_str());
    for (path, text) in tree.files(Path::new(APP))? {
        if path.starts_with("values") || path == Path::new("app.yaml") {
            continue;
        }
        let text = text
            .replace("frontend", app.as_str())
            .replace("FE_", &format!("{}_", code.prefix()))
            .replace("hmlet", cluster)
            .replace("stickyCookie: replica", "stickyCookie: \"\"")
            .replace(
                " Two tabs that renew the same login at\n  # once must meet in one process.",
                "",
            )
            .replace("component: pages", "component: service")
            .replace(
                "The pages in front of the photos service.",
                &format!("The service {app}."),
            );
        let kept: Vec<&str> = text
            .lines()
            .filter(|line| !LEFT_OUT.contains(&line.trim()))
            .collect();
        tree.add(target.join(path), kept.join("\n") + "\n")?;
    }
    Ok(())
}

/// Plans the ingress controller's chart and `kind.yaml` of a cluster.
///
/// # Errors
/// When the model cannot be read.
pub(super) fn cluster(tree: &mut Tree, cluster: &Name) -> anyhow::Result<()> {
    let target = Path::new("clusters").join(cluster.as_str());
    let kind = tree.read(&Path::new(CLUSTER).join("kind.yaml"))?;
    tree.add(target.join("kind.yaml"), kind)?;
    let chart = Path::new("charts/traefik");
    for (path, text) in tree.files(&Path::new(CLUSTER).join(chart))? {
        let text = text.replace("hmlet", cluster.as_str());
        tree.add(target.join(chart).join(path), text)?;
    }
    Ok(())
}
