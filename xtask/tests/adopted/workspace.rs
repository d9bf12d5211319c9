//! A workspace whose only cluster is adopted, and whose only release is a chart with one template.

use std::{
    cell::RefCell,
    fs,
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use assert_cmd::assert::{Assert, OutputAssertExt as _};

/// An image that every node of the cluster has.
pub(crate) const IMAGE: &str = "redis:8.10.1-alpine";
/// The image of the ingress, which is a server by itself.
pub(crate) const INGRESS: &str = "traefik:v3.7.12";

pub(crate) struct Workspace {
    folder: tempfile::TempDir,
    pub(crate) cluster: String,
    stage: &'static str,
    kubeconfig: PathBuf,
    registry: String,
}

impl Workspace {
    /// Adopts the cluster of the kubeconfig that a variable names; nothing where there is none.
    pub(crate) fn adopt(name: &str, stage: &'static str, variable: &str) -> Option<Self> {
        let (Some(kubeconfig), Ok(registry)) =
            (std::env::var_os(variable), std::env::var("PLASMA_TEST_REGISTRY"))
        else {
            eprintln!("skipped: {name} (needs: kind; `cargo xtask ci e2e-kind` runs it)");
            return None;
        };
        let this = Self {
            folder: tempfile::tempdir().unwrap(),
            cluster: format!("adopted-{name}"),
            stage,
            kubeconfig: kubeconfig.into(),
            registry,
        };
        let cluster = &this.cluster;
        for (path, text) in [
            ("Cargo.toml".to_owned(), "[workspace]\n".to_owned()),
            (
                "xtask/Cargo.toml".to_owned(),
                "[package]\nname = \"none\"\n".to_owned(),
            ),
            (
                "deps/tools.yaml".to_owned(),
                include_str!("../../../deps/tools.yaml").to_owned(),
            ),
            (
                format!("clusters/{cluster}/cluster.yaml"),
                format!(
                    "cluster: {cluster}\ncode: ad\napps: [photos]\nstages: {{{stage}: {{adopt: true}}}}\n"
                ),
            ),
            (
                format!("clusters/{cluster}/photos/app.yaml"),
                "app: photos\ncode: ps\nreleases:\n  - {name: broken, chart: chart, values: broken.yaml}\n"
                    .to_owned(),
            ),
            (
                format!("clusters/{cluster}/photos/chart/Chart.yaml"),
                "apiVersion: v2\nname: broken\nversion: 0.1.0\n".to_owned(),
            ),
            (
                format!("clusters/{cluster}/photos/values/{stage}/broken.yaml"),
                "{}\n".to_owned(),
            ),
            (
                format!("envs/{cluster}/comm.yaml"),
                "photos:\n  log: info\n".to_owned(),
            ),
            (
                format!("envs/{cluster}/{stage}.yaml"),
                "photos:\n  database_url: sqlite:///tmp/photos.sqlite\n  store_url: file:///tmp/objects\n"
                    .to_owned(),
            ),
        ] {
            this.write(&path, &text);
        }
        this.plasma(&["bootstrap", "--kubeconfig", this.kubeconfig.to_str().unwrap()])
            .success();
        Some(this)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// The text of the release's only template.
    pub(crate) fn template(&self, text: &str) {
        self.write(
            &format!("clusters/{}/photos/chart/templates/workload.yaml", self.cluster),
            text,
        );
    }

    /// A Deployment whose pod has this specification.
    pub(crate) fn deployment(&self, pod: &str) {
        let pod = pod.replace("IMAGE", IMAGE).replace("REGISTRY", &self.registry);
        self.template(&format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: broken\nspec:\n  selector: {{matchLabels: {{app: broken}}}}\n  \
             template:\n    metadata: {{labels: {{app: broken}}}}\n    spec: {pod}\n"
        ));
    }

    /// The stage's state.
    pub(crate) fn state(&self) -> PathBuf {
        self.folder
            .path()
            .join("state")
            .join(&self.cluster)
            .join(self.stage)
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plasma"));
        command
            .arg(arguments[0])
            .args(["--cluster", &self.cluster, "--stage", self.stage])
            .args(&arguments[1..])
            .current_dir(self.folder.path())
            .env("PLASMA_STATE_DIR", self.folder.path().join("state"))
            .env("PS_JWT_SECRET", "Wq7nTzL0rKpYbS3dVxHcWq7nTzL0rKpYbS3dVxHc");
        command
    }

    pub(crate) fn plasma(&self, arguments: &[&str]) -> Assert {
        self.command(arguments).output().unwrap().assert()
    }

    /// What a deploy says that ends with this code.
    pub(crate) fn refusal(&self, arguments: &[&str], code: i32) -> String {
        let failed = self.plasma(arguments).code(code);
        String::from_utf8(failed.get_output().stderr.clone()).unwrap()
    }

    /// What a deploy says that fails: of what it has seen, not because it waited in vain.
    pub(crate) fn digest(&self) -> String {
        let digest = self.refusal(&["deploy", "--yes"], 1);
        assert!(!digest.contains("nothing changed for "), "{digest}");
        digest
    }

    /// What kubectl prints about the cluster's namespace.
    pub(crate) fn kubectl(&self, arguments: &[&str]) -> String {
        self.try_kubectl(arguments)
            .unwrap_or_else(|complaint| panic!("{arguments:?}: {complaint}"))
    }

    /// The same, or what kubectl complains of.
    fn try_kubectl(&self, arguments: &[&str]) -> Result<String, String> {
        let output = Command::new("kubectl")
            .args(["--namespace", &self.cluster, "--kubeconfig"])
            .arg(&self.kubeconfig)
            .args(arguments)
            .output()
            .unwrap();
        if output.status.success() {
            Ok(String::from_utf8(output.stdout).unwrap())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }

    /// What a program prints in a pod of the release. kubectl may choose one that is just ending, and refuse.
    pub(crate) fn exec(&self, program: &[&str]) -> String {
        let arguments = [&["exec", "deployment/broken", "--"], program].concat();
        let printed = RefCell::new(String::new());
        self.until("a pod takes the program", || {
            let Ok(text) = self.try_kubectl(&arguments) else {
                return false;
            };
            printed.replace(text);
            true
        });
        printed.into_inner()
    }

    /// Makes an object that was read from the cluster once more.
    pub(crate) fn create(&self, object: &serde_json::Value) {
        let mut object = object.clone();
        let metadata = object["metadata"].as_object_mut().unwrap();
        metadata.retain(|key, _| matches!(key.as_str(), "name" | "namespace" | "labels" | "annotations"));
        self.write("made.json", &object.to_string());
        let path = self.folder.path().join("made.json");
        self.kubectl(&["create", "--filename", path.to_str().unwrap()]);
    }

    /// Waits for a condition.
    pub(crate) fn until(&self, what: &str, holds: impl Fn() -> bool) {
        let deadline = Instant::now() + Duration::from_secs(120);
        while !holds() {
            assert!(Instant::now() < deadline, "{what}: not within two minutes");
        }
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        let delete = [
            "delete",
            "namespace",
            &self.cluster,
            "--wait=false",
            "--ignore-not-found",
            "--kubeconfig",
        ];
        let _ = Command::new("kubectl")
            .args(delete)
            .arg(&self.kubeconfig)
            .output();
    }
}

#[track_caller]
pub(crate) fn says(text: &str, all: &[&str]) {
    let missing: Vec<_> = all.iter().filter(|words| !text.contains(*words)).collect();
    assert!(missing.is_empty(), "missing {missing:?} in:\n{text}");
}
