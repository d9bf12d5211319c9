//! `ci charts` on a copy of the repository's own charts: right as they are, and wrong after each of a few slips.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod files;

use std::{fs, path::Path, process::Command};

use files::copy;

/// A copy of what the job reads; gone when dropped.
struct Copy {
    folder: tempfile::TempDir,
}

impl Copy {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for name in ["clusters", "envs", "deps"] {
            copy(&root.join(name), &folder.path().join(name));
        }
        fs::create_dir(folder.path().join("xtask")).unwrap();
        for name in ["Cargo.toml", "xtask/Cargo.toml"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        Self { folder }
    }

    /// Replaces a text that stands in the file.
    fn slip(&self, path: &str, from: &str, to: &str) {
        let path = self.folder.path().join("clusters/hmlet").join(path);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from} is not in {}", path.display());
        fs::write(path, text.replace(from, to)).unwrap();
    }

    /// Removes a file.
    fn without(&self, path: &str) {
        fs::remove_file(self.folder.path().join("clusters/hmlet").join(path)).unwrap();
    }

    /// What the job prints, and its exit code.
    fn check(&self, ci: &str) -> (String, String, Option<i32>) {
        let output = self.command(ci).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (text(&output.stdout), text(&output.stderr), output.status.code())
    }

    fn command(&self, ci: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plasma"));
        command
            .args(["ci", "charts"])
            .current_dir(self.folder.path())
            .env("PLASMA_STATE_DIR", self.folder.path().join("state"))
            .env("PLASMA_DEPS", "system")
            .env("CI", ci);
        command
    }
}

/// Whether there is a helm; without one the stories are skipped, and in CI they fail.
fn helm() -> bool {
    let there = Command::new("helm").arg("version").output().is_ok();
    if !there {
        assert!(
            std::env::var_os("CI").is_none(),
            "CI=true: there is no helm on PATH"
        );
        eprintln!("skipped: there is no helm on PATH");
    }
    there
}

#[test]
fn the_charts_are_right_and_each_slip_is_named_with_its_file() {
    if !helm() {
        return;
    }
    let (faults, said, code) = Copy::new().check("true");
    assert_eq!((faults.as_str(), code), ("", Some(0)), "{said}");

    // One slip a chart. First what Kubernetes does not know, then what it takes and what leads nowhere.
    let unknown = [
        (
            "photos/values/local/backend.yaml",
            "replicas:",
            "replica:",
            "clusters/hmlet/photos/values/local/backend.yaml: ",
        ),
        (
            "photos/chart/templates/deployment.yaml",
            "readinessProbe:",
            "readinessProb:",
            "clusters/hmlet/photos/chart/templates/deployment.yaml: \
             spec.template.spec.containers[0].readinessProb: apps/v1 Deployment has no such field \
             (rendered with clusters/hmlet/photos/values/production/backend.yaml)",
        ),
        (
            "charts/minio/templates/statefulset.yaml",
            "replicas: 1",
            "replicas: one",
            "spec.replicas: invalid type: string \"one\", expected i32",
        ),
    ];
    let astray = [
        (
            "photos/chart/templates/deployment.yaml",
            "path: /readyz, port: internal",
            "path: /readyz, port: interal",
            "readinessProbe: no container has a port `interal`",
        ),
        (
            "photos/chart/values.yaml",
            "terminationGracePeriodSeconds: 60",
            "terminationGracePeriodSeconds: 45",
            "is 45, must be more than the 15 s of preStop and the 30 s of PS_SHUTDOWN_TIMEOUT",
        ),
        (
            "photos/chart/templates/configmap.yaml",
            "{{- toYaml .Values.config | nindent 2 }}",
            "{PS_LOGG: info}",
            "data.PS_LOGG: is no variable of photos",
        ),
        (
            "charts/redis/templates/_helpers.tpl",
            "readOnlyRootFilesystem: true",
            "readOnlyRootFilesystem: false",
            "container `redis`: securityContext.readOnlyRootFilesystem must be true",
        ),
        (
            "charts/minio/templates/ingress.yaml",
            "name: console",
            "name: konsole",
            "spec.rules: Service `minio` has no such port",
        ),
    ];
    for slips in [unknown.as_slice(), &astray] {
        let copy = Copy::new();
        for (path, from, to, _) in slips {
            copy.slip(path, from, to);
        }
        let (faults, said, code) = copy.check("true");
        assert_eq!(code, Some(1), "{said}");
        for (path, from, to, expected) in slips {
            assert!(faults.contains(expected), "{path}: {from} → {to}:\n{faults}");
        }
    }
}

#[test]
fn a_chart_lacks_nothing_that_its_pods_keep_to() {
    if !helm() {
        return;
    }
    let copy = Copy::new();
    for path in [
        "charts/minio/templates/networkpolicy.yaml",
        "charts/postgresql/values.schema.json",
        "charts/redis/templates/tests/connection.yaml",
        "charts/traefik/templates/NOTES.txt",
        "frontend/chart/templates/pdb.yaml",
    ] {
        copy.without(path);
    }
    copy.slip(
        "photos/chart/templates/deployment.yaml",
        "          startupProbe:\n            httpGet: &alive {path: /healthz, port: internal}\n            periodSeconds: 1\n            \
         timeoutSeconds: 3\n            failureThreshold: 60\n",
        "",
    );
    copy.slip(
        "photos/chart/templates/deployment.yaml",
        "httpGet: *alive",
        "httpGet: {path: /healthz, port: internal}",
    );
    copy.slip(
        "photos/values/test/backend.yaml",
        "ingress:",
        "replicas: 1\n\ningress:",
    );
    let (faults, said, code) = copy.check("true");
    assert_eq!(code, Some(1), "{said}");
    for expected in [
        "clusters/hmlet/charts/minio/templates/statefulset.yaml: no NetworkPolicy of the release says who may call",
        "clusters/hmlet/charts/postgresql/values.schema.json: a chart has a schema",
        "the release has no test",
        "clusters/hmlet/charts/traefik/templates/NOTES.txt: a chart says what it has installed",
        "clusters/hmlet/frontend/chart/values.yaml: `replicas` may be more than one",
        "clusters/hmlet/frontend/chart/templates/deployment.yaml: it has several replicas and no PodDisruptionBudget",
        "container `photos`: startupProbe is missing",
        "clusters/hmlet/photos/values/test/backend.yaml: duplicate entry with key \"replicas\"",
    ] {
        assert!(faults.contains(expected), "{expected}:\n{faults}");
    }
}

#[test]
fn files_that_do_not_agree_are_found_without_helm() {
    let copy = Copy::new();
    copy.slip("photos/app.yaml", "values: redis.yaml", "values: redi.yaml");
    let (faults, _, code) = copy.check("");
    assert_eq!(code, Some(1));
    let found: Vec<&str> = faults
        .lines()
        .map(|line| line.split(':').next().unwrap())
        .collect();
    for path in [
        "clusters/hmlet/photos/values/test/redi.yaml",
        "clusters/hmlet/photos/values/local/redi.yaml",
        "clusters/hmlet/photos/values/test/redis.yaml",
        "clusters/hmlet/photos/values/local/redis.yaml",
    ] {
        assert!(found.contains(&path), "{path} in {faults}");
    }
}

#[test]
fn without_helm_it_is_a_skip_that_is_said_and_in_ci_a_failure() {
    let copy = Copy::new();
    let run = |ci: &str| copy.command(ci).env("PATH", "").output().unwrap();
    let (laptop, ci) = (run(""), run("true"));
    let said = String::from_utf8_lossy(&laptop.stderr);
    assert!(
        laptop.status.success() && said.starts_with("skipped: the charts are not rendered"),
        "{said}"
    );
    assert_eq!(ci.status.code(), Some(1));
}
