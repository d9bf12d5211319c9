//! `plasma env` as people and scripts use it: exit codes, masking, and real shells of a stage.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may stop at the first surprise"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

type Variables = BTreeMap<String, String>;

/// The binary in this workspace, with a state folder of its own and nothing of the tester's environment.
struct Plasma {
    state: tempfile::TempDir,
}

impl Plasma {
    fn new() -> Self {
        Self {
            state: tempfile::tempdir().unwrap(),
        }
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.state.path())
            .env("LC_ALL", "C.UTF-8")
            .env("PLASMA", env!("CARGO_BIN_EXE_plasma"))
            .env("PLASMA_STATE_DIR", self.state.path().join("state of \"stages\""));
        command
    }

    fn env(&self, arguments: &[&str], process: &[(&str, &str)]) -> Output {
        let mut command = self.command(env!("CARGO_BIN_EXE_plasma"));
        command
            .arg("env")
            .args(arguments)
            .envs(process.iter().copied())
            .output()
            .unwrap()
    }

    /// Standard output of a call that must succeed.
    fn told(&self, arguments: &[&str], process: &[(&str, &str)]) -> String {
        let output = self.env(arguments, process);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", error(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    fn exported(&self, arguments: &[&str]) -> Variables {
        let arguments = [&["export", "--format", "json"], arguments].concat();
        serde_json::from_str(&self.told(&arguments, &[])).unwrap()
    }

    /// What a script prints in a shell in which `$PLASMA` is the binary.
    fn script(&self, shell: &str, arguments: &[&str], script: &str) -> String {
        let path = self.state.path().join("script");
        fs::write(&path, script).unwrap();
        let output = self.command(shell).args(arguments).arg(path).output().unwrap();
        assert!(output.status.success(), "{shell}: {}", error(&output));
        String::from_utf8(output.stdout).unwrap()
    }
}

fn error(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Whether a shell is here; where it must be, it is a failure if it is not.
fn has(shell: &str) -> bool {
    let found = Command::new(shell).arg("--version").output().is_ok();
    if !found && std::env::var("CI").is_ok_and(|ci| ci == "true") {
        panic!("{shell} is not installed, and CI tests everything");
    }
    if !found {
        eprintln!("skipped: {shell} is not installed");
    }
    found
}

#[test]
fn secrets_are_masked_until_they_are_asked_for() {
    let plasma = Plasma::new();
    let revealed = plasma.exported(&["--reveal"]);
    let secret = &revealed["PS_JWT_SECRET"];

    for arguments in [
        &["show"][..],
        &["show", "--json"],
        &["why", "PS_JWT_SECRET"],
        &["why", "PS_JWT_SECRET", "--json"],
        &["export"],
        &["export", "--format", "json"],
    ] {
        assert!(!plasma.told(arguments, &[]).contains(secret), "{arguments:?}");
    }
    let export = plasma.env(&["export"], &[]);
    assert_eq!(
        error(&export),
        "# secrets are left out, --reveal writes them: PS_JWT_SECRET, PS_ADMIN_PASSWORD, FE_SESSION_SECRET\n"
    );
    for arguments in [&["show", "--reveal"][..], &["why", "PS_JWT_SECRET", "--reveal"]] {
        assert!(plasma.told(arguments, &[]).contains(secret), "{arguments:?}");
    }
}

#[test]
fn wrong_input_is_exit_code_2_and_says_what_to_do() {
    let plasma = Plasma::new();
    for (arguments, process, expected) in [
        (&["show", "--stage", "locl"][..], None, "there is no stage `locl`"),
        (
            &["show"],
            Some(("PLASMA_STAGE", "locl")),
            "there is no stage `locl`",
        ),
        (&["show", "--app", "foto"], None, "choose one of: photos"),
        (&["show", "--cluster", "hmle"], None, "did you mean `hmlet`?"),
        (&["why", "PS_DATABSE_URL"], None, "did you mean PS_DATABASE_URL?"),
        (
            &["export", "--format", "toml"],
            None,
            "write dotenv, bash, fish or json",
        ),
        (
            &["export"],
            Some(("PS_MAX_SIDE", "many")),
            "PS_MAX_SIDE: `many` is no whole number",
        ),
        (
            &["export", "--stage", "prod", "--reveal"],
            None,
            "PS_JWT_SECRET: is not set, but required",
        ),
        (
            &["check", "--stage", "stage"],
            Some(("PS_DATABASE_PASSWORD", "postgres")),
            "is a known default",
        ),
    ] {
        let output = plasma.env(arguments, process.as_slice());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(
            error(&output).contains(expected),
            "{arguments:?}: {}",
            error(&output)
        );
        assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{arguments:?}");
    }
}

#[test]
fn a_check_of_all_stages_passes_without_secrets_and_makes_none() {
    let plasma = Plasma::new();
    let told = plasma.told(&["check", "--all-stages"], &[]);
    for stage in ["test", "local", "staging", "production"] {
        assert!(told.contains(stage), "{told}");
    }
    assert!(!plasma.state.path().join("state of \"stages\"").exists());
}

#[test]
fn diff_tells_by_its_exit_code_whether_stages_differ() {
    let plasma = Plasma::new();
    let same = plasma.env(&["diff", "local", "local"], &[]);
    assert_eq!(same.status.code(), Some(0), "{}", error(&same));

    let different = plasma.env(&["diff", "staging", "production", "--json"], &[]);
    assert_eq!(different.status.code(), Some(1), "{}", error(&different));
    let told: serde_json::Value = serde_json::from_slice(&different.stdout).unwrap();
    let names: Vec<_> = told["differences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["name"])
        .collect();
    assert!(names.contains(&&serde_json::json!("PS_PUBLIC_URL")), "{names:?}");
    assert!(!names.contains(&&serde_json::json!("PS_JWT_SECRET")), "{names:?}");
}

#[test]
fn why_tells_the_chain_and_marks_what_holds() {
    let plasma = Plasma::new();
    let told = plasma.told(&["why", "photos.log_format"], &[("PS_LOG_FORMAT", "json")]);
    let lines: Vec<_> = told.lines().collect();
    assert_eq!(lines[0], "PS_LOG_FORMAT of hmlet local (native)");
    assert!(lines[1].starts_with("  envs/hmlet/local.yaml:"), "{told}");
    assert!(lines[2].starts_with("  envs/hmlet/native.yaml:"), "{told}");
    assert!(
        lines[3].starts_with("→ process environment") && lines[3].ends_with("  json"),
        "{told}"
    );
    assert_eq!(lines.len(), 4);
}

#[test]
fn the_stage_is_the_flag_then_the_variable_then_local() {
    let plasma = Plasma::new();
    let first = |arguments: &[&str], process: &[(&str, &str)]| {
        let told = plasma.told(&[&["show"], arguments].concat(), process);
        told.lines().next().unwrap().to_owned()
    };
    let variable = [("PLASMA_STAGE", "stage")];
    assert_eq!(first(&[], &[]), "🐣 hmlet local (native)");
    assert_eq!(first(&[], &variable), "🤖 hmlet staging (cluster)");
    assert_eq!(
        first(&["--stage", "prod"], &variable),
        "🔥 hmlet production (cluster)"
    );
    assert_eq!(
        first(&["--stage", "test", "--target", "cluster"], &variable),
        "🛠️ hmlet test (cluster)"
    );
}

/// Enters a stage in a real shell, looks at production from there, then enters production.
fn production_from_inside(shell: &str, arguments: &[&str], enter: impl Fn(&str) -> String) {
    if !has(shell) {
        return;
    }
    let plasma = Plasma::new();
    let local = plasma.exported(&["--target", "cluster", "--reveal"]);
    let production = plasma.exported(&["--stage", "production"]);

    let inside = enter("--stage local --target cluster --reveal");
    let look = "\"$PLASMA\" env export --format json";
    let told = plasma.script(
        shell,
        arguments,
        &format!("{inside}\n{look} --stage production\n"),
    );
    assert_eq!(serde_json::from_str::<Variables>(&told).unwrap(), production);

    // Without a flag it is the shell's own stage and target.
    let told = plasma.script(shell, arguments, &format!("{inside}\n{look} --reveal\n"));
    assert_eq!(serde_json::from_str::<Variables>(&told).unwrap(), local);

    // What the person changes is theirs.
    let script = format!("{inside}\nenv PS_MAX_SIDE=99 PS_LOG=warn {look} --stage production\n");
    let told: Variables = serde_json::from_str(&plasma.script(shell, arguments, &script)).unwrap();
    assert_eq!(
        (told["PS_MAX_SIDE"].as_str(), told["PS_LOG"].as_str()),
        ("99", "warn")
    );

    // Entering another stage leaves nothing of the first.
    let script = format!("{inside}\n{}\nexec env -0\n", enter("--stage production"));
    let seen: Variables = plasma
        .script(shell, arguments, &script)
        .split('\0')
        .filter_map(|pair| pair.split_once('='))
        .filter(|(name, _)| {
            ["PS_", "FE_", "PLASMA_SHELL_VARS"]
                .iter()
                .any(|begin| name.starts_with(begin))
        })
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    assert_eq!(seen, production);
    assert!(local.contains_key("PS_S3_ENDPOINT") && !production.contains_key("PS_S3_ENDPOINT"));
}

#[test]
fn production_from_inside_a_local_bash_is_production() {
    production_from_inside("bash", &["--noprofile", "--norc"], |flags| {
        format!("eval \"$(\"$PLASMA\" env export --format bash {flags})\"")
    });
}

#[test]
fn production_from_inside_a_local_fish_is_production() {
    production_from_inside("fish", &["--no-config"], |flags| {
        format!("\"$PLASMA\" env export --format fish {flags} | source")
    });
}

#[test]
fn the_reference_can_be_printed() {
    let plasma = Plasma::new();
    assert_eq!(plasma.told(&["docs"], &[]), config::reference());
}
