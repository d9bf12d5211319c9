//! A stage of its own for the story on kind: its folders, its commands, and what runs beside them.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use nix::{
    sys::signal::{self, Signal},
    unistd::Pid,
};

pub(crate) const NODE: &str = "hmlet-test-control-plane";
pub(crate) const REGISTRY: &str = "hmlet-test-registry";

/// Stands for an app: Redis, whose image every node has, under the labels of photos.
pub(crate) const APP: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: photos, namespace: hmlet, labels: {app.kubernetes.io/name: photos, app.kubernetes.io/version: v1}}
spec:
  replicas: 1
  selector: {matchLabels: {app.kubernetes.io/name: photos}}
  template:
    metadata: {labels: {app.kubernetes.io/name: photos}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: photos
          image: redis:8.10.1-alpine
          imagePullPolicy: IfNotPresent
          command: [redis-server, --protected-mode, "no"]
          ports: [{containerPort: 6379}]
          readinessProbe: {exec: {command: [redis-cli, ping]}, periodSeconds: 1}
"#;

pub(crate) struct Stage {
    pub(crate) folder: tempfile::TempDir,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // What must neither be read nor changed.
        let home = folder.path().join("home/.kube");
        fs::create_dir_all(&home).unwrap();
        fs::write(home.join("config"), "not a kubeconfig").unwrap();
        fs::write(folder.path().join("elsewhere"), "not a kubeconfig").unwrap();
        Self { folder }
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.folder.path().join("state/hmlet/test")
    }

    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.state().join("kubeconfig")
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plasma"));
        command
            .args(arguments)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("PLASMA_STATE_DIR", self.folder.path().join("state"))
            .env("PLASMA_STAGE", "test")
            .env("HOME", self.folder.path().join("home"))
            .env("KUBECONFIG", self.folder.path().join("elsewhere"));
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        let output = self.command(arguments).stdin(Stdio::null()).output().unwrap();
        println!(
            "$ plasma {}\n{}{}",
            arguments.join(" "),
            out(&output),
            err(&output)
        );
        output
    }

    pub(crate) fn ok(&self, arguments: &[&str]) -> Output {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", err(&output));
        output
    }

    pub(crate) fn kubectl(&self, arguments: &[&str]) -> String {
        let output = Command::new("kubectl")
            .arg("--kubeconfig")
            .arg(self.kubeconfig())
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "kubectl {arguments:?}: {}", err(&output));
        out(&output)
    }

    pub(crate) fn apply(&self, yaml: &str) {
        let path = self.folder.path().join("objects.yaml");
        fs::write(&path, yaml).unwrap();
        self.kubectl(&["apply", "-f", path.to_str().unwrap()]);
    }

    /// What nobody may have touched.
    pub(crate) fn foreign_files(&self) -> [String; 2] {
        ["home/.kube/config", "elsewhere"]
            .map(|file| fs::read_to_string(self.folder.path().join(file)).unwrap())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // Whatever a failed story left behind.
        let _ = self.command(&["destroy", "--yes"]).output();
    }
}

/// A process whose lines are read as they come.
pub(crate) struct Follower {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Follower {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = mpsc::channel();
        let outputs: [Box<dyn Read + Send>; 2] = [
            Box::new(child.stdout.take().unwrap()),
            Box::new(child.stderr.take().unwrap()),
        ];
        for output in outputs {
            let sender = sender.clone();
            thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    println!("> {line}");
                    if sender.send(line).is_err() {
                        return;
                    }
                }
            });
        }
        Self { child, lines }
    }

    /// The next line with these words.
    pub(crate) fn line(&self, words: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(Duration::from_secs(180));
            let line = line.unwrap_or_else(|_| panic!("no line with `{words}` came"));
            if line.contains(words) {
                return line;
            }
        }
    }

    pub(crate) fn interrupt(mut self) -> Option<i32> {
        signal::kill(Pid::from_raw(self.child.id().cast_signed()), Signal::SIGINT).unwrap();
        self.child.wait().unwrap().code()
    }
}

pub(crate) fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub(crate) fn docker(arguments: &[&str]) -> String {
    let output = Command::new("docker").args(arguments).output().unwrap();
    assert!(output.status.success(), "docker {arguments:?}: {}", err(&output));
    out(&output)
}

/// As [`docker`], with standard input, which is read before anything is printed.
pub(crate) fn piped(arguments: &[&str], input: &[u8]) -> String {
    let mut command = Command::new("docker");
    command.args(arguments).stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "docker {arguments:?} failed");
    out(&output)
}
