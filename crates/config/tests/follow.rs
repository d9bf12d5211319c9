//! `http://{photos}` in `native.yaml`: an app that finds another one wherever that listens.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod support;

use std::fs;

use config::{Secrets, Stage, StageEnv, Target};
use support::{Workspace, map};

/// The zoo with a frontend, which finds photos by its Service, or natively by following it.
fn workspace() -> Workspace {
    let workspace = Workspace::new();
    for (path, from, to) in [
        ("clusters/zoo/cluster.yaml", "[photos]", "[photos, frontend]"),
        (
            "envs/zoo/comm.yaml",
            "photos:",
            "frontend:\n  photos_url: http://photos:8080\nphotos:",
        ),
        (
            "envs/zoo/native.yaml",
            "photos:",
            "frontend:\n  photos_url: http://{photos}/\nphotos:",
        ),
    ] {
        let text = fs::read_to_string(workspace.root().join(path)).unwrap();
        workspace.write(path, &text.replacen(from, to, 1));
    }
    workspace
}

fn load(workspace: &Workspace, target: Target, process: &[(&str, &str)]) -> StageEnv {
    workspace
        .load(Stage::Local, target, &map(process), Secrets::IfThere)
        .unwrap()
}

fn photos_url(env: &StageEnv) -> Option<&str> {
    env.get("FE_PHOTOS_URL").unwrap().value()
}

#[test]
fn it_is_the_address_on_which_the_other_app_listens() {
    let workspace = workspace();
    let env = load(&workspace, Target::Native, &[]);
    assert_eq!(photos_url(&env), Some("http://127.0.0.1:8080/"));
    let env = load(&workspace, Target::Native, &[("PS_LISTEN", "0.0.0.0:9000")]);
    assert_eq!(photos_url(&env), Some("http://127.0.0.1:9000/"));
    let env = load(&workspace, Target::Native, &[("PS_LISTEN", "[::]:9000")]);
    assert_eq!(photos_url(&env), Some("http://[::1]:9000/"));
}

#[test]
fn whoever_settles_port_0_learns_what_follows_it() {
    let env = load(&workspace(), Target::Native, &[("PS_LISTEN", "127.0.0.1:0")]);
    let follow = env.get("FE_PHOTOS_URL").unwrap().follows.clone().unwrap();
    assert_eq!(follow.app, "photos");
    assert_eq!(
        follow.value("127.0.0.1:4711".parse().unwrap()),
        "http://127.0.0.1:4711/"
    );
}

#[test]
fn a_value_of_the_process_environment_is_taken_as_it_is() {
    let given = [
        ("FE_PHOTOS_URL", "http://elsewhere:80"),
        ("PS_ADMIN_PASSWORD", "braces{photos}and more"),
    ];
    for target in [Target::Native, Target::Cluster] {
        let env = load(&workspace(), target, &given);
        for (name, value) in given {
            let setting = env.get(name).unwrap();
            assert_eq!((setting.value(), &setting.follows), (Some(value), &None));
        }
    }
}

#[test]
fn what_is_no_url_follows_nobody() {
    let workspace = workspace();
    workspace.write("envs/zoo/native.yaml", "photos:\n  spool_dir: /tmp/{photos}\n");
    let env = load(&workspace, Target::Native, &[]);
    let spool = env.get("PS_SPOOL_DIR").unwrap();
    assert_eq!((spool.value(), &spool.follows), (Some("/tmp/{photos}"), &None));
}

#[test]
fn the_cluster_has_the_service() {
    let env = load(&workspace(), Target::Cluster, &[]);
    assert_eq!(photos_url(&env), Some("http://photos:8080"));
}

#[test]
fn only_native_yaml_can_follow() {
    let workspace = workspace();
    workspace.write("envs/zoo/comm.yaml", "frontend:\n  photos_url: http://{photos}\n");
    let faults = workspace.faults(Stage::Local, &map(&[]));
    assert!(
        faults.contains(
            "envs/zoo/comm.yaml:2:15: frontend.photos_url: follows photos to its address on this machine, \
             which only native.yaml can"
        ),
        "{faults}"
    );
}

#[test]
fn a_name_that_no_app_has_is_a_fault() {
    let workspace = workspace();
    workspace.write(
        "envs/zoo/native.yaml",
        "frontend:\n  photos_url: http://{fotos}\n",
    );
    let faults = workspace.faults(Stage::Local, &map(&[]));
    assert!(
        faults.contains("native.yaml:2:15: frontend.photos_url: `{fotos}` is neither `{state}` nor an app"),
        "{faults}"
    );
}

#[test]
fn what_is_around_the_address_is_checked() {
    let workspace = workspace();
    workspace.write(
        "envs/zoo/native.yaml",
        "frontend:\n  photos_url: ftp://{photos}\n",
    );
    let faults = workspace.faults(Stage::Local, &map(&[]));
    assert!(
        faults.contains("begins with ftp://, must begin with http://"),
        "{faults}"
    );
}
