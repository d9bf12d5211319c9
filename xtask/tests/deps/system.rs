//! `plasma deps` on a machine whose tools are small scripts: what fits the lock, what does not, and what is said.

use std::{fs, os::unix::fs::PermissionsExt};

use assert_cmd::{Command, assert::Assert};

/// A machine with its own `PATH`, cache and state.
struct Machine {
    folder: tempfile::TempDir,
}

impl Machine {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("bin")).unwrap();
        Self { folder }
    }

    /// A program that prints the text, and notes that it was called.
    fn install(&self, name: &str, says: &str) {
        let file = self.folder.path().join("bin").join(name);
        let calls = self.folder.path().join("calls");
        let script = format!("#!/bin/sh\necho {name} >>'{}'\necho '{says}'\n", calls.display());
        fs::write(&file, script).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn install_all(&self) {
        self.install("kubectl", r#"{"clientVersion": {"gitVersion": "v1.34.1"}}"#);
        self.install("helm", "v4.1.4");
        self.install("kind", "0.31.0");
    }

    fn calls(&self) -> usize {
        fs::read_to_string(self.folder.path().join("calls")).map_or(0, |calls| calls.lines().count())
    }

    fn run(&self, arguments: &[&str], deps: &str) -> Assert {
        Command::new(env!("CARGO_BIN_EXE_plasma"))
            .args(arguments)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env_clear()
            .env(
                "PATH",
                format!("{}:/usr/bin:/bin", self.folder.path().join("bin").display()),
            )
            .env("PLASMA_STATE_DIR", self.folder.path().join("state"))
            .env("PLASMA_CACHE_DIR", self.folder.path().join("cache"))
            .env("PLASMA_DEPS", deps)
            .assert()
    }

    fn verify(&self, deps: &str) -> (Option<i32>, serde_json::Value) {
        let assert = self.run(&["deps", "verify", "--json"], deps);
        let output = assert.get_output();
        (
            output.status.code(),
            serde_json::from_slice(&output.stdout).unwrap(),
        )
    }
}

fn tool<'j>(report: &'j serde_json::Value, name: &str) -> &'j serde_json::Value {
    let tools = report["tools"].as_array().unwrap();
    tools.iter().find(|tool| tool["name"] == name).unwrap()
}

fn stderr(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stderr.clone()).unwrap()
}

#[test]
fn tools_on_path_are_taken_if_they_differ_by_a_patch_only() {
    let machine = Machine::new();
    machine.install_all();
    let (code, report) = machine.verify("system");
    assert_eq!(code, Some(0));
    let kubectl = tool(&report, "kubectl");
    assert_eq!(kubectl["state"], "fits");
    assert_eq!(kubectl["version"], "1.34.1");
    assert_eq!(
        kubectl["path"],
        machine.folder.path().join("bin/kubectl").display().to_string()
    );
    // The loop tools are no fault where they are missing.
    assert_eq!(tool(&report, "skaffold")["state"], "missing");

    machine.install("kind", "0.30.0");
    let (code, report) = machine.verify("system");
    assert_eq!(code, Some(1));
    let kind = tool(&report, "kind");
    assert_eq!(kind["state"], "wrong");
    let fault = kind["fault"].as_str().unwrap();
    assert!(
        fault.contains("kind is 0.30.0, deps/tools.yaml says 0.31.0"),
        "{fault}"
    );
}

#[test]
fn a_tool_is_asked_its_version_once_until_its_file_changes() {
    let machine = Machine::new();
    machine.install_all();
    machine.verify("system");
    machine.verify("system");
    assert_eq!(machine.calls(), 3);
    machine.install("helm", "v3.19.0");
    let (code, report) = machine.verify("system");
    assert_eq!(machine.calls(), 4);
    assert_eq!(code, Some(1));
    assert_eq!(tool(&report, "helm")["state"], "wrong");
}

#[test]
fn a_tool_that_says_no_version_is_named_with_what_it_said() {
    let machine = Machine::new();
    machine.install_all();
    machine.install("kubectl", "segmentation fault");
    let (code, report) = machine.verify("system");
    assert_eq!(code, Some(1));
    let fault = tool(&report, "kubectl")["fault"].as_str().unwrap();
    assert!(fault.contains("says no version: segmentation fault"), "{fault}");
}

#[test]
fn an_unknown_source_is_a_usage_error() {
    for command in ["verify", "list"] {
        let wrong = Machine::new().run(&["deps", command], "sytem").code(2);
        let text = stderr(&wrong);
        assert!(text.contains("PLASMA_DEPS is wrong"), "{text}");
        assert!(text.contains("`sytem`"), "{text}");
    }
}
