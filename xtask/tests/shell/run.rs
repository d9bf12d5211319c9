//! `run`, and the plans of `run` and `shell`.

use std::{
    io::Read,
    os::unix::process::ExitStatusExt,
    process::{Output, Stdio},
};

use nix::{
    sys::signal::{self, Signal},
    unistd::Pid,
};

use crate::house::{House, error};

fn run(house: &House, arguments: &[&str]) -> Output {
    house
        .plasma("bash", &[&["run"], arguments].concat())
        .output()
        .unwrap()
}

fn told(house: &House, arguments: &[&str]) -> String {
    let output = run(house, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", error(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// What differs from machine to machine is left out.
fn plan(house: &House, arguments: &[&str]) -> String {
    let mut command = house.plasma("bash", arguments);
    let output = command
        .env("PATH", "/usr/bin:/bin")
        .env("PLASMA_CACHE_DIR", "/cache")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", error(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().map(|line| {
        if let Some((before, mark)) = line.split_once("PLASMA_SHELL_VARS=") {
            let stage = mark.split(' ').next().unwrap();
            return format!("{before}PLASMA_SHELL_VARS={stage} …\n");
        }
        match line.split_once("/bash --rcfile ") {
            Some((_, file)) => format!("  BASH --rcfile {file}\n"),
            None => format!("{line}\n"),
        }
    });
    let text: String = lines.collect();
    let root = house.root().display().to_string();
    text.replace(&root.replace('"', "\\\"").replace('$', "\\$"), "ROOT")
        .replace(&root.replace('\'', r"'\''"), "ROOT")
        .replace(&root, "ROOT")
}

#[test]
fn a_command_sees_the_stage_and_its_exit_code_is_kept() {
    let house = House::new();
    let told = told(
        &house,
        &["--", "sh", "-c", "printf '%s %s' \"$PS_LOG\" \"$KUBECONFIG\""],
    );
    let kubeconfig = house.state().join("hmlet/local/kubeconfig");
    assert_eq!(told, format!("info,photos=debug {}", kubeconfig.display()));
    let cluster = run(
        &house,
        &["test", "--target", "cluster", "--", "printenv", "PS_DATABASE_URL"],
    );
    assert_eq!(
        String::from_utf8_lossy(&cluster.stdout),
        "postgres://photos@postgresql:5432/photos\n"
    );
    for code in [0, 1, 3, 130, 255] {
        let output = run(&house, &["--", "sh", "-c", &format!("exit {code}")]);
        assert_eq!(output.status.code(), Some(code));
    }
    assert_eq!(
        run(&house, &["--", "plasma", "env", "check"]).status.code(),
        Some(0)
    );
    let missing = run(&house, &["--", "no-such-command"]);
    assert_eq!(missing.status.code(), Some(127));
    assert!(
        error(&missing).contains("cannot run no-such-command"),
        "{}",
        error(&missing)
    );
    assert_eq!(run(&house, &["--", "/"]).status.code(), Some(126));
    assert_eq!(run(&house, &["locl", "--", "true"]).status.code(), Some(2));
}

#[test]
fn a_signal_reaches_the_command_and_ends_it_as_the_command_wants() {
    let house = House::new();
    // Neither leaves a process of its own behind.
    let (orderly, plain) = (
        "sleep 600 & trap 'kill $!; exit 42' TERM; echo ready; wait",
        "echo ready; exec sleep 600",
    );
    for (signal, script, code, killed_by) in [
        (Signal::SIGTERM, orderly, Some(42), None),
        (Signal::SIGKILL, plain, None, Some(9)),
        (Signal::SIGINT, plain, None, Some(2)),
    ] {
        let mut command = house.plasma("bash", &["run", "--", "sh", "-c", script]);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut ready = [0; 6];
        child.stdout.as_mut().unwrap().read_exact(&mut ready).unwrap();
        signal::kill(Pid::from_raw(child.id().cast_signed()), signal).unwrap();
        let status = child.wait().unwrap();
        assert_eq!((status.code(), status.signal()), (code, killed_by), "{signal}");
    }
}

#[test]
fn production_from_a_local_command_is_production() {
    let house = House::new();
    let inner = [
        "--",
        "plasma",
        "run",
        "production",
        "--",
        "printenv",
        "PS_DATABASE_URL",
    ];
    assert_eq!(
        told(&house, &inner),
        "postgres://photos@postgresql.production.hmlet.internal:5432/photos\n"
    );
    // Without a flag it is the stage that the command runs in, even if an older wish is around.
    let mut command = house.plasma("bash", &["run", "test", "--", "plasma", "env", "show"]);
    let output = command.env("PLASMA_STAGE", "production").output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("🛠️ hmlet test (native)"));
}

#[test]
fn nothing_of_cargo_reaches_the_command() {
    let house = House::new();
    let mut command = house.plasma("bash", &["run", "--", "env"]);
    let output = command
        .env("CARGO", "/cargo")
        .env("CARGO_PKG_NAME", "plasma")
        .env("CARGO_MANIFEST_DIR", "/xtask")
        .env("LD_LIBRARY_PATH", "/target/debug/deps:/opt/lib")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        !text.contains("CARGO") && text.contains("LD_LIBRARY_PATH=/opt/lib\n"),
        "{text}"
    );
}

#[test]
fn the_plan_of_a_shell_shows_everything_but_secrets_and_makes_nothing() {
    let house = House::new();
    let fresh = plan(&house, &["shell", "--plan"]);
    insta::assert_snapshot!(fresh);
    assert!(!house.state().exists());

    let secret = house.exported(&[])["PS_JWT_SECRET"].clone();
    let later = plan(
        &house,
        &["shell", "--plan", "--app", "photos", "--target", "cluster"],
    );
    assert!(!later.contains(&secret), "{later}");
    insta::assert_snapshot!(later);
    let mut zsh = house.plasma("zsh", &["shell", "production", "--plan"]);
    let output = zsh
        .env("SHELL", "/nowhere/zsh")
        .env("PS_JWT_SECRET", "Wq7nTzL0rKpYbS3dVxHcWq7nTzL0rKpYbS3d")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        text.contains("SHELL is /nowhere/zsh, which is not there"),
        "{text}"
    );
    assert!(
        text.contains("  PS_JWT_SECRET=••••••\n") && !text.contains("Wq7n"),
        "{text}"
    );
}

#[test]
fn the_plan_of_a_command_quotes_it_for_a_shell() {
    let house = House::new();
    insta::assert_snapshot!(plan(
        &house,
        &["run", "staging", "--plan", "--", "echo", "it's", "a b", "$HOME"]
    ));
}
