//! A saved file of the environment, and what the running shell makes of it at the next prompt.

use std::{
    fs::{self, File},
    io::Write,
    process::Command,
    time::{Duration, SystemTime},
};

use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, TestRunner},
};
use rstest::rstest;

use crate::{
    LOCAL,
    house::{House, Terminal, has},
};

const STAGE: &str = "envs/hmlet/local.yaml";
const NATIVE: &str = "envs/hmlet/native.yaml";

/// How a shell's language says these things.
fn set(shell: &str, name: &str, value: &str) -> String {
    match shell {
        "fish" => format!("set -gx {name} {value}"),
        _ => format!("export {name}={value}"),
    }
}

fn unset(shell: &str, name: &str) -> String {
    match shell {
        "fish" => format!("set -e {name}"),
        _ => format!("unset {name}"),
    }
}

#[rstest]
fn variables_change_come_and_go(#[values("bash", "zsh", "fish")] shell: &str) {
    if !has(shell) {
        return;
    }
    let house = House::new();
    let mut terminal = house.open(shell, &[], LOCAL);
    house.change(
        STAGE,
        &[
            ("sweep_every: 60s", "sweep_every: 61s\n  max_side: 9000"),
            ("  registration: open\n", ""),
        ],
    );
    terminal.next_prompt();
    terminal.sees("🐣 reloaded: PS_SWEEP_EVERY +PS_MAX_SIDE -PS_REGISTRATION");
    let stage = terminal.stage();
    assert_eq!(
        (stage["PS_SWEEP_EVERY"].as_str(), stage["PS_MAX_SIDE"].as_str()),
        ("61s", "9000")
    );
    assert!(!stage.contains_key("PS_REGISTRATION"));
    assert_eq!(stage, house.exported(&[]));
    terminal.leave("exit");
}

#[rstest]
fn every_way_to_save_a_file_is_noticed(#[values("bash", "zsh", "fish")] shell: &str) {
    if !has(shell) {
        return;
    }
    let house = House::new();
    let mut terminal = house.open(shell, &[], LOCAL);
    let expect = |terminal: &mut Terminal, what: &str| {
        terminal.next_prompt();
        assert_eq!(terminal.stage(), house.exported(&[]), "{what}");
    };
    for seconds in 61..64 {
        let text = house.read(STAGE);
        let old = text.lines().find(|line| line.contains("sweep_every")).unwrap();
        let text = text.replace(old, &format!("  sweep_every: {seconds}s"));
        fs::write(house.root().join(STAGE), text).unwrap();
        expect(&mut terminal, "written within the same second");
    }
    let path = house.root().join(STAGE);
    let beside = path.with_extension("new");
    fs::write(&beside, house.read(STAGE).replace("63s", "64s")).unwrap();
    fs::rename(&beside, &path).unwrap();
    expect(&mut terminal, "replaced by another file");
    fs::write(&beside, house.read(STAGE).replace("64s", "65s")).unwrap();
    let long_ago = SystemTime::now() - Duration::from_secs(86_400);
    File::options()
        .write(true)
        .open(&beside)
        .unwrap()
        .set_modified(long_ago)
        .unwrap();
    fs::rename(&beside, &path).unwrap();
    expect(&mut terminal, "replaced by an older file");
    let native = house.read(NATIVE);
    house.write(NATIVE, &native.replace("log_format: text", "log_format: json"));
    expect(&mut terminal, "the file of the target");
    house.change(
        "envs/hmlet/comm.yaml",
        &[("photos:\n", "photos:\n  max_side: 9999\n")],
    );
    expect(&mut terminal, "the common file");
    fs::remove_file(house.root().join(".plasma/hmlet/local/secrets.yaml")).unwrap();
    expect(&mut terminal, "secrets that were lost and are made anew");
    let before = house.exported(&[]);
    fs::remove_file(house.root().join(NATIVE)).unwrap();
    terminal.next_prompt();
    assert_eq!(
        terminal.stage(),
        before,
        "a file that is not there changes nothing"
    );
    house.write(NATIVE, &native);
    expect(&mut terminal, "there again");
    terminal.leave("exit");
}

#[rstest]
fn what_the_person_changed_stays_theirs(#[values("bash", "zsh", "fish")] shell: &str) {
    if !has(shell) {
        return;
    }
    let house = House::new();
    let mut terminal = house.open(shell, &[], LOCAL);
    terminal.run(&set(shell, "PS_LOG", "mine=trace"));
    terminal.run(&set(shell, "PS_MAX_SIDE", "77"));
    terminal.run(&unset(shell, "PS_REGISTRATION"));
    house.change(
        STAGE,
        &[
            ("log: info,photos=debug", "log: warn"),
            ("sweep_every: 60s", "sweep_every: 61s"),
        ],
    );
    terminal.next_prompt();
    terminal.sees("🐣 reloaded: PS_SWEEP_EVERY\r");
    let stage = terminal.stage();
    assert_eq!(
        (stage["PS_LOG"].as_str(), stage["PS_MAX_SIDE"].as_str()),
        ("mine=trace", "77")
    );
    assert!(!stage.contains_key("PS_REGISTRATION"));
    // Given back, it is the stage's again with the next change.
    terminal.run(&unset(shell, "PS_LOG"));
    house.change(STAGE, &[("sweep_every: 61s", "sweep_every: 62s")]);
    terminal.next_prompt();
    assert_eq!(terminal.stage()["PS_LOG"], "warn");
    house.change(STAGE, &[("registration: open", "registration: closed")]);
    terminal.next_prompt();
    assert_eq!(terminal.stage()["PS_REGISTRATION"], "closed");
    terminal.leave("exit");
}

#[rstest]
fn a_wrong_file_is_explained_once_and_changes_nothing(#[values("bash", "zsh", "fish")] shell: &str) {
    if !has(shell) {
        return;
    }
    let house = House::new();
    let mut terminal = house.open(shell, &[], LOCAL);
    let before = terminal.stage();
    house.change(
        STAGE,
        &[
            ("sweep_every: 60s", "sweep_every: soon"),
            ("log: info,photos=debug", "log: warn"),
        ],
    );
    for _ in 0..3 {
        terminal.next_prompt();
    }
    assert_eq!(terminal.stage(), before);
    let text = terminal.text();
    assert_eq!(text.matches('❌').count(), 1, "{text}");
    assert!(
        text.contains("envs/hmlet/local.yaml:9:16: photos.sweep_every: `soon`"),
        "{text}"
    );
    assert!(text.contains("keeps its old values"), "{text}");

    house.change(
        STAGE,
        &[
            ("log: warn", "log: info,photos=debug"),
            ("sweep_every: soon", "sweep_every: 60s"),
        ],
    );
    terminal.next_prompt();
    terminal.sees("🐣 the environment is right again; nothing has changed");
    assert_eq!(terminal.stage(), before);
    terminal.leave("exit");
}

#[test]
fn a_wrong_cluster_file_is_explained_once_as_well() {
    let house = House::new();
    let mut terminal = house.open("bash", &[], LOCAL);
    house.change("clusters/hmlet/cluster.yaml", &[("code: ht", "cod: ht")]);
    for _ in 0..3 {
        terminal.next_prompt();
    }
    terminal.env();
    let text = terminal.text();
    assert_eq!(text.matches('❌').count(), 1, "{text}");
    assert!(text.contains("did you mean `code`?"), "{text}");
    terminal.leave("exit");
}

#[rstest]
fn a_slow_reload_shows_an_hourglass(#[values("bash", "zsh", "fish")] shell: &str) {
    if !has(shell) {
        return;
    }
    let house = House::new();
    let mut terminal = house.open(shell, &[], LOCAL);
    let (path, text) = (house.root().join(STAGE), house.read(STAGE).replace("60s", "61s"));
    // A file that gives nothing until somebody writes into it.
    fs::remove_file(&path).unwrap();
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    terminal.type_line("");
    terminal.sees("⏳ reading the environment of the stage again");
    let mut slow = File::options().write(true).open(&path).unwrap();
    fs::remove_file(&path).unwrap();
    fs::write(&path, &text).unwrap();
    slow.write_all(text.as_bytes()).unwrap();
    drop(slow);
    terminal.sees("🐣 reloaded: PS_SWEEP_EVERY");
    assert_eq!(terminal.stage()["PS_SWEEP_EVERY"], "61s");
    terminal.leave("exit");
}

#[rstest]
fn a_folder_that_disappears_does_not_stop_a_reload(#[values("bash", "zsh", "fish")] shell: &str) {
    if !has(shell) {
        return;
    }
    let house = House::new();
    let mut terminal = house.open(shell, &[], LOCAL);
    let gone = house.out().join("gone");
    fs::create_dir(&gone).unwrap();
    terminal.run("cd $OUT/gone");
    fs::remove_dir(&gone).unwrap();
    house.change(STAGE, &[("sweep_every: 60s", "sweep_every: 61s")]);
    terminal.next_prompt();
    assert_eq!(terminal.env()["PS_SWEEP_EVERY"], "61s");
    // Nor does a state folder that somebody deleted under the shell.
    terminal.eventually("the state folder gone", || fs::remove_dir_all(house.state()).ok());
    terminal.next_prompt();
    terminal.run("cd /");
    assert_eq!(terminal.stage(), house.exported(&[]));
    terminal.leave("exit");
    assert!(house.sessions().is_empty());
}

#[test]
fn without_a_change_no_process_is_started() {
    for shell in ["bash", "zsh", "fish"] {
        if !has(shell) {
            continue;
        }
        let house = House::new();
        let mut terminal = house.open(shell, &[], LOCAL);
        // What would be started in its place says so.
        let plasma = house.out().join("plasma");
        fs::write(&plasma, "#!/bin/sh\ntouch \"$OUT/started\"\n").unwrap();
        assert!(
            Command::new("chmod")
                .arg("+x")
                .arg(&plasma)
                .status()
                .unwrap()
                .success()
        );
        terminal.run(&match shell {
            "fish" => "set -g _plasma_program $OUT/plasma".to_owned(),
            _ => "_plasma_program=$OUT/plasma".to_owned(),
        });
        for _ in 0..3 {
            terminal.next_prompt();
        }
        let started = house.out().join("started");
        assert!(!started.exists(), "{shell}");
        house.change(STAGE, &[("sweep_every: 60s", "sweep_every: 61s")]);
        terminal.next_prompt();
        terminal.eventually("started", || started.exists().then_some(()));
        terminal.leave("exit");
    }
}

/// Secrets may hold any text, which YAML does not limit; they must be long enough.
fn secret() -> impl Strategy<Value = String> {
    let tricky = prop::sample::select(vec![
        "'", "\"", "\\", "$", "`", "\n", " ", "#", "!", "🐣", "\t", "a", "(", "%", ";",
    ]);
    prop_oneof![
        vec(tricky, 32..64).prop_map(|parts| parts.concat()),
        "[ -~\u{a1}-\u{2ff}]{32,64}",
    ]
}

/// What `env export` would give is what the shell has, whatever the values are.
#[rstest]
fn any_value_survives_a_reload(#[values("bash", "zsh", "fish")] shell: &str) {
    if !has(shell) {
        return;
    }
    let house = House::new();
    let mut terminal = house.open(shell, &[], LOCAL);
    let mut runner = TestRunner::new(Config {
        cases: 8,
        failure_persistence: None,
        ..Config::default()
    });
    let terminal = std::cell::RefCell::new(&mut terminal);
    let outcome = runner.run(&(secret(), secret()), |(jwt, password)| {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        house.write(
            ".plasma/hmlet/local/secrets.yaml",
            &format!(
                "photos:\n  jwt_secret: {}\n  admin_password: {}\n",
                quoted(&jwt),
                quoted(&password)
            ),
        );
        let mut terminal = terminal.borrow_mut();
        terminal.next_prompt();
        let stage = terminal.stage();
        prop_assert_eq!(&stage["PS_JWT_SECRET"], &jwt);
        prop_assert_eq!(stage, house.exported(&[]));
        Ok(())
    });
    outcome.unwrap();
}
