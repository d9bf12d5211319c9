//! A new app of a cluster: a service that serves one page, its environment in `config`, its chart, values and image.

use std::{fs, path::Path};

use config::{APPS, Cluster, Fallback, Home, Stage, cluster_names};

use super::{
    insert, model,
    names::{Code, Name, taken},
    tree::Tree,
};

/// The ports that the chart's model has within a pod. Every pod has its own, so they may be the same for all apps.
const POD_PORTS: (u16, u16) = (8000, 9181);
/// Where free ports for native runs are looked for: the public and the internal one of the first app.
const NATIVE: (u16, u16) = (8000, 9180);

/// The files of the service, each with its template.
const SERVICE: [(&str, &str); 4] = [
    (
        "Cargo.toml",
        include_str!("../../templates/service/Cargo.toml.tmpl"),
    ),
    ("src/lib.rs", include_str!("../../templates/service/lib.rs.tmpl")),
    (
        "src/main.rs",
        include_str!("../../templates/service/main.rs.tmpl"),
    ),
    (
        "tests/serves.rs",
        include_str!("../../templates/service/serves.rs.tmpl"),
    ),
];
const ENVIRONMENT: &str = include_str!("../../templates/service/env.rs.tmpl");

/// Plans an app. `homes` says where the stages of its cluster run, which may be planned itself.
///
/// # Errors
/// 3 when there is an app or a crate of this name, or another's commands or variables have this code.
pub(crate) fn app(
    tree: &mut Tree,
    root: &Path,
    cluster: &str,
    homes: &[(Stage, Home)],
    name: &Name,
    code: &Code,
) -> anyhow::Result<()> {
    let prefix = code.prefix();
    if let Some(other) = APPS.iter().find(|app| app.prefix == format!("{prefix}_")) {
        let why = format!("the variables of {} begin with {prefix}_", other.name);
        return Err(taken(code, &why).into());
    }
    for other in cluster_names(root) {
        // One that cannot be read is told where it is used.
        if Cluster::load(root, &other).is_ok_and(|other| other.code == code.as_str()) {
            return Err(taken(code, &format!("the cluster {other} has it")).into());
        }
    }
    let native = (free_port(root, NATIVE.0), free_port(root, NATIVE.1));
    let fill = |template: &str| {
        template
            .replace("{{name}}", name.as_str())
            .replace("{{snake}}", &name.snake())
            .replace("{{Struct}}", &name.environment())
            .replace("{{PREFIX}}", &prefix)
            .replace("{{cluster}}", cluster)
            .replace("{{public_port}}", &native.0.to_string())
            .replace("{{internal_port}}", &native.1.to_string())
    };

    // The service, and its environment where all readers find it.
    for (path, template) in SERVICE {
        tree.add(Path::new("crates").join(name.as_str()).join(path), fill(template))?;
    }
    let (snake, structure) = (name.snake(), name.environment());
    tree.add(format!("crates/config/src/{snake}.rs"), fill(ENVIRONMENT))?;
    tree.change("crates/config/src/lib.rs", |text| {
        let text = insert::sorted(text, "mod ", &format!("mod {snake};"))?;
        insert::sorted(&text, "pub use ", &format!("pub use {snake}::{structure};"))
    })?;
    tree.change("crates/config/src/spec.rs", |text| {
        insert::item(text, "APPS: &[&App] = &[", &format!("&crate::{snake}::APP"))
    })?;
    tree.change("doc/architecture.md", |text| {
        let row = format!("| `crates/{name}` | the service of the cluster {cluster} | `config` |");
        insert::after(text, "| `crates/", &row)
    })?;

    // The cluster's side.
    let folder = Path::new("clusters").join(cluster);
    tree.change(folder.join("cluster.yaml"), |text| {
        insert::item(text, "apps: [", name.as_str())
    })?;
    tree.add(
        folder.join(name.as_str()).join("app.yaml"),
        format!(
            "app: {name}\ncode: {}\nreleases:\n  - {{name: {name}, chart: chart, values: backend.yaml}}\n",
            code.as_str()
        ),
    )?;
    model::app(tree, cluster, name, code)?;
    add_section(
        tree,
        cluster,
        "comm",
        name,
        &format!(
            "  listen: 0.0.0.0:{}\n  internal_listen: 0.0.0.0:{}\n",
            POD_PORTS.0, POD_PORTS.1
        ),
    )?;
    add_section(
        tree,
        cluster,
        "native",
        name,
        &format!(
            "  listen: 127.0.0.1:{}\n  internal_listen: 127.0.0.1:{}\n  public_url: null\n",
            native.0, native.1
        ),
    )?;
    for (stage, home) in homes {
        let host = format!("{cluster}.{name}.{stage}");
        let (url, values) = match home {
            Home::Kind { http_port, .. } => (
                format!("http://{host}.localhost:{http_port}"),
                format!("replicas: 1\n\ningress:\n  hosts: [{host}, {host}.localhost]\n"),
            ),
            Home::Adopted => (
                format!("https://{host}"),
                format!("replicas: 2\n\ningress:\n  hosts: [{host}]\n  tlsSecretName: {name}-tls\n"),
            ),
        };
        add_section(
            tree,
            cluster,
            stage.name(),
            name,
            &format!("  public_url: {url}\n"),
        )?;
        let path = folder.join(name.as_str()).join("values").join(stage.name());
        tree.add(
            path.join("backend.yaml"),
            format!("# {} {stage}\n{values}", stage.emoji()),
        )?;
    }
    Ok(())
}

/// Puts the section of an app at the end of a file of environments.
fn add_section(tree: &mut Tree, cluster: &str, file: &str, app: &Name, lines: &str) -> anyhow::Result<()> {
    tree.change(format!("envs/{cluster}/{file}.yaml"), |text| {
        let gap = if text.lines().all(|line| line.starts_with('#')) {
            ""
        } else {
            "\n"
        };
        Some(format!("{}\n{gap}{app}:\n{lines}", text.trim_end()))
    })
}

/// The first port from `first` on that no app listens on in a native run, or by default.
fn free_port(root: &Path, first: u16) -> u16 {
    let mut taken = String::new();
    for cluster in config::cluster_names(root) {
        let file = root.join("envs").join(cluster).join("native.yaml");
        taken.push_str(&fs::read_to_string(file).unwrap_or_default());
    }
    for variable in APPS.iter().flat_map(|app| app.variables) {
        if let Fallback::Text(text) = variable.fallback {
            taken.push_str(text);
            taken.push('\n');
        }
    }
    (first..u16::MAX)
        .find(|port| !taken.contains(&format!(":{port}\n")))
        .unwrap_or(first)
}
