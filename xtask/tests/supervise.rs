//! The supervisor with a fake app: ready, stopped, interrupted, crashed, killed.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may stop at the first surprise"
)]

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{self, Signal},
    unistd::Pid,
};
use serde_json::{Value, json};

/// A state folder with the folder of a stage, and the supervisor on it.
struct Stage {
    state: tempfile::TempDir,
}

struct Supervisor {
    child: Child,
}

impl Stage {
    fn new() -> Self {
        let state = tempfile::tempdir().unwrap();
        let stage = Self { state };
        fs::create_dir_all(stage.folder()).unwrap();
        stage
    }

    fn folder(&self) -> PathBuf {
        self.state.path().join("hmlet/local")
    }

    /// What a command prints about the stage, without the folder of this test.
    fn told(&self, arguments: &[&str]) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_plasma"))
            .args(arguments)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env_clear()
            .env("PLASMA_STATE_DIR", self.state.path())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        String::from_utf8(output.stdout)
            .unwrap()
            .replace(&self.state.path().display().to_string(), "TMP")
    }

    /// Starts a supervisor of one fake app per mode.
    fn supervise(&self, modes: &[&str]) -> Supervisor {
        let apps: Vec<Value> = modes
            .iter()
            .enumerate()
            .map(|(index, mode)| app(&format!("app{index}"), mode))
            .collect();
        let plan = json!({
            "cluster": "hmlet", "stage": "local", "folder": self.folder(), "apps": apps, "login": null,
        });
        let mut child = Command::new(env!("CARGO_BIN_EXE_plasma"))
            .arg("supervise")
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("UNRELATED", "must not be seen")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(plan.to_string().as_bytes())
            .unwrap();
        Supervisor { child }
    }

    fn record(&self) -> Option<Value> {
        serde_json::from_str(&fs::read_to_string(self.folder().join("up.json")).ok()?).ok()
    }

    /// The record once every app is ready.
    fn ready(&self) -> Value {
        eventually("ready", || self.record().filter(|record| record["ready"] == true))
    }
}

/// A story that fails leaves nothing running, not even an app that takes no notice of its supervisor's end.
impl Drop for Supervisor {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        let id = self.child.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
        let _ = self.child.kill();
        let _ = self.child.wait();
        for app in children.split_whitespace().filter_map(|app| app.parse().ok()) {
            let _ = signal::kill(Pid::from_raw(app), Signal::SIGKILL);
        }
    }
}

impl Supervisor {
    fn send(&self, signal: Signal) {
        signal::kill(Pid::from_raw(self.child.id().cast_signed()), signal).unwrap();
    }

    /// Waits for the end, and gives what was printed.
    fn end(mut self) -> (ExitStatus, String) {
        let mut text = String::new();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        (self.child.wait().unwrap(), text)
    }
}

fn app(name: &str, mode: &str) -> Value {
    let (listen, internal) = (free(), free());
    json!({
        "name": name, "prefix": "PS_", "program": fake_app(), "version": "1.2.3", "secrets": [],
        "env": {"FAKE": mode, "PS_INTERNAL_LISTEN": internal}, "listen": listen, "internal_listen": internal,
        "public_url": null, "shutdown_timeout": {"secs": 600, "nanos": 0},
    })
}

/// The example that cargo builds beside the tests.
fn fake_app() -> PathBuf {
    let folder = Path::new(env!("CARGO_BIN_EXE_plasma")).parent().unwrap();
    let program = folder.join("examples/fake_app");
    assert!(program.exists(), "build the examples too: cargo test --examples");
    program
}

fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn pid(record: &Value, app: usize) -> u64 {
    record["apps"][app]["process"]["pid"].as_u64().unwrap()
}

/// Whether a process of this id runs: a zombie that nobody has waited for yet does not.
fn runs(pid: u64) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ")
        .is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "not {what} in time");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_ready_run_is_recorded_and_ends_when_asked_to() {
    let stage = Stage::new();
    let supervisor = stage.supervise(&["", ""]);
    let record = stage.ready();
    assert_eq!(record["supervisor"]["pid"], supervisor.child.id());
    assert_eq!(record["apps"][0]["version"], "1.2.3");
    supervisor.send(Signal::SIGTERM);
    let (status, _) = supervisor.end();
    assert_eq!(status.code(), Some(0));
    assert!(stage.record().is_none());
    assert!(!runs(pid(&record, 0)) && !runs(pid(&record, 1)));
}

#[test]
fn the_plan_of_down_names_the_process_and_the_data_and_leaves_both() {
    let stage = Stage::new();
    let supervisor = stage.supervise(&["", ""]);
    let record = stage.ready();
    let photo = stage.folder().join("data/objects/photo");
    fs::create_dir_all(&photo).unwrap();
    let process = format!("process {} ", supervisor.child.id());
    let plan = |arguments: &[&str]| stage.told(arguments).replace(&process, "process PID ");
    insta::assert_snapshot!("the_plan_of_down", plan(&["down", "--plan"]));
    insta::assert_snapshot!(
        "the_plan_of_down_and_a_purge",
        plan(&["down", "--purge", "--yes", "--plan"])
    );
    assert_eq!(stage.record(), Some(record.clone()));
    assert!(runs(pid(&record, 0)) && runs(pid(&record, 1)));
    assert!(photo.exists());
    supervisor.send(Signal::SIGTERM);
    assert_eq!(supervisor.end().0.code(), Some(0));
}

#[test]
fn an_app_sees_its_own_variables_and_no_others() {
    let stage = Stage::new();
    let supervisor = stage.supervise(&["kind"]);
    stage.ready();
    supervisor.send(Signal::SIGTERM);
    let (_, text) = supervisor.end();
    let seen: Vec<&str> = text
        .lines()
        .filter_map(|line| line.split_once("sees ")?.1.split('=').next())
        .collect();
    assert_eq!(seen, ["FAKE", "PS_INTERNAL_LISTEN"]);
    let log = fs::read_to_string(stage.folder().join("logs/app0.log")).unwrap();
    assert!(log.contains("sees FAKE=kind\n"), "{log}");
}

#[test]
fn ctrl_c_stops_everything_and_exits_with_130() {
    let stage = Stage::new();
    let supervisor = stage.supervise(&[""]);
    let record = stage.ready();
    supervisor.send(Signal::SIGINT);
    assert_eq!(supervisor.end().0.code(), Some(130));
    assert!(!runs(pid(&record, 0)));
}

#[test]
fn a_second_ctrl_c_does_not_wait_for_a_stubborn_app() {
    let stage = Stage::new();
    let supervisor = stage.supervise(&["stubborn"]);
    let record = stage.ready();
    supervisor.send(Signal::SIGINT);
    // The app may take ten minutes to end; only the second request makes this test end before.
    eventually("ended", || {
        supervisor.send(Signal::SIGINT);
        (!runs(supervisor.child.id().into())).then_some(())
    });
    assert_eq!(supervisor.end().0.code(), Some(130));
    assert!(!runs(pid(&record, 0)));
}

#[test]
fn an_app_that_does_not_start_is_explained_and_the_others_stop() {
    let stage = Stage::new();
    let (status, text) = stage.supervise(&["", "broken"]).end();
    assert_eq!(status.code(), Some(1));
    let error = &text[text.find("error: ").expect("an error")..];
    assert!(
        error.starts_with("error: app1 ended before it was ready; everything else was stopped"),
        "{error}"
    );
    assert!(error.contains("it ended with exit code 7"), "{error}");
    assert!(error.contains("cannot open the database"), "{error}");
    assert!(error.contains("logs/app1.log"), "{error}");
    assert!(stage.record().is_none());
}

#[test]
fn an_app_that_crashes_later_is_explained_and_the_others_stop() {
    let stage = Stage::new();
    let supervisor = stage.supervise(&["", ""]);
    let record = stage.ready();
    let address = record["apps"][1]["internal_url"]
        .as_str()
        .unwrap()
        .trim_start_matches("http://");
    TcpStream::connect(address)
        .unwrap()
        .write_all(b"GET /crash HTTP/1.1\r\n\r\n")
        .unwrap();
    let (status, text) = supervisor.end();
    assert_eq!(status.code(), Some(1));
    assert!(text.contains("error: app1 ended while it ran"), "{text}");
    assert!(text.contains("it was ended by SIGABRT"), "{text}");
    assert!(text.contains("asked to crash"), "{text}");
    assert!(!runs(pid(&record, 0)));
}

#[test]
fn a_second_supervisor_is_refused() {
    let stage = Stage::new();
    let first = stage.supervise(&[""]);
    stage.ready();
    let (status, text) = stage.supervise(&[""]).end();
    assert_eq!(status.code(), Some(3));
    assert!(text.contains("hmlet local is already up"), "{text}");
    first.send(Signal::SIGTERM);
    assert_eq!(first.end().0.code(), Some(0));
}

#[test]
fn no_app_outlives_a_killed_supervisor() {
    let stage = Stage::new();
    let supervisor = stage.supervise(&["", ""]);
    let record = stage.ready();
    supervisor.send(Signal::SIGKILL);
    supervisor.end();
    eventually("gone", || {
        (!runs(pid(&record, 0)) && !runs(pid(&record, 1))).then_some(())
    });
}
