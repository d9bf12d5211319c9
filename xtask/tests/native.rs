//! `up`, `down` and `status` as far as they go without building an app: plans, refusals, exit codes.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::{fs, net::TcpListener, path::PathBuf};

use assert_cmd::{Command, assert::Assert};

/// The workspace with a state folder of its own, and none of the tester's variables.
struct Plasma {
    state: tempfile::TempDir,
}

impl Plasma {
    fn new() -> Self {
        Self {
            state: tempfile::tempdir().unwrap(),
        }
    }

    fn run(&self, arguments: &[&str], vars: &[(&str, &str)]) -> Assert {
        Command::new(env!("CARGO_BIN_EXE_plasma"))
            .args(arguments)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("PLASMA_STATE_DIR", self.state.path().join("state"))
            .envs(vars.iter().copied())
            .assert()
    }

    fn stage(&self) -> PathBuf {
        self.state.path().join("state/hmlet/local")
    }

    /// What a command prints, without the folder of this run.
    fn anonymous(&self, assert: &Assert) -> String {
        stdout(assert).replace(&self.state.path().display().to_string(), "TMP")
    }
}

fn stdout(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stdout.clone()).unwrap()
}

fn stderr(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stderr.clone()).unwrap()
}

#[test]
fn the_plan_of_up_shows_every_step_and_touches_nothing() {
    let plasma = Plasma::new();
    let plan = plasma
        .run(&["up", "--seed", "--plan"], &[("PS_TRASH_TTL", "1h")])
        .code(0);
    insta::assert_snapshot!(plasma.anonymous(&plan));
    assert!(!plasma.state.path().join("state").exists());
}

#[test]
fn the_frontend_is_told_where_photos_listens() {
    let moved = [("PS_LISTEN", "0.0.0.0:9000")];
    let plan = Plasma::new().run(&["up", "--plan"], &moved).code(0);
    let text = stdout(&plan);
    assert!(text.contains("FE_PHOTOS_URL=http://127.0.0.1:9000\n"), "{text}");
    let given = [
        ("PS_LISTEN", "127.0.0.1:9000"),
        ("FE_PHOTOS_URL", "http://10.0.0.1"),
    ];
    let plan = Plasma::new().run(&["up", "--plan"], &given).code(0);
    let text = stdout(&plan);
    assert!(text.contains("FE_PHOTOS_URL=http://10.0.0.1\n"), "{text}");
}

#[test]
fn staging_and_production_do_not_run_natively() {
    for stage in ["staging", "prod"] {
        let refused = Plasma::new().run(&["up", "--stage", stage], &[]).code(3);
        assert!(stderr(&refused).contains("does not run natively"));
    }
}

#[test]
fn a_wrong_variable_stops_everything_before_it_starts() {
    let plasma = Plasma::new();
    let wrong = plasma.run(&["up"], &[("PS_LISTN", "127.0.0.1:1")]).code(2);
    assert!(
        stderr(&wrong).contains("did you mean `PS_LISTEN`?"),
        "{}",
        stderr(&wrong)
    );
    assert!(!plasma.stage().join("up.json").exists());
}

#[test]
fn a_taken_port_names_its_holder_and_the_variable() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = holder.local_addr().unwrap().to_string();
    let taken = Plasma::new()
        .run(
            &["up"],
            &[("PS_LISTEN", &address), ("PS_INTERNAL_LISTEN", "127.0.0.1:0")],
        )
        .code(1);
    let text = stderr(&taken);
    assert!(
        text.contains(&format!("photos cannot listen on {address}")),
        "{text}"
    );
    assert!(text.contains(&format!("(pid {})", std::process::id())), "{text}");
    assert!(text.contains("PS_LISTEN=127.0.0.1:0"), "{text}");
}

#[test]
fn what_is_not_up_is_stopped_and_down_has_nothing_to_do() {
    let plasma = Plasma::new();
    let status = plasma.run(&["status", "--json"], &[]).code(1);
    insta::assert_snapshot!(stdout(&status));
    let down = plasma.run(&["down"], &[]).code(0);
    assert!(stderr(&down).contains("hmlet local is not up"));
}

#[test]
fn purge_needs_a_yes() {
    let plasma = Plasma::new();
    let photo = plasma.stage().join("data/objects/photo");
    fs::create_dir_all(&photo).unwrap();
    let refused = plasma.run(&["down", "--purge"], &[]).code(3);
    assert!(stderr(&refused).contains("add --yes"), "{}", stderr(&refused));
    assert!(photo.exists());
    let plan = plasma.run(&["down", "--purge", "--plan"], &[]).code(0);
    insta::assert_snapshot!("the_plan_of_a_purge", plasma.anonymous(&plan));
    assert!(photo.exists());
    plasma.run(&["down", "--purge", "--yes"], &[]).code(0);
    assert!(!plasma.stage().join("data").exists());
}

#[test]
fn the_record_of_a_dead_supervisor_is_removed() {
    let plasma = Plasma::new();
    fs::create_dir_all(plasma.stage()).unwrap();
    let record = r#"{"schema":1,"cluster":"hmlet","stage":"local","supervisor":{"pid":1,"started":1},"ready":true,
        "patience":5,"apps":[]}"#;
    fs::write(plasma.stage().join("up.json"), record).unwrap();
    let plan = plasma.run(&["down", "--plan"], &[]).code(0);
    assert!(
        stdout(&plan).contains("process 1, which is gone"),
        "{}",
        stdout(&plan)
    );
    assert!(plasma.stage().join("up.json").exists(), "a plan changes nothing");
    plasma.run(&["status"], &[]).code(1);
    assert!(!plasma.stage().join("up.json").exists());
}

#[test]
fn an_unknown_cluster_is_answered_with_the_right_one() {
    let wrong = Plasma::new().run(&["status", "--cluster", "hamlet"], &[]).code(2);
    assert!(stderr(&wrong).contains("hmlet"), "{}", stderr(&wrong));
}

#[test]
fn completions_and_the_lock_are_printed() {
    let completions = Plasma::new().run(&["completions", "bash"], &[]).code(0);
    assert!(stdout(&completions).contains("_plasma()"));
    let lock = Plasma::new().run(&["deps", "list", "--json"], &[]).code(0);
    let lock: serde_json::Value = serde_json::from_str(&stdout(&lock)).unwrap();
    assert_eq!(lock["tools"]["helm"]["archive"], "tar.gz");
}

#[test]
fn who_reads_no_further_ends_the_command_without_a_word() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_plasma"))
        .args(["deps", "list"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdout(writer)
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap()
        .wait_with_output()
        .unwrap();
    assert_eq!(output.status.code(), Some(141));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}
