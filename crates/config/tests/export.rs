//! What is exported is read back by the real shells as exactly the same values.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may stop at the first surprise"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use config::Format;
use proptest::collection::vec;
use proptest::prelude::*;

type Variables = BTreeMap<String, String>;

/// Runs a script in a shell and returns the variables that a program started there sees.
fn seen_by(shell: &str, arguments: &[&str], script: &Path) -> Variables {
    let output = Command::new(shell)
        .args(arguments)
        .arg(script)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", script.parent().unwrap())
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{shell}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let pairs = text.split('\0').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .filter(|(n, _)| n.starts_with("T_"))
        .collect()
}

/// How each shell format is run, with `env -0` as the program that looks.
fn read_back(format: Format, text: &str) -> Variables {
    let folder = tempfile::tempdir().unwrap();
    let export = folder.path().join("export");
    fs::write(&export, text).unwrap();
    let export = export.display();
    let (shell, arguments, script): (_, &[&str], _) = match format {
        Format::Bash => (
            "bash",
            &["--noprofile", "--norc"],
            format!("eval \"$(cat {export})\"\nexec env -0\n"),
        ),
        Format::Dotenv => (
            "bash",
            &["--noprofile", "--norc"],
            format!("set -a\n. {export}\nexec env -0\n"),
        ),
        Format::Fish => (
            "fish",
            &["--no-config"],
            format!("cat {export} | source\nexec env -0\n"),
        ),
        Format::Json => return serde_json::from_str(text).unwrap(),
    };
    let path = folder.path().join("script");
    fs::write(&path, script).unwrap();
    seen_by(shell, arguments, &path)
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

/// Values that have broken one quoting or another.
const HARD: &[&str] = &[
    "",
    " ",
    "it's",
    "'",
    "''",
    "\\",
    "\\'",
    "\\\\",
    "a\\",
    "\"double\"",
    "$HOME ${HOME} $(id) `id`",
    "first\nsecond\n",
    "\n",
    "\ttab\r\n",
    "#tag",
    "!history!",
    "~",
    "*?[a]",
    "emoji 🐣🛠️ 日本語 é",
    "\u{1b}[31mred\u{7f}\u{85}\u{a0}\u{feff}",
    "\u{f600}\u{e000}\u{10fffd}\u{fffd}",
    "mixed ' \" $ ` \\ \n all",
    "-n",
    "a=b",
    "{state}",
];

fn value() -> impl Strategy<Value = String> {
    let tricky = prop::sample::select(vec![
        "'", "\"", "\\", "$", "`", "\n", " ", "#", "!", "🐣", "\r", "a", "(", ")",
    ]);
    prop_oneof![
        3 => vec(tricky, 0..12).prop_map(|parts| parts.concat()),
        2 => vec(any::<char>().prop_filter("no NUL in an environment", |c| *c != '\0'), 0..20)
            .prop_map(String::from_iter),
        1 => prop::sample::select(HARD).prop_map(str::to_owned),
    ]
}

fn named(values: impl IntoIterator<Item = String>) -> Variables {
    values
        .into_iter()
        .enumerate()
        .map(|(index, value)| (format!("T_{index:03}"), value))
        .collect()
}

fn survives(format: Format, variables: &Variables) {
    let text = format.write(variables);
    assert_eq!(&read_back(format, &text), variables, "{}:\n{text}", format.name());
}

#[test]
fn values_that_broke_others_survive_every_format() {
    let variables = named(HARD.iter().map(|value| (*value).to_owned()));
    for format in Format::ALL {
        if format != Format::Fish || has("fish") {
            survives(format, &variables);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_values_survive_bash(values in vec(value(), 1..60)) {
        if has("bash") {
            survives(Format::Bash, &named(values));
        }
    }

    #[test]
    fn any_values_survive_fish(values in vec(value(), 1..60)) {
        if has("fish") {
            survives(Format::Fish, &named(values));
        }
    }

    #[test]
    fn any_values_survive_dotenv_in_a_posix_shell(values in vec(value(), 1..60)) {
        if has("bash") {
            survives(Format::Dotenv, &named(values));
        }
    }

    #[test]
    fn any_values_survive_json(values in vec(value(), 1..60)) {
        survives(Format::Json, &named(values));
    }
}

#[test]
fn plain_values_are_written_as_people_would() {
    let variables = BTreeMap::from([
        ("PS_LISTEN".to_owned(), "127.0.0.1:8080".to_owned()),
        ("PS_LOG".to_owned(), "info, it's me".to_owned()),
    ]);
    insta::assert_snapshot!(
        Format::ALL
            .map(|format| format!("# {}\n{}", format.name(), format.write(&variables)))
            .concat(),
    );
}
