//! The plans about clusters that run: what `bootstrap`, `destroy` and the adoption would do, and that they do none of it.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod stage;

use std::fs;

use assert_cmd::assert::Assert;
use stage::{Plasma, api_server, api_server_with, docker, kubeconfig};

/// As Docker describes the running node of a kind cluster.
const NODE: &str = r#"[{"Name":"/hmlet-local-control-plane",
"State":{"Running":true,"StartedAt":"2026-03-01T08:00:00Z"},
"HostConfig":{"PortBindings":{"6443/tcp":[{"HostIp":"127.0.0.1","HostPort":"33333"}]}},
"NetworkSettings":{"Networks":{"kind":{}}}}]"#;

/// The registry beside it.
const REGISTRY: &str = r#"[{"Name":"/hmlet-local-registry","State":{"Running":true},
"HostConfig":{"PortBindings":{"5000/tcp":[{"HostIp":"127.0.0.1","HostPort":"PORT"}]}},
"NetworkSettings":{"Networks":{"kind":{}}}}]"#;

/// What helm keeps of releases: redis came after postgresql and was upgraded since, and the ingress has a namespace of its
/// own. They come as a cluster lists them, by name.
const REVISIONS: &str = r#"{"apiVersion":"meta.k8s.io/v1","kind":"PartialObjectMetadataList","metadata":{},"items":[
{"metadata":{"name":"sh.helm.release.v1.photos.v1","namespace":"hmlet","creationTimestamp":"2026-03-01T08:03:00Z",
 "labels":{"owner":"helm","name":"photos","status":"failed","version":"1"}}},
{"metadata":{"name":"sh.helm.release.v1.postgresql.v1","namespace":"hmlet","creationTimestamp":"2026-03-01T08:01:00Z",
 "labels":{"owner":"helm","name":"postgresql","status":"deployed","version":"1"}}},
{"metadata":{"name":"sh.helm.release.v1.redis.v1","namespace":"hmlet","creationTimestamp":"2026-03-01T08:02:00Z",
 "labels":{"owner":"helm","name":"redis","status":"superseded","version":"1"}}},
{"metadata":{"name":"sh.helm.release.v1.redis.v2","namespace":"hmlet","creationTimestamp":"2026-03-02T08:00:00Z",
 "labels":{"owner":"helm","name":"redis","status":"deployed","version":"2"}}},
{"metadata":{"name":"sh.helm.release.v1.traefik.v1","namespace":"traefik","creationTimestamp":"2026-03-01T08:00:00Z",
 "labels":{"owner":"helm","name":"traefik","status":"deployed","version":"1"}}}]}"#;

const VOLUMES: &str = r#"{"apiVersion":"v1","kind":"PersistentVolumeClaimList","metadata":{},"items":[
{"metadata":{"name":"data-postgresql-0","namespace":"hmlet"},
 "spec":{"resources":{"requests":{"storage":"1Gi"}}}}]}"#;

#[test]
fn the_plan_of_the_end_to_end_story_says_whose_photos_go() {
    let plasma = Plasma::new();
    let account = [
        ("PLASMA_E2E_USERNAME", "tester"),
        ("PLASMA_E2E_PASSWORD", "not told"),
    ];
    let plan = plasma
        .run_with(&["e2e", "--stage", "staging", "--plan"], &account)
        .code(0);
    insta::assert_snapshot!(plasma.stdout(&plan));
    assert!(!plasma.stage("staging").exists());
}

/// A cluster that runs, with releases, a volume and a registry.
fn running() -> Plasma {
    let plasma = Plasma::new();
    docker(&plasma);
    // Were helm and kind called, it would be seen.
    plasma.shim("helm");
    plasma.shim("kind");
    let registry = REGISTRY.replace("PORT", &plasma.registry_port.to_string());
    for (call, says) in [
        (
            "ps --all --format {{.Names}} --filter label=",
            "hmlet-local-control-plane\n",
        ),
        (
            "ps --all --format {{.Names}} --filter name=^/?hmlet-local-node-image$",
            "hmlet-local-node-image\n",
        ),
        ("container inspect hmlet-local-control-plane", NODE),
        ("container inspect hmlet-local-registry", &registry),
    ] {
        plasma.answer(&format!("docker {call}"), 0, says, "");
    }
    let lists = &[
        ("/api/v1/secrets", REVISIONS),
        ("/api/v1/persistentvolumeclaims", VOLUMES),
    ];
    plasma.bootstrapped("local", &api_server_with("uid-1", lists), "uid-1");
    plasma
}

/// Docker was asked questions, nobody else anything, and the stage's folder is as it was.
#[track_caller]
fn is_untouched(plasma: &Plasma) {
    let questions = ["docker ps ", "docker container inspect ", "docker image ls "];
    let calls = plasma.calls();
    // What a call saw of its environment is indented.
    let changes: Vec<&str> = calls
        .lines()
        .filter(|call| !call.starts_with("  "))
        .filter(|call| !questions.iter().any(|question| call.starts_with(question)))
        .collect();
    assert_eq!(changes, Vec::<&str>::new());
    let mut files: Vec<_> = fs::read_dir(plasma.stage("local"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    files.sort();
    assert_eq!(files, ["identity.json", "kubeconfig"]);
}

#[test]
fn the_plan_of_a_running_cluster_only_makes_it_whole() {
    let plasma = running();
    let plan = plasma.run(&["bootstrap", "--plan"]).code(0);
    insta::assert_snapshot!(plasma.stdout(&plan));
    is_untouched(&plasma);
}

#[test]
fn the_plan_of_destroy_lists_all_that_would_be_lost() {
    let plasma = running();
    let plan = plasma.run(&["destroy", "--plan"]).code(0);
    insta::assert_snapshot!(plasma.stdout(&plan));
    is_untouched(&plasma);
}

#[test]
fn the_plan_of_destroying_the_releases_goes_backwards_and_keeps_the_rest() {
    let plasma = running();
    let plan = plasma.run(&["destroy", "--releases", "--plan"]).code(0);
    insta::assert_snapshot!(plasma.stdout(&plan));
    is_untouched(&plasma);
}

#[test]
fn where_nothing_is_deployed_the_plan_of_destroying_the_releases_is_empty() {
    let plasma = Plasma::new();
    let none = &[
        ("/api/v1/secrets", r#"{"metadata":{},"items":[]}"#),
        ("/api/v1/persistentvolumeclaims", VOLUMES),
    ];
    plasma.bootstrapped("local", &api_server_with("uid-1", none), "uid-1");
    let plan = plasma.run(&["destroy", "--releases", "--plan"]).code(0);
    assert_eq!(plasma.stdout(&plan), "");
    assert_eq!(plasma.stderr(&plan), "hmlet local: there is nothing to remove\n");
}

#[test]
fn the_plan_of_an_adoption_names_the_context_and_copies_nothing() {
    let plasma = Plasma::new();
    let server = api_server("uid-1");
    let file = plasma.root().join("theirs.yaml");
    fs::write(&file, kubeconfig(&server, &["dev", "admin"])).unwrap();
    let adopt = [
        "bootstrap",
        "--stage",
        "production",
        "--kubeconfig",
        file.to_str().unwrap(),
    ];
    let current = plasma.run(&[&adopt[..], &["--plan"]].concat()).code(0);
    insta::assert_snapshot!("the_plan_of_an_adoption", without(&server, &plasma, &current));
    let named = plasma
        .run(&[&adopt[..], &["--context", "admin", "--plan"]].concat())
        .code(0);
    insta::assert_snapshot!(
        "the_plan_of_an_adoption_of_a_named_context",
        without(&server, &plasma, &named)
    );
    assert!(!plasma.stage("production").exists());
}

/// What was printed, without the server's address: its port may be one that the cluster's file names, too.
fn without(server: &str, plasma: &Plasma, printed: &Assert) -> String {
    let text = String::from_utf8(printed.get_output().stdout.clone()).unwrap();
    plasma.anonymous(&text.replace(server, "SERVER"))
}
