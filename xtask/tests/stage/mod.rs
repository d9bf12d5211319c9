//! A plasma for the stories about clusters: a workspace and a state folder of its own, recorded shims instead of the
//! external tools, and an API server that knows one namespace.

#[path = "../files/mod.rs"]
mod files;

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    thread,
};

use assert_cmd::{Command, assert::Assert};

use files::copy;

/// Records what it was called with, and plays the answer that lies ready for it: `<tool> <arguments>`, or a beginning of
/// that; the longest wins.
const SHIM: &str = r#"#!/bin/sh
line=$(basename "$0")
for word in "$@"; do line="$line $word"; done
{
  printf '%s\n' "$line"
  printf '  KUBECONFIG=%s PS_DATABASE_URL=%s PS_JWT_SECRET=%s\n' "$KUBECONFIG" "$PS_DATABASE_URL" "${PS_JWT_SECRET:+set}"
} >>"$SHIM_FOLDER/calls"
best=
for answer in "$SHIM_FOLDER"/answers/*; do
  [ -d "$answer" ] || continue
  start=$(cat "$answer/start")
  case "$line" in
    "$start"*) [ ${#start} -gt ${#best} ] && best=$start && found=$answer ;;
  esac
done
if [ -n "$best" ]; then
  [ "$(cat "$found/code")" = hang ] && exec sleep 600
  cat "$found/stdout"
  cat "$found/stderr" >&2
  exit "$(cat "$found/code")"
fi
"#;

/// The workspace's files that the commands read, in a copy of their own.
pub(crate) struct Plasma {
    folder: tempfile::TempDir,
    pub(crate) http_port: u16,
    pub(crate) registry_port: u16,
}

impl Plasma {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("plasma");
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        for place in ["clusters", "envs", "deps"] {
            copy(&own.join(place), &root.join(place));
        }
        fs::create_dir_all(root.join("xtask")).unwrap();
        fs::write(root.join("Cargo.toml"), "").unwrap();
        fs::write(root.join("xtask/Cargo.toml"), "").unwrap();
        let [http_port, registry_port] = free();
        let file = root.join("clusters/hmlet/cluster.yaml");
        let text = fs::read_to_string(&file).unwrap();
        let text = text
            .replace(": 8081", &format!(": {http_port}"))
            .replace(": 5001", &format!(": {registry_port}"));
        fs::write(file, text).unwrap();
        let plasma = Self {
            folder,
            http_port,
            registry_port,
        };
        fs::create_dir_all(plasma.shims().join("bin")).unwrap();
        fs::create_dir_all(plasma.shims().join("answers")).unwrap();
        plasma
    }

    fn shims(&self) -> PathBuf {
        self.folder.path().join("shims")
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("plasma")
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// The stage's folder.
    pub(crate) fn stage(&self, stage: &str) -> PathBuf {
        self.folder.path().join("state/hmlet").join(stage)
    }

    /// Puts a tool on PATH that records its calls.
    pub(crate) fn shim(&self, tool: &str) {
        let path = self.shims().join("bin").join(tool);
        fs::write(&path, SHIM).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Calls that begin so get no answer until they are ended.
    #[allow(dead_code, reason = "not every file of stories needs it")]
    pub(crate) fn hang(&self, start: &str) {
        self.reply(start, "hang", "", "");
    }

    /// What a tool answers to calls that begin so.
    pub(crate) fn answer(&self, start: &str, code: u8, stdout: &str, stderr: &str) {
        self.reply(start, &code.to_string(), stdout, stderr);
    }

    fn reply(&self, start: &str, code: &str, stdout: &str, stderr: &str) {
        let answers = self.shims().join("answers");
        let count = fs::read_dir(&answers).unwrap().count();
        let folder = answers.join(count.to_string());
        fs::create_dir(&folder).unwrap();
        for (name, text) in [("start", start), ("stdout", stdout), ("stderr", stderr)] {
            fs::write(folder.join(name), text).unwrap();
        }
        fs::write(folder.join("code"), code).unwrap();
    }

    /// What was called, one line a call and one for what it saw of its environment.
    pub(crate) fn calls(&self) -> String {
        let calls = fs::read_to_string(self.shims().join("calls")).unwrap_or_default();
        self.anonymous(&calls)
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Assert {
        self.run_with(arguments, &[])
    }

    pub(crate) fn run_with(&self, arguments: &[&str], vars: &[(&str, &str)]) -> Assert {
        Command::from_std(self.command(arguments))
            .envs(vars.iter().copied())
            .assert()
    }

    /// A command that is not started yet.
    pub(crate) fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_plasma"));
        command
            .args(arguments)
            .current_dir(self.root())
            .env_clear()
            .envs(self.environment());
        command
    }

    /// All that a command knows of its surroundings.
    pub(crate) fn environment(&self) -> [(&'static str, String); 6] {
        let bin = self.shims().join("bin");
        [
            ("PATH", format!("{}:/usr/bin:/bin", bin.display())),
            ("HOME", self.home().display().to_string()),
            ("SHIM_FOLDER", self.shims().display().to_string()),
            (
                "PLASMA_STATE_DIR",
                self.folder.path().join("state").display().to_string(),
            ),
            ("PLASMA_DEPS", "system".to_owned()),
            ("PLASMA_NODE_IMAGE", "kindest/node:v1.34.3".to_owned()),
        ]
    }

    /// A text without the names of this test's folder and ports, nor the size of files that others change.
    pub(crate) fn anonymous(&self, text: &str) -> String {
        let mut text = text.to_owned();
        while let Some((before, after)) = text
            .split_once("# reads ")
            .filter(|(_, after)| after.contains(" bytes"))
        {
            let rest = after.split_once(" bytes").map_or("", |(_, rest)| rest);
            text = format!("{before}# takes a file{rest}");
        }
        text.replace(&self.folder.path().display().to_string(), "TMP")
            .replace(env!("CARGO_MANIFEST_DIR"), "XTASK")
            .replace(&self.http_port.to_string(), "HTTP")
            .replace(&self.registry_port.to_string(), "REGISTRY")
    }

    pub(crate) fn stdout(&self, assert: &Assert) -> String {
        self.anonymous(&String::from_utf8(assert.get_output().stdout.clone()).unwrap())
    }

    pub(crate) fn stderr(&self, assert: &Assert) -> String {
        self.anonymous(&String::from_utf8(assert.get_output().stderr.clone()).unwrap())
    }

    /// A stage that was bootstrapped or adopted: its kubeconfig leads to a server, its record says who that is.
    pub(crate) fn bootstrapped(&self, stage: &str, server: &str, uid: &str) {
        let folder = self.stage(stage);
        fs::create_dir_all(&folder).unwrap();
        fs::write(
            folder.join("kubeconfig"),
            kubeconfig(server, &["kind-hmlet-local"]),
        )
        .unwrap();
        let identity = format!(r#"{{"schema":1,"uid":"{uid}","server":"{server}","adopted":false}}"#);
        fs::write(folder.join("identity.json"), identity).unwrap();
    }
}

/// The tools, of the versions of the lock.
#[allow(dead_code, reason = "not every file of stories needs it")]
pub(crate) fn tools(plasma: &Plasma) {
    for (tool, says) in [
        ("kubectl", r#"{"clientVersion":{"gitVersion":"v1.34.5"}}"#),
        ("helm", "v4.1.4"),
        ("kind", "0.31.0"),
        ("skaffold", "v2.24.0"),
        ("telepresence", "OSS Client : v2.31.2"),
    ] {
        plasma.shim(tool);
        plasma.answer(&format!("{tool} version"), 0, says, "");
    }
}

/// Docker with no container of ours; the images of the lock are there.
#[allow(dead_code, reason = "not every file of stories needs it")]
pub(crate) fn docker(plasma: &Plasma) {
    plasma.shim("docker");
    plasma.answer("docker container inspect", 1, "[]", "Error: No such container: x");
    plasma.answer("docker image ls", 0, "registry:2\nkindest/node:v1.34.3\n", "");
}

/// A kubeconfig with these contexts, all of them to one server; the first is the current one.
pub(crate) fn kubeconfig(server: &str, contexts: &[&str]) -> String {
    let mut text = format!("apiVersion: v1\nkind: Config\ncurrent-context: {}\n", contexts[0]);
    for (list, each) in [
        ("clusters", format!("cluster: {{server: \"{server}\"}}")),
        ("users", "user: {token: abc}".to_owned()),
    ] {
        text.push_str(&format!("{list}:\n"));
        for context in contexts {
            text.push_str(&format!("- name: {context}\n  {each}\n"));
        }
    }
    text.push_str("contexts:\n");
    for context in contexts {
        text.push_str(&format!(
            "- name: {context}\n  context: {{cluster: {context}, user: {context}}}\n"
        ));
    }
    text
}

/// An API server whose kube-system namespace has this UID, and that knows nothing else. Gives its address.
pub(crate) fn api_server(uid: &'static str) -> String {
    api_server_with(uid, &[])
}

/// The same, with these lists of objects: each lies at the path that it is named by.
pub(crate) fn api_server_with(uid: &'static str, lists: &'static [(&'static str, &'static str)]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            thread::spawn(move || answer(&socket, uid, lists));
        }
    });
    address
}

fn answer(socket: &TcpStream, uid: &str, lists: &[(&str, &str)]) {
    let mut reader = BufReader::new(socket);
    loop {
        let mut path = String::new();
        let mut line = String::new();
        while reader.read_line(&mut line).is_ok_and(|read| read > 0) && line != "\r\n" {
            if path.is_empty() {
                path = line.split(' ').nth(1).unwrap_or_default().to_owned();
            }
            line.clear();
        }
        if path.is_empty() {
            return;
        }
        let (status, body) = if path.starts_with("/api/v1/namespaces/kube-system") {
            let namespace = format!(
                r#"{{"apiVersion":"v1","kind":"Namespace","metadata":{{"name":"kube-system","uid":"{uid}"}}}}"#
            );
            ("200 OK", namespace)
        } else if let Some((_, list)) = lists
            .iter()
            .find(|(place, _)| path.split('?').next() == Some(place))
        {
            ("200 OK", (*list).to_owned())
        } else {
            let body = r#"{"kind":"Status","apiVersion":"v1","status":"Failure","message":"unknown","reason":"NotFound","code":404}"#;
            ("404 Not Found", body.to_owned())
        };
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let mut socket = socket;
        if socket.write_all((head + &body).as_bytes()).is_err() {
            return;
        }
    }
}

/// Two ports: while both are held, the system gives no port twice.
fn free() -> [u16; 2] {
    let held = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    held.map(|listener| listener.local_addr().unwrap().port())
}
