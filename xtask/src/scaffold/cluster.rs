//! A new cluster: its file, its kind cluster, its ingress, and its environments, on ports that no other has.

use std::path::Path;

use config::{APPS, Cluster, Home, Stage, cluster_names};

use super::{
    model,
    names::{Code, Name, taken},
    tree::Tree,
};
use crate::outcome::Failure;

/// The first ports of a cluster's stages: ingress and registry. hmlet has those after them.
const HTTP: u16 = 8081;
const REGISTRY: u16 = 5001;

/// Plans a cluster without apps, and says where its stages run.
///
/// # Errors
/// 3 when there is one of this name, or another's commands have this code; 2 when another cluster's file is wrong.
pub(crate) fn cluster(
    tree: &mut Tree,
    root: &Path,
    name: &Name,
    code: &Code,
) -> anyhow::Result<Vec<(Stage, Home)>> {
    if let Some(other) = APPS
        .iter()
        .find(|app| app.prefix == format!("{}_", code.prefix()))
    {
        return Err(taken(code, &format!("the app {} has it", other.name)).into());
    }
    let (mut http, mut registry) = (Vec::new(), Vec::new());
    for other in cluster_names(root) {
        let other = Cluster::load(root, &other).map_err(|faults| {
            Failure::usage(format!("the cluster {other} cannot be read")).because(faults.list())
        })?;
        if other.code == code.as_str() {
            return Err(taken(code, &format!("the cluster {} has it", other.name)).into());
        }
        for home in other.stages.values() {
            if let Home::Kind {
                http_port,
                registry_port,
                ..
            } = home
            {
                http.push(*http_port);
                registry.push(*registry_port);
            }
        }
    }
    let free = |taken: &[u16], first: u16| {
        let mut ports = (first..first + 200).filter(|port| !taken.contains(port));
        ports.next().zip(ports.next())
    };
    let ((local, test), (local_registry, test_registry)) =
        free(&http, HTTP)
            .zip(free(&registry, REGISTRY))
            .ok_or_else(|| Failure::failed("no two ports are left for another cluster"))?;
    let folder = Path::new("clusters").join(name.as_str());
    tree.add(
        folder.join("cluster.yaml"),
        format!(
            "cluster: {name}\ncode: {}\napps: []\nstages:\n  \
             test: {{kind: kind.yaml, http_port: {test}, registry_port: {test_registry}}}\n  \
             local: {{kind: kind.yaml, http_port: {local}, registry_port: {local_registry}}}\n  \
             staging: {{adopt: true}}\n  production: {{adopt: true}}\n",
            code.as_str()
        ),
    )?;
    model::cluster(tree, name)?;
    let envs = Path::new("envs").join(name.as_str());
    tree.add(
        envs.join("comm.yaml"),
        format!(
            "# What holds in every stage of {name}, on its cluster. A stage's own file goes over this one.\n"
        ),
    )?;
    for stage in Stage::ALL {
        let text = format!("# {} {stage}\n", stage.emoji());
        tree.add(envs.join(format!("{stage}.yaml")), text)?;
    }
    tree.add(
        envs.join("native.yaml"),
        "# Any stage as processes of this machine.\n".to_owned(),
    )?;
    let kind = |http_port, registry_port| Home::Kind {
        config: "kind.yaml".into(),
        http_port,
        registry_port,
    };
    Ok(vec![
        (Stage::Test, kind(test, test_registry)),
        (Stage::Local, kind(local, local_registry)),
        (Stage::Staging, Home::Adopted),
        (Stage::Production, Home::Adopted),
    ])
}
