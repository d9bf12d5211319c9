//! A cluster is made: from the image of its nodes to the kubeconfig.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    time::{Duration, Instant},
};

use crate::stage::{Follower, NODE, Stage, docker, out, piped};

/// Layers that hide what lies below them, and files that are easily taken over wrongly.
const LAYERS: &str = "FROM debian:trixie-slim
RUN mkdir -p /tree/gone /tree/new && echo 1 >/tree/gone/a && echo 2 >/tree/new/b && echo 3 >/tree/c && echo 4 >/tree/d \
 && chown 1000:1001 /tree/d && chmod 4751 /tree/d && ln /tree/d /tree/hard && ln -s ../d /tree/soft && mkfifo -m 620 /tree/pipe
RUN rm -r /tree/gone /tree/new /tree/c && mkdir -m 1777 /tree/new && echo 5 >/tree/new/e
";
const LAYERS_TAG: &str = "plasma-layers:test";

/// What is said of every file below the current folder.
const LIST: &str = r"find . -type d -printf '%p %m %U:%G\n' -o -printf '%p %y %m %U:%G %s %n %l\n' | sort
find . -type f -exec sha256sum {} + | sort";

/// An image that a node has unpacked from the start has the files that a container of it has.
pub(crate) fn an_image_is_unpacked_as_its_layers_say() {
    piped(&["build", "--quiet", "--tag", LAYERS_TAG, "-"], LAYERS.as_bytes());
    let meant = docker(&[
        "run",
        "--rm",
        LAYERS_TAG,
        "sh",
        "-c",
        &format!("cd /tree && {LIST}"),
    ]);
    assert!(
        meant.contains("./d f 4751 1000:1001 2 2") && !meant.contains("gone"),
        "{meant}"
    );

    let archive = tempfile::NamedTempFile::new().unwrap();
    docker(&["save", "--output", archive.path().to_str().unwrap(), LAYERS_TAG]);
    let script = concat!(
        include_str!("../../src/bootstrap/node_image.sh"),
        "\ncd /opt/plasma/snapshots/*/fs/tree\n"
    );
    let nodes = docker(&[
        "image",
        "ls",
        "--format",
        "{{.Repository}}:{{.Tag}}",
        "kindest/node",
    ]);
    let run = [
        "run",
        "--rm",
        "--interactive",
        "--privileged",
        "--entrypoint",
        "bash",
    ];
    let script = [nodes.lines().next().unwrap(), "-c", &format!("{script}{LIST}")];
    let unpacked = piped(&[&run[..], &script].concat(), &fs::read(archive.path()).unwrap());
    assert_eq!(unpacked, meant);
    docker(&["image", "rm", LAYERS_TAG]);
}

/// Something else has the image's name, as if the images in it had changed since: it is made anew.
pub(crate) fn the_image_of_the_nodes_has_what_the_engine_has_now(stage: &Stage) {
    let plan = out(&stage.ok(&["bootstrap", "--plan"]));
    let name = plan
        .split_whitespace()
        .find(|word| word.starts_with("plasma-node:hmlet-"))
        .unwrap();
    docker(&["tag", "registry:2", name]);
    let plan = out(&stage.ok(&["bootstrap", "--plan"]));
    assert!(plan.contains(&format!("# {name} is there")), "{plan}");

    let bootstrap = Follower::start(stage.command(&["bootstrap"]));
    bootstrap.line("make the image of the nodes");
    let containers = ["ps", "--all", "--quiet", "--filter", "name=node-image"];
    let begin = Instant::now();
    while docker(&containers).is_empty() {
        assert!(begin.elapsed() < Duration::from_secs(60), "it is not made");
    }
    assert_eq!(bootstrap.interrupt(), Some(130));
    stage.ok(&["destroy", "--yes"]);
    assert_eq!(docker(&containers), "");

    let bootstrap = Follower::start(stage.command(&["bootstrap"]));
    bootstrap.line("✓ make the image of the nodes");
    assert_eq!(bootstrap.interrupt(), Some(130));
    let inside = docker(&[
        "image",
        "inspect",
        "--format",
        "{{json .Config.Entrypoint}} {{index .Config.Labels \"plasma.cluster\"}}",
        name,
    ]);
    assert!(
        inside.contains("entrypoint") && inside.contains(" hmlet"),
        "{inside}"
    );
    assert_eq!(docker(&containers), "");
    // The image that lost its name to the new one is gone, unless a node of another stage is made of it.
    let ours = ["image", "ls", "--quiet", "--filter", "label=plasma.cluster=hmlet"];
    let nameless = docker(&[&ours[..], &["--filter", "dangling=true"]].concat());
    for image in nameless.lines() {
        let ancestor = format!("ancestor={image}");
        let nodes = docker(&["ps", "--all", "--quiet", "--filter", &ancestor]);
        assert_ne!(nodes, "", "nobody needs {image}");
    }
}

pub(crate) fn an_interrupted_bootstrap_is_finished_by_the_next(stage: &Stage) {
    // The image of the nodes is there, so the cluster is begun at once.
    let bootstrap = Follower::start(stage.command(&["bootstrap"]));
    bootstrap.line("Starting control-plane");
    assert_eq!(bootstrap.interrupt(), Some(130));
    let made = stage.ok(&["bootstrap", "--json"]);
    let made: serde_json::Value = serde_json::from_str(&out(&made)).unwrap();
    let done = made["done"].to_string();
    assert!(
        done.contains("removed the half-made cluster hmlet-test"),
        "{done}"
    );
    assert!(done.contains("created the kind cluster hmlet-test"), "{done}");
    assert!(!done.contains("made plasma-node"), "{done}");
    // The node has its images from the start, and those of its first pods unpacked.
    assert!(!done.contains("gave "), "{done}");
    let committed = "ctr --namespace=k8s.io snapshots ls | grep -c Committed";
    let links = "find /var/lib/containerd/*.overlayfs/snapshots -type l | wc -l";
    let unpacked = docker(&["exec", NODE, "sh", "-c", links]);
    assert_ne!(unpacked, "0");
    assert_eq!(docker(&["exec", NODE, "sh", "-c", committed]), unpacked);
    assert_eq!(made["registry"], "localhost:5002");
    let mode = fs::metadata(stage.kubeconfig()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let contexts = stage.kubectl(&["config", "get-contexts", "--output=name"]);
    assert_eq!(contexts, "kind-hmlet-test\n");
}
