//! `deploy` as far as it goes without a cluster: plans, refusals, exit codes.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use assert_cmd::{Command, assert::Assert};

/// The workspace with a state folder of its own, nothing built, and none of the tester's variables.
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
            .env("PATH", "/nowhere")
            .env("PLASMA_DEPS", "offline")
            .env("PLASMA_STATE_DIR", self.state.path().join("state"))
            .env("PLASMA_CACHE_DIR", self.state.path().join("cache"))
            .env("CARGO_TARGET_DIR", self.state.path().join("target"))
            .envs(vars.iter().copied())
            .assert()
    }

    /// What a command prints, without the folders of this run.
    fn plan(&self, arguments: &[&str], vars: &[(&str, &str)]) -> String {
        let plan = self.run(arguments, vars).code(0);
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let text = String::from_utf8(plan.get_output().stdout.clone()).unwrap();
        text.replace(&self.state.path().display().to_string(), "TMP")
            .replace(&root.display().to_string(), "ROOT")
    }
}

fn stderr(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stderr.clone()).unwrap()
}

#[test]
fn the_plan_shows_every_command_and_touches_nothing() {
    let plasma = Plasma::new();
    let plan = plasma.plan(
        &["deploy", "--plan"],
        &[("PS_JWT_SECRET", "never-shown-never-shown-never-shown!")],
    );
    assert!(!plan.contains("never-shown"));
    insta::assert_snapshot!(plan);
    assert!(!plasma.state.path().join("state").exists());
}

#[test]
fn one_app_is_planned_alone() {
    let plan = Plasma::new().plan(&["deploy", "photos", "--stage", "test", "--plan"], &[]);
    assert!(
        plan.contains("localhost:5002/photos:") && !plan.contains("localhost:5002/frontend"),
        "{plan}"
    );
}

#[test]
fn a_deploy_without_a_cluster_says_how_to_get_one() {
    let none = Plasma::new().run(&["deploy"], &[]).code(1);
    let text = stderr(&none);
    assert!(
        text.contains("hmlet local has no cluster yet") && text.contains("cargo xtask bootstrap"),
        "{text}"
    );
}

#[test]
fn production_asks_for_the_registry_of_its_images_first() {
    let unsaid = Plasma::new()
        .run(&["deploy", "--stage", "production"], &[])
        .code(2);
    let text = stderr(&unsaid);
    assert!(
        text.contains("values/production/backend.yaml has no image.repository"),
        "{text}"
    );
}

#[test]
fn an_unknown_app_is_answered_with_the_right_ones() {
    let wrong = Plasma::new().run(&["deploy", "photo"], &[]).code(2);
    assert!(
        stderr(&wrong).contains("choose one of: photos"),
        "{}",
        stderr(&wrong)
    );
}
