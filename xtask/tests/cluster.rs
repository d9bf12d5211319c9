//! The commands on a cluster as far as they go without one: plans, refusals, and what the external tools are called with.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

#[path = "../examples/terminal/pty.rs"]
mod pty;
mod stage;

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt};

use portable_pty::CommandBuilder;
use stage::{Plasma, api_server, docker, kubeconfig, tools};

/// As Docker describes a stopped node of a kind cluster.
const STOPPED_NODE: &str = r#"[{"Name":"/hmlet-local-control-plane","State":{"Running":false},
"HostConfig":{"PortBindings":{"6443/tcp":[{"HostIp":"127.0.0.1","HostPort":"33333"}]}},
"NetworkSettings":{"Networks":{"kind":{}}}}]"#;

#[test]
fn the_plan_of_a_first_bootstrap_needs_no_docker_and_touches_nothing() {
    let plasma = Plasma::new();
    // This machine may have one.
    let none = [("DOCKER_HOST", "unix:///no/such/docker.sock")];
    let plan = plasma.run_with(&["bootstrap", "--plan"], &none).code(0);
    insta::assert_snapshot!(plasma.stdout(&plan));
    assert!(!plasma.stage("local").exists());
}

#[test]
fn the_plan_of_a_stopped_cluster_starts_it() {
    let plasma = Plasma::new();
    docker(&plasma);
    plasma.answer("docker ps --all", 0, "hmlet-local-control-plane\n", "");
    plasma.answer(
        "docker container inspect hmlet-local-control-plane",
        0,
        STOPPED_NODE,
        "",
    );
    let plan = plasma.run(&["bootstrap", "--plan"]).code(0);
    insta::assert_snapshot!(plasma.stdout(&plan));
    assert!(!plasma.calls().contains("start"), "{}", plasma.calls());
}

#[test]
fn without_docker_bootstrap_says_what_to_do() {
    let plasma = Plasma::new();
    tools(&plasma);
    let failed = plasma.run(&["bootstrap"]).code(1);
    let text = plasma.stderr(&failed);
    assert!(text.contains("cannot start docker"), "{text}");
    assert!(text.contains("do: "), "{text}");
    plasma.shim("docker");
    let down =
        "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?";
    plasma.answer("docker", 1, "", down);
    let failed = plasma.run(&["bootstrap"]).code(1);
    let text = plasma.stderr(&failed);
    assert!(text.contains("start Docker"), "{text}");
}

#[test]
fn a_taken_port_is_named_with_its_holder_before_anything_is_made() {
    let plasma = Plasma::new();
    tools(&plasma);
    docker(&plasma);
    let holder = TcpListener::bind(("127.0.0.1", plasma.http_port)).unwrap();
    let text = plasma.stderr(&plasma.run(&["bootstrap"]).code(1));
    assert!(text.contains("hmlet local cannot have port HTTP"), "{text}");
    assert!(text.contains(&format!("(pid {})", std::process::id())), "{text}");
    assert!(
        text.contains("another http_port in clusters/hmlet/cluster.yaml"),
        "{text}"
    );
    plasma.answer("docker ps --format", 0, "somebodys-proxy\n", "");
    let text = plasma.stderr(&plasma.run(&["bootstrap"]).code(1));
    assert!(
        text.contains("it is taken by the container somebodys-proxy"),
        "{text}"
    );
    drop(holder);
    assert!(!plasma.calls().contains("kind create"), "{}", plasma.calls());
}

#[test]
fn a_full_disk_is_said_with_its_remedy_and_the_registry_is_not_left_behind() {
    let plasma = Plasma::new();
    tools(&plasma);
    docker(&plasma);
    plasma.answer(
        "docker run",
        125,
        "",
        "write /var/lib/docker/x: no space left on device",
    );
    // Nothing of the cluster may be the first to fail.
    plasma.hang("docker pull");
    plasma.hang("docker image inspect");
    plasma.hang("kind create");
    let text = plasma.stderr(&plasma.run(&["bootstrap"]).code(1));
    assert!(text.contains("no space left on device"), "{text}");
    assert!(text.contains("docker system prune"), "{text}");
    let calls = plasma.calls();
    assert!(
        calls.contains("docker rm --force --volumes hmlet-local-registry"),
        "{calls}"
    );
}

#[test]
fn two_commands_do_not_work_on_one_cluster() {
    let plasma = Plasma::new();
    tools(&plasma);
    fs::create_dir_all(plasma.stage("local")).unwrap();
    let lock = fs::File::create(plasma.stage("local").join("cluster.lock")).unwrap();
    lock.lock().unwrap();
    fs::write(plasma.stage("local").join("cluster.lock"), "`deploy` (pid 7)").unwrap();
    plasma.bootstrapped("local", &api_server("uid-1"), "uid-1");
    for arguments in [&["bootstrap"][..], &["deploy"], &["destroy", "--yes"]] {
        let text = plasma.stderr(&plasma.run(arguments).code(3));
        assert!(
            text.contains("another command works on the cluster of hmlet local"),
            "{text}"
        );
        assert!(text.contains("`deploy` (pid 7) is at work"), "{text}");
    }
    assert!(!plasma.calls().contains("kind delete"), "{}", plasma.calls());
}

#[test]
fn ctrl_c_at_a_question_ends_the_command_and_frees_the_cluster() {
    let plasma = Plasma::new();
    tools(&plasma);
    docker(&plasma);
    plasma.answer("docker ps --all", 0, "hmlet-local-control-plane\n", "");
    plasma.answer(
        "docker container inspect hmlet-local-control-plane",
        0,
        STOPPED_NODE,
        "",
    );
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_plasma"));
    command.arg("destroy");
    command.cwd(plasma.root());
    command.env_clear();
    for (name, value) in plasma.environment() {
        command.env(name, value);
    }
    let mut terminal = pty::Pty::start(command, 40, 160).unwrap();
    let question = "[y/N]";
    terminal.wait(question, 0, |shown| shown.find(question)).unwrap();
    let busy = plasma.stderr(&plasma.run(&["destroy", "--yes"]).code(3));
    assert!(busy.contains("`destroy` (pid "), "{busy}");
    terminal.type_text("\u{3}").unwrap();
    let (code, shown) = terminal.end().unwrap();
    assert_eq!(code, 130, "{shown}");
    assert!(!plasma.calls().contains("kind delete"), "{}", plasma.calls());
    plasma.run(&["destroy", "--yes"]).code(0);
}

#[test]
fn staging_and_production_are_neither_made_nor_destroyed() {
    let plasma = Plasma::new();
    for stage in ["staging", "production"] {
        let text = plasma.stderr(&plasma.run(&["bootstrap", "--stage", stage]).code(3));
        assert!(text.contains("--kubeconfig FILE"), "{text}");
        for flag in ["--yes", "--releases"] {
            let refused = plasma.run(&["destroy", "--stage", stage, flag]).code(3);
            let text = plasma.stderr(&refused);
            assert!(text.contains("is not destroyed"), "{text}");
        }
    }
    let file = plasma.root().join("local.yaml");
    fs::write(&file, kubeconfig("http://127.0.0.1:1", &["x"])).unwrap();
    let wrong = plasma
        .run(&["bootstrap", "--kubeconfig", file.to_str().unwrap()])
        .code(2);
    assert!(
        plasma.stderr(&wrong).contains("is not adopted"),
        "{}",
        plasma.stderr(&wrong)
    );
}

#[test]
fn one_context_is_adopted_and_another_cluster_is_refused() {
    let plasma = Plasma::new();
    let (first, second) = (api_server("uid-1"), api_server("uid-2"));
    let file = plasma.root().join("theirs.yaml");
    let path = file.to_str().unwrap();
    fs::write(&file, kubeconfig(&first, &["dev", "admin"])).unwrap();
    let adopt = [
        "bootstrap",
        "--stage",
        "staging",
        "--kubeconfig",
        path,
        "--context",
    ];

    let wrong = plasma.run(&[&adopt[..], &["none"]].concat()).code(2);
    assert!(
        plasma.stderr(&wrong).contains("dev, admin"),
        "{}",
        plasma.stderr(&wrong)
    );
    let plan = plasma.run(&[&adopt[..], &["admin", "--plan"]].concat()).code(0);
    assert!(
        plasma.stdout(&plan).contains("copy the context admin"),
        "{}",
        plasma.stdout(&plan)
    );
    assert!(!plasma.stage("staging").exists());

    plasma.run(&[&adopt[..], &["admin"]].concat()).code(0);
    let copied = plasma.stage("staging").join("kubeconfig");
    let text = fs::read_to_string(&copied).unwrap();
    assert!(text.contains("admin") && !text.contains("dev"), "{text}");
    assert_eq!(fs::metadata(&copied).unwrap().permissions().mode() & 0o777, 0o600);

    fs::write(&file, kubeconfig(&second, &["dev", "admin"])).unwrap();
    let refused = plasma.run(&[&adopt[..], &["admin"]].concat()).code(3);
    assert!(
        plasma.stderr(&refused).contains("uid-1"),
        "{}",
        plasma.stderr(&refused)
    );
    assert_eq!(fs::read_to_string(&copied).unwrap(), text);
    plasma.run(&[&adopt[..], &["admin", "--yes"]].concat()).code(0);
    assert!(fs::read_to_string(&copied).unwrap().contains(&second));

    let production = ["bootstrap", "--stage", "prod", "--kubeconfig", path];
    let text = plasma.stderr(&plasma.run(&production).code(3));
    assert!(text.contains("is the one of hmlet staging already"), "{text}");
    assert!(!plasma.stage("production").join("kubeconfig").exists());
}

#[test]
fn a_cluster_that_does_not_answer_is_not_adopted() {
    let plasma = Plasma::new();
    let file = plasma.root().join("theirs.yaml");
    fs::write(&file, kubeconfig("http://127.0.0.1:1", &["admin"])).unwrap();
    let arguments = [
        "bootstrap",
        "--stage",
        "prod",
        "--kubeconfig",
        file.to_str().unwrap(),
    ];
    let text = plasma.stderr(&plasma.run(&arguments).code(1));
    assert!(text.contains("cannot be adopted"), "{text}");
    assert!(!plasma.stage("production").join("kubeconfig").exists());
}

#[test]
fn a_stage_without_a_cluster_says_how_to_get_one() {
    let plasma = Plasma::new();
    for arguments in [
        &["terminal", "photos"][..],
        &["logs"],
        &["forward", "photos"],
        &["status", "--target", "cluster"],
    ] {
        let text = plasma.stderr(&plasma.run(arguments).code(1));
        assert!(text.contains("hmlet local has no cluster yet"), "{text}");
        assert!(text.contains("do: cargo xtask bootstrap"), "{text}");
    }
}

#[test]
fn a_lost_record_of_the_cluster_stops_what_would_change_it() {
    let plasma = Plasma::new();
    plasma.bootstrapped("local", &api_server("uid-1"), "uid-1");
    fs::remove_file(plasma.stage("local").join("identity.json")).unwrap();
    let text = plasma.stderr(&plasma.run(&["terminal", "photos"]).code(3));
    assert!(text.contains("identity.json is lost"), "{text}");
}

#[test]
fn destroy_lists_what_would_be_lost_and_asks() {
    let plasma = Plasma::new();
    tools(&plasma);
    docker(&plasma);
    let nothing = plasma.run(&["destroy"]).code(0);
    assert!(plasma.stderr(&nothing).contains("there is nothing to remove"));
    let nodes = "docker ps --all --format {{.Names}} --filter label=";
    plasma.answer(nodes, 0, "hmlet-local-control-plane\n", "");
    plasma.answer(
        "docker container inspect hmlet-local-control-plane",
        0,
        STOPPED_NODE,
        "",
    );
    let text = plasma.stderr(&plasma.run(&["destroy"]).code(3));
    assert!(text.contains("stopped, so it cannot be listed"), "{text}");
    assert!(text.contains("add --yes"), "{text}");
    assert!(!plasma.calls().contains("kind delete"), "{}", plasma.calls());
    insta::assert_snapshot!(plasma.stdout(&plasma.run(&["destroy", "--plan"]).code(0)));

    fs::write(plasma.stage("local").join("secrets.yaml"), "photos: {}\n").unwrap();
    let done = plasma.run(&["destroy", "--yes"]).code(0);
    assert!(plasma.calls().contains("kind delete cluster --name hmlet-local"));
    assert!(
        plasma.stderr(&done).contains("kept: "),
        "{}",
        plasma.stderr(&done)
    );
    assert!(plasma.stage("local").join("secrets.yaml").exists());
}
