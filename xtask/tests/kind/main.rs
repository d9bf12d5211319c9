//! The commands on a real kind cluster, of the stage test: made, made whole again, used, destroyed. `cargo xtask ci kind` runs
//! it (needs: kind); elsewhere it is skipped, for it takes minutes and the stage's ports.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may stop at the first surprise"
)]

#[path = "../stage/dotenv.rs"]
mod dotenv;
mod making;
#[path = "../../examples/terminal/pty.rs"]
mod pty;
mod stage;
mod terminal;

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    path::Path,
    time::{Duration, Instant},
};

use self::{
    stage::{APP, Follower, NODE, REGISTRY, Stage, docker, err, out},
    terminal::Terminal,
};

/// Whether this run is the one that has the cluster to itself.
fn wanted() -> bool {
    let wanted = std::env::var_os("PLASMA_TEST_KIND").is_some();
    if !wanted {
        eprintln!("skipped: needs: kind; `cargo xtask ci kind` runs it");
    }
    wanted
}

#[test]
fn a_cluster_is_made_made_whole_used_and_destroyed() {
    if !wanted() {
        return;
    }
    let stage = Stage::new();
    let foreign = stage.foreign_files();
    stage.ok(&["destroy", "--yes"]);

    making::the_image_of_the_nodes_has_what_the_engine_has_now(&stage);
    making::an_image_is_unpacked_as_its_layers_say();
    making::an_interrupted_bootstrap_is_finished_by_the_next(&stage);
    a_second_bootstrap_does_nothing(&stage);
    what_was_stopped_is_started(&stage);
    what_is_missing_is_made_again(&stage);
    a_lost_state_comes_back_from_the_cluster(&stage);

    stage.apply(APP);
    wait_for_photos(&stage);
    the_status_shows_what_is_deployed(&stage);
    what_is_deployed_is_back_when_bootstrap_is_done(&stage);
    a_node_that_comes_back_by_itself_is_not_taken_at_its_old_word(&stage);
    a_terminal_is_a_terminal(&stage);
    logs_are_followed_into_new_pods(&stage);
    a_forward_survives_its_pod(&stage);
    another_cluster_is_refused(&stage);
    destroy_says_what_is_lost_and_removes_it(&stage);

    assert_eq!(stage.foreign_files(), foreign);
}

fn a_second_bootstrap_does_nothing(stage: &Stage) {
    let output = stage.ok(&["bootstrap"]);
    assert!(err(&output).contains("nothing was done"), "{}", err(&output));
}

fn what_was_stopped_is_started(stage: &Stage) {
    let before = fs::read_to_string(stage.kubeconfig()).unwrap();
    docker(&["stop", "--time", "5", NODE, REGISTRY]);
    let status = stage.run(&["status", "--target", "cluster"]);
    assert_eq!(status.status.code(), Some(1));
    assert!(err(&status).contains("does not answer"), "{}", err(&status));
    let output = stage.ok(&["bootstrap"]);
    assert!(
        err(&output).contains("started hmlet-test-control-plane"),
        "{}",
        err(&output)
    );
    assert!(err(&output).contains("started the registry"), "{}", err(&output));
    assert_eq!(fs::read_to_string(stage.kubeconfig()).unwrap(), before);
}

fn what_is_missing_is_made_again(stage: &Stage) {
    docker(&["network", "disconnect", "kind", REGISTRY]);
    docker(&["exec", NODE, "rm", "-r", "/etc/containerd/certs.d/localhost:5002"]);
    docker(&[
        "exec",
        NODE,
        "ctr",
        "--namespace=k8s.io",
        "images",
        "rm",
        "docker.io/library/redis:8.10.1-alpine",
    ]);
    stage.kubectl(&["-n", "traefik", "delete", "deployment", "traefik"]);
    stage.kubectl(&[
        "-n",
        "kube-public",
        "delete",
        "configmap",
        "local-registry-hosting",
    ]);
    let output = stage.ok(&["bootstrap"]);
    let text = err(&output);
    for done in [
        "connected the registry to the nodes",
        "told hmlet-test-control-plane where the registry is",
        "gave redis:8.10.1-alpine to hmlet-test-control-plane",
        "installed the ingress",
    ] {
        assert!(text.contains(done), "{done}: {text}");
    }
    stage.kubectl(&["-n", "kube-public", "get", "configmap", "local-registry-hosting"]);
    stage.kubectl(&["-n", "traefik", "scale", "deployment", "traefik", "--replicas=0"]);
    let output = stage.ok(&["bootstrap"]);
    assert!(err(&output).contains("installed the ingress"), "{}", err(&output));
    // What is pushed to the registry, the node can pull.
    docker(&["tag", "registry:2", "localhost:5002/proof:1"]);
    docker(&["push", "--quiet", "localhost:5002/proof:1"]);
    docker(&["rmi", "localhost:5002/proof:1"]);
    stage.kubectl(&[
        "-n",
        "hmlet",
        "run",
        "proof",
        "--image=localhost:5002/proof:1",
        "--restart=Never",
        "--command",
        "--",
        "true",
    ]);
    stage.kubectl(&[
        "-n",
        "hmlet",
        "wait",
        "pod/proof",
        "--for=jsonpath={.status.phase}=Succeeded",
        "--timeout=120s",
    ]);
    stage.kubectl(&["-n", "hmlet", "delete", "pod", "proof"]);
}

fn a_lost_state_comes_back_from_the_cluster(stage: &Stage) {
    // As deploy applies it.
    let secret = "0123456789abcdef0123456789abcdef";
    stage.apply(&format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: photos-env, namespace: hmlet}}\n\
         stringData: {{PS_JWT_SECRET: {secret}, PS_DATABASE_PASSWORD: data-knows-it}}\n"
    ));
    let identity = fs::read_to_string(stage.state().join("identity.json")).unwrap();
    fs::remove_dir_all(stage.folder.path().join("state")).unwrap();
    let output = stage.ok(&["bootstrap"]);
    assert!(
        err(&output).contains("read back from the cluster"),
        "{}",
        err(&output)
    );
    assert_eq!(
        fs::read_to_string(stage.state().join("identity.json")).unwrap(),
        identity
    );
    let shown = stage.ok(&[
        "env", "export", "--target", "cluster", "--format", "dotenv", "--reveal",
    ]);
    let env = dotenv::parse(&out(&shown));
    assert!(env["PS_JWT_SECRET"].contains(secret), "the secret is another one");
    assert!(
        env["PS_DATABASE_PASSWORD"].contains("data-knows-it"),
        "the secret is another one"
    );
}

fn the_status_shows_what_is_deployed(stage: &Stage) {
    let status = stage.run(&["status", "--json"]);
    let status: serde_json::Value = serde_json::from_str(&out(&status)).unwrap();
    assert_eq!(status["target"], "cluster");
    let photos = &status["apps"][0];
    assert_eq!(photos["name"], "photos");
    assert_eq!(photos["state"], "ready");
    assert_eq!(photos["version"], "v1");
    assert_eq!(photos["url"], "http://hmlet.photos.test.localhost:8082");
    assert_eq!(photos["pods"][0]["phase"], "Running");
    assert_eq!(photos["pods"][0]["ready"], true);
}

fn what_is_deployed_is_back_when_bootstrap_is_done(stage: &Stage) {
    docker(&["stop", "--time", "5", NODE]);
    let output = stage.ok(&["bootstrap"]);
    assert!(!err(&output).contains("not available"), "{}", err(&output));
    let ready = "{.items[*].status.containerStatuses[0].ready}";
    let pods = stage.kubectl(&[
        "-n",
        "hmlet",
        "get",
        "pods",
        &format!("--output=jsonpath={ready}"),
    ]);
    assert_eq!(pods, "true");
    the_status_shows_what_is_deployed(stage);
}

/// As after a restart of Docker: the cluster first repeats what it knew of its pods before.
fn a_node_that_comes_back_by_itself_is_not_taken_at_its_old_word(stage: &Stage) {
    let starts = || {
        let get = "-n hmlet get pods --output=jsonpath={.items[*].status.containerStatuses[0].restartCount}";
        stage.kubectl(&get.split(' ').collect::<Vec<_>>())
    };
    let before = starts();
    docker(&["restart", "--time", "5", NODE]);
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        let status = stage.run(&["status", "--target", "cluster", "--json"]);
        let status: serde_json::Value = serde_json::from_str(&out(&status)).unwrap_or_default();
        if status["apps"][0]["state"] == "ready" {
            break;
        }
        assert!(
            Instant::now() < deadline,
            "not ready within two minutes: {status}"
        );
    }
    assert_ne!(starts(), before, "ready before its pod was started again");
}

fn a_terminal_is_a_terminal(stage: &Stage) {
    let failed = stage.run(&[
        "terminal",
        "photos",
        "--",
        "sh",
        "-c",
        "echo out; echo err >&2; exit 7",
    ]);
    assert_eq!(failed.status.code(), Some(7));
    assert_eq!((out(&failed).as_str(), err(&failed).as_str()), ("out\n", "err\n"));

    let mut terminal = Terminal::open(stage);
    // The size comes behind the shell, a moment later.
    terminal.types("while [ \"$(stty size)\" = \"0 0\" ]; do :; done; echo size $(stty size)");
    terminal.until("size 30 100");
    terminal.resize(40, 120);
    // The new size takes its way through the cluster: ask until it is there.
    terminal.types("until [ \"$(stty size)\" = '40 120' ]; do sleep 0.1; done; echo re''sized");
    terminal.until("resized");
    // Ctrl-C ends what runs in the pod, and not the terminal.
    // A process of its own says when it is the one that Ctrl-C reaches.
    terminal.types("sh -c \"echo be''gun; exec sleep 600\"");
    terminal.until("begun");
    terminal.presses('\u{3}');
    terminal.types("echo st''ill here");
    terminal.until("still here");
    terminal.types("exit 5");
    assert_eq!(terminal.ends(), 5);

    // Ended from outside, it gives the terminal back as it was.
    let mut terminal = Terminal::open(stage);
    terminal.types("echo be''gun");
    terminal.until("begun");
    assert!(!terminal.flags().contains("ICANON"), "{}", terminal.flags());
    terminal.terminate();
    assert_eq!(terminal.ends(), 130);
    assert!(terminal.flags().contains("ICANON"), "{}", terminal.flags());
}

fn wait_for_photos(stage: &Stage) {
    stage.kubectl(&[
        "-n",
        "hmlet",
        "rollout",
        "status",
        "deployment/photos",
        "--timeout=120s",
    ]);
}

fn pod(stage: &Stage) -> String {
    stage.kubectl(&[
        "-n",
        "hmlet",
        "get",
        "pods",
        "--selector=app.kubernetes.io/name=photos",
        "--field-selector=status.phase=Running",
        "--sort-by=.metadata.creationTimestamp",
        "--output=jsonpath={.items[-1:].metadata.name}",
    ])
}

fn logs_are_followed_into_new_pods(stage: &Stage) {
    let first = pod(stage);
    let shown = stage.ok(&["logs", "photos", "--tail", "1"]);
    assert!(out(&shown).starts_with(&format!("{first} │ ")), "{}", out(&shown));
    assert_eq!(out(&shown).lines().count(), 1);
    let logs = Follower::start(stage.command(&["logs", "photos", "--follow", "--tail", "1"]));
    logs.line(&first);
    stage.kubectl(&["-n", "hmlet", "delete", "pod", &first, "--wait=false"]);
    let line = logs.line("Server initialized");
    assert!(!line.starts_with(&first), "{line}");
    assert_eq!(logs.interrupt(), Some(130));
}

fn ping(port: u16) -> std::io::Result<String> {
    let mut socket = TcpStream::connect(("127.0.0.1", port))?;
    socket.set_read_timeout(Some(Duration::from_secs(60)))?;
    socket.write_all(b"PING\r\n")?;
    let mut line = String::new();
    BufReader::new(socket).read_line(&mut line)?;
    Ok(line)
}

fn a_forward_survives_its_pod(stage: &Stage) {
    wait_for_photos(stage);
    let forward = Follower::start(stage.command(&["forward", "photos", "0:6379"]));
    let line = forward.line("127.0.0.1:");
    let port = line.trim_start_matches("127.0.0.1:");
    let port: u16 = port.split(' ').next().unwrap().parse().unwrap();
    assert_eq!(ping(port).unwrap(), "+PONG\r\n");
    let gone = pod(stage);
    stage.kubectl(&["-n", "hmlet", "delete", "pod", &gone]);
    forward.line("now to ");
    let deadline = Instant::now() + Duration::from_secs(60);
    // A connection may still meet the end of the old pod.
    while !ping(port).is_ok_and(|answer| answer == "+PONG\r\n") {
        assert!(Instant::now() < deadline, "the forward did not come back");
    }
    assert_eq!(forward.interrupt(), Some(130));
}

fn another_cluster_is_refused(stage: &Stage) {
    let path = stage.state().join("identity.json");
    let recorded = fs::read_to_string(&path).unwrap();
    let other = recorded.replace("\"uid\": \"", "\"uid\": \"0000");
    fs::write(&path, other).unwrap();
    for arguments in [
        &["terminal", "photos", "--", "true"][..],
        &["destroy", "--yes"],
        &["destroy", "--releases", "--yes"],
        // What it would tell is another cluster's.
        &["status"],
        &["logs"],
        &["deploy", "--plan"],
    ] {
        let refused = stage.run(arguments);
        assert_eq!(refused.status.code(), Some(3), "{}", err(&refused));
        assert!(
            err(&refused).contains("is not the one of hmlet test"),
            "{}",
            err(&refused)
        );
    }
    fs::write(&path, recorded).unwrap();
}

fn destroy_says_what_is_lost_and_removes_it(stage: &Stage) {
    stage.apply(
        "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data-postgresql-0, namespace: hmlet}\n\
         spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n",
    );
    let refused = stage.run(&["destroy"]);
    assert_eq!(refused.status.code(), Some(3));
    let text = err(&refused);
    for lost in [
        "the release traefik in traefik (deployed)",
        "the volume data-postgresql-0 in hmlet (1Gi) with its data",
        "the images in the registry on 127.0.0.1:5002",
    ] {
        assert!(text.contains(lost), "{lost}: {text}");
    }
    stage.ok(&["destroy", "--yes"]);
    let left = docker(&["ps", "--all", "--format", "{{.Names}}"]);
    assert!(!left.contains("hmlet-test"), "{left}");
    assert!(!stage.kubeconfig().exists() && !stage.state().join("identity.json").exists());
    assert!(stage.state().join("secrets.yaml").exists());
    assert!(Path::new(&stage.state()).join("logs/calls.log").exists());
}
