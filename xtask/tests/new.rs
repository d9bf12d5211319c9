//! `new` before it does anything: its plans.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod files;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use assert_cmd::Command;

use files::copy;

/// A workspace with what `new` reads and changes.
fn workspace() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for place in ["clusters/hmlet", "envs/hmlet", "crates/config/src", "doc"] {
        copy(&own.join(place), &folder.path().join(place));
    }
    fs::create_dir(folder.path().join("xtask")).unwrap();
    for file in ["Cargo.toml", "xtask/Cargo.toml"] {
        fs::write(folder.path().join(file), "").unwrap();
    }
    folder
}

/// Every file, and its content.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            let content = fs::read(&path).unwrap();
            all.insert(path, content);
        }
    }
    all
}

fn plan(arguments: &[&str]) -> String {
    let workspace = workspace();
    let before = files(workspace.path());
    let run = Command::new(env!("CARGO_BIN_EXE_plasma"))
        .args(arguments)
        .arg("--plan")
        .current_dir(workspace.path())
        .env_clear()
        .env("HOME", workspace.path())
        .assert()
        .success();
    assert!(files(workspace.path()) == before, "it changed something");
    String::from_utf8(run.get_output().stdout.clone()).unwrap()
}

#[test]
fn the_plan_of_a_new_cluster_names_every_file_and_touches_nothing() {
    insta::assert_snapshot!(plan(&["new", "cluster", "rivertown", "--app", "rent-roll"]));
}

#[test]
fn the_plan_of_a_new_app_names_every_file_and_touches_nothing() {
    insta::assert_snapshot!(plan(&["new", "app", "albums"]));
}
