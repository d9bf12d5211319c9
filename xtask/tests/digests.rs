//! What `deploy` says about releases that cannot be rolled out, on a real cluster. needs: kind.
//!
//! `cargo xtask ci e2e-kind` gives the cluster: `PLASMA_TEST_KUBECONFIG` is its kubeconfig, `PLASMA_TEST_REGISTRY` a
//! registry that its nodes know. Each test adopts it as the staging of a cluster of its own, in a workspace of its own.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use assert_cmd::Command;

/// An image that every node of the cluster has.
const IMAGE: &str = "redis:8.10.1-alpine";

/// A workspace with one cluster, whose only release is a chart with one template.
struct Workspace {
    folder: tempfile::TempDir,
    cluster: String,
    kubeconfig: PathBuf,
    registry: String,
}

impl Workspace {
    /// Nothing where there is no cluster to try it on.
    fn new(name: &str) -> Option<Self> {
        let (Some(kubeconfig), Some(registry)) = (
            std::env::var_os("PLASMA_TEST_KUBECONFIG"),
            std::env::var("PLASMA_TEST_REGISTRY").ok(),
        ) else {
            eprintln!("skipped: {name} (needs: kind; `cargo xtask ci e2e-kind` runs it)");
            return None;
        };
        let this = Self {
            folder: tempfile::tempdir().unwrap(),
            cluster: format!("digest-{name}"),
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
                include_str!("../../deps/tools.yaml").to_owned(),
            ),
            (
                format!("clusters/{cluster}/cluster.yaml"),
                format!(
                    "cluster: {cluster}\ncode: dg\napps: [photos]\nstages: {{staging: {{adopt: true}}}}\n"
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
                format!("clusters/{cluster}/photos/values/staging/broken.yaml"),
                "{}\n".to_owned(),
            ),
            (
                format!("envs/{cluster}/comm.yaml"),
                "photos:\n  log: info\n".to_owned(),
            ),
            (
                format!("envs/{cluster}/staging.yaml"),
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

    fn template(&self, text: &str) {
        self.write(
            &format!("clusters/{}/photos/chart/templates/workload.yaml", self.cluster),
            text,
        );
    }

    /// A Deployment whose pod has this specification.
    fn deployment(&self, pod: &str) {
        let pod = pod.replace("IMAGE", IMAGE).replace("REGISTRY", &self.registry);
        self.template(&format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: broken\nspec:\n  selector: {{matchLabels: {{app: broken}}}}\n  \
             template:\n    metadata: {{labels: {{app: broken}}}}\n    spec: {pod}\n"
        ));
    }

    fn plasma(&self, arguments: &[&str]) -> assert_cmd::assert::Assert {
        Command::new(env!("CARGO_BIN_EXE_plasma"))
            .args(arguments)
            .args(["--cluster", &self.cluster, "--stage", "staging"])
            .current_dir(self.folder.path())
            .env("PLASMA_STATE_DIR", self.folder.path().join("state"))
            .env("PS_JWT_SECRET", "Wq7nTzL0rKpYbS3dVxHcWq7nTzL0rKpYbS3dVxHc")
            .assert()
    }

    /// What a deploy says that fails.
    fn digest(&self) -> String {
        let failed = self.plasma(&["deploy", "--yes"]).code(1);
        String::from_utf8(failed.get_output().stderr.clone()).unwrap()
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
        let _ = std::process::Command::new("kubectl")
            .args(delete)
            .arg(&self.kubeconfig)
            .output();
    }
}

#[track_caller]
fn says(digest: &str, all: &[&str]) {
    let missing: Vec<_> = all.iter().filter(|words| !digest.contains(*words)).collect();
    assert!(missing.is_empty(), "missing {missing:?} in:\n{digest}");
}

fn file(workspace: &Workspace, path: &str) -> String {
    Path::new("clusters")
        .join(&workspace.cluster)
        .join("photos")
        .join(path)
        .display()
        .to_string()
}

#[test]
fn an_image_that_is_not_there() {
    let Some(workspace) = Workspace::new("image") else {
        return;
    };
    workspace.deployment("{containers: [{name: app, image: 'REGISTRY/none:1'}]}");
    let digest = workspace.digest();
    says(
        &digest,
        &[
            "broken cannot be rolled out",
            "container app of pod broken-",
            "none:1 cannot be had: the registry does not have it",
            "events:",
            &file(&workspace, "values/staging/broken.yaml"),
        ],
    );
}

#[test]
fn a_crash_at_the_start_with_a_config_fault() {
    let Some(workspace) = Workspace::new("config") else {
        return;
    };
    workspace.deployment(
        "{containers: [{name: app, image: 'IMAGE', command: [sh, -c, 'echo \"error: PS_STORE_URL: is missing\" >&2; exit 2']}]}",
    );
    let digest = workspace.digest();
    says(
        &digest,
        &[
            "ended with exit code 2: its configuration is wrong",
            "last lines:\n",
            "error: PS_STORE_URL: is missing",
            &format!("envs/{}/staging.yaml", workspace.cluster),
        ],
    );
}

#[test]
fn a_probe_that_never_passes() {
    let Some(workspace) = Workspace::new("probe") else {
        return;
    };
    workspace.deployment(
        "{terminationGracePeriodSeconds: 0, containers: [{name: app, image: 'IMAGE', command: [sh, -c, 'echo waiting for godot; sleep 600'],\n        \
         readinessProbe: {exec: {command: [sh, -c, 'echo not yet; false']}, periodSeconds: 1, failureThreshold: 2}}]}",
    );
    let digest = workspace.digest();
    says(
        &digest,
        &[
            "does not pass its readiness probe: not yet",
            "waiting for godot",
            &file(&workspace, "chart/templates/workload.yaml"),
        ],
    );
}

#[test]
fn a_pod_that_no_node_takes() {
    let Some(workspace) = Workspace::new("unschedulable") else {
        return;
    };
    workspace.deployment("{containers: [{name: app, image: 'IMAGE', resources: {requests: {cpu: 1000}}}]}");
    let digest = workspace.digest();
    says(
        &digest,
        &[
            "no node takes it",
            "Insufficient cpu",
            "resources.requests",
            "FailedScheduling",
        ],
    );
}

#[test]
fn a_claim_that_nobody_meets() {
    let Some(workspace) = Workspace::new("claim") else {
        return;
    };
    workspace.template(&format!(
        "apiVersion: apps/v1\nkind: StatefulSet\nmetadata:\n  name: broken\nspec:\n  serviceName: broken\n  selector: {{matchLabels: \
         {{app: broken}}}}\n  template:\n    metadata: {{labels: {{app: broken}}}}\n    spec: {{containers: [{{name: app, image: '{IMAGE}', \
         volumeMounts: [{{name: data, mountPath: /data}}]}}]}}\n  volumeClaimTemplates:\n    - metadata: {{name: data}}\n      spec: \
         {{storageClassName: none-such, accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Mi}}}}}}\n"
    ));
    let digest = workspace.digest();
    says(
        &digest,
        &[
            "the volume claim data-broken-0 is not met",
            "none-such",
            "storage class",
        ],
    );
}

#[test]
fn a_process_that_is_killed_for_want_of_memory() {
    let Some(workspace) = Workspace::new("memory") else {
        return;
    };
    // The kernel kills a child; the shell ends with its code.
    workspace.deployment(
        "{containers: [{name: app, image: 'IMAGE', command: [sh, -c, 'echo filling; head -c 300m /dev/zero | tail; exit $?'],\n        \
         resources: {limits: {memory: 32Mi}}}]}",
    );
    let digest = workspace.digest();
    says(
        &digest,
        &[
            "was killed for want of memory: its limit is 32Mi",
            "resources.limits.memory",
        ],
    );
}

#[test]
fn a_hook_that_fails() {
    let Some(workspace) = Workspace::new("hook") else {
        return;
    };
    workspace.template(&format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: prepare\n  annotations: {{helm.sh/hook: pre-install}}\nspec:\n  backoffLimit: 0\n  \
         template:\n    spec: {{restartPolicy: Never, containers: [{{name: app, image: '{IMAGE}', command: [sh, -c, 'echo no table; exit 3']}}]}}\n"
    ));
    let digest = workspace.digest();
    says(
        &digest,
        &[
            "Job prepare",
            "ended with exit code 3",
            "no table",
            &file(&workspace, "chart/templates/workload.yaml"),
        ],
    );
}

#[test]
fn a_broken_release_is_mended_by_the_next_deploy() {
    let Some(workspace) = Workspace::new("mended") else {
        return;
    };
    workspace.deployment("{containers: [{name: app, image: 'REGISTRY/none:1'}]}");
    workspace.digest();
    workspace.deployment("{terminationGracePeriodSeconds: 0, containers: [{name: app, image: 'IMAGE', command: [sleep, '600']}]}");
    workspace.plasma(&["deploy", "--yes"]).success();
    let again = workspace.plasma(&["deploy", "--yes"]).success();
    says(
        &String::from_utf8_lossy(&again.get_output().stderr),
        &["= broken unchanged"],
    );
    let delete = [
        "delete",
        "deployment",
        "broken",
        "--namespace",
        &workspace.cluster,
        "--kubeconfig",
    ];
    let deleted = std::process::Command::new("kubectl")
        .args(delete)
        .arg(&workspace.kubeconfig)
        .output()
        .unwrap();
    assert!(
        deleted.status.success(),
        "{}",
        String::from_utf8_lossy(&deleted.stderr)
    );
    let healed = workspace.plasma(&["deploy", "--yes", "--explain"]).success();
    says(
        &String::from_utf8_lossy(&healed.get_output().stderr),
        &["~ broken: Deployment broken was deleted", "✓ broken"],
    );
}
