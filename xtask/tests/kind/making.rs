//! A cluster is made: from the image of its nodes to the kubeconfig.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    time::{Duration, Instant},
};

use crate::stage::{Follower, Stage, docker, out};

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
    // The node has its images from the start.
    assert!(!done.contains("gave "), "{done}");
    assert_eq!(made["registry"], "localhost:5002");
    let mode = fs::metadata(stage.kubeconfig()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let contexts = stage.kubectl(&["config", "get-contexts", "--output=name"]);
    assert_eq!(contexts, "kind-hmlet-test\n");
}
