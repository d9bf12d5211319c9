//! `plasma deps lock` and `verify`: another version comes into the lock, and what is here is held against it.

use std::fs;

use super::faulty::{Answer, Faulty};
use super::locked::{Place, archive, program, stderr};
use sha2::{Digest, Sha256};

const KIND: &str = "kind: {version: 0.31.0, url: 'https://kind.example/kind', archive: none";

/// Lays the lock out as the repository's own is.
fn lay_out(place: &Place, sum: &str) -> std::path::PathBuf {
    let path = place.folder.path().join("root/deps/tools.yaml");
    let text = format!(
        "# The tools.\n\ntools:\n  kind:\n    version: 0.31.0  # for Kubernetes 1.34\n    url: https://kind.example/{{version}}/kind-{{os}}-{{arch}}\n    \
         archive: none\n    sha256:\n      linux/amd64: {sum}\n      darwin/arm64: {sum}\n\nimages: {{}}\n"
    );
    fs::write(&path, text).unwrap();
    path
}

fn lock(place: &Place, arguments: &[&str], server: &Faulty) -> std::process::Output {
    let mirror = format!("http://{}", server.address);
    place.command(arguments, &mirror).output().unwrap()
}

#[test]
fn a_new_version_is_downloaded_for_every_platform_and_written_in_place() {
    let place = Place::with(KIND, b"old");
    let path = lay_out(&place, &"0".repeat(64));
    let server = Faulty::serve(program(), [Answer::CutAfter(1000)]);
    let output = lock(&place, &["lock", "kind", "v0.32.0"], &server);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let sum = hex::encode(Sha256::digest(program()));
    let text = fs::read_to_string(&path).unwrap();
    assert!(
        text.starts_with("# The tools.\n\ntools:\n  kind:\n    version: 0.32.0  # for Kubernetes 1.34\n"),
        "{text}"
    );
    assert_eq!(text.matches(&sum).count(), 2, "{text}");
    let paths: Vec<String> = server
        .requests()
        .into_iter()
        .map(|request| request.path)
        .collect();
    assert!(
        paths.contains(&"/kind.example/0.32.0/kind-darwin-arm64".to_owned()),
        "{paths:?}"
    );

    let again = lock(&place, &["lock", "kind"], &server);
    assert_eq!(again.status.code(), Some(0), "{}", stderr(&again));
    assert!(
        stderr(&again).contains("kind 0.32.0 is what deps/tools.yaml says"),
        "{}",
        stderr(&again)
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn a_release_that_changed_is_refused() {
    let place = Place::with(KIND, b"old");
    let path = lay_out(&place, &"0".repeat(64));
    let before = fs::read_to_string(&path).unwrap();
    let output = lock(&place, &["lock", "kind"], &Faulty::serve(program(), []));
    assert_eq!(output.status.code(), Some(3));
    assert!(
        stderr(&output).contains("error: kind 0.31.0 is not what it was"),
        "{}",
        stderr(&output)
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), before);
}

#[test]
fn a_page_is_never_locked() {
    let place = Place::with(KIND, b"old");
    let path = lay_out(&place, &"0".repeat(64));
    let before = fs::read_to_string(&path).unwrap();
    let server = Faulty::serve(program(), vec![Answer::Page; 4]);
    let output = lock(&place, &["lock", "kind", "0.32.0"], &server);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("it is an HTML page"),
        "{}",
        stderr(&output)
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), before);
}

#[test]
fn the_plan_names_every_download_and_a_wrong_version_none() {
    let place = Place::with(KIND, b"old");
    lay_out(&place, &"0".repeat(64));
    let server = Faulty::serve(program(), []);
    let plan = lock(&place, &["lock", "kind", "0.32.0", "--plan"], &server);
    assert_eq!(plan.status.code(), Some(0), "{}", stderr(&plan));
    let text = String::from_utf8(plan.stdout).unwrap();
    insta::assert_snapshot!(text.replace(&server.address.to_string(), "MIRROR"));
    let wrong = lock(&place, &["lock", "kind", "latest"], &server);
    assert_eq!(wrong.status.code(), Some(2));
    assert_eq!(server.requests(), []);
}

#[test]
fn verify_finds_a_program_that_was_altered() {
    let place = Place::with_kind(&program());
    let server = Faulty::serve(program(), []);
    assert_eq!(place.fetch("kind", &server).status.code(), Some(0));
    assert_eq!(verify(&place, "kind").0, "fits");
    let path = place.slot("kind").join("kind");
    fs::write(&path, [program(), b"!".to_vec()].concat()).unwrap();
    let (state, fault) = verify(&place, "kind");
    assert_eq!(state, "wrong");
    assert!(
        fault.contains(&format!("the SHA-256 of {} is", path.display())),
        "{fault}"
    );
}

#[test]
fn verify_looks_into_archives() {
    let packed = archive("linux/helm", &program());
    let helm = "helm: {version: 4.1.4, url: 'https://helm.example/helm', archive: tar.gz, path: 'linux/helm'";
    let place = Place::with(helm, &packed);
    let server = Faulty::serve(packed, []);
    assert_eq!(place.fetch("helm", &server).status.code(), Some(0));
    assert_eq!(verify(&place, "helm").0, "fits");
    fs::write(place.slot("helm").join("helm"), "#!/bin/sh\nrm -rf /\n").unwrap();
    let (state, fault) = verify(&place, "helm");
    assert_eq!(state, "wrong");
    assert!(fault.contains("is not the one in"), "{fault}");
}

/// The state of a tool, and what is wrong with it.
fn verify(place: &Place, tool: &str) -> (String, String) {
    let output = place
        .command(&["verify", "--json"], "")
        .env("TMPDIR", place.folder.path())
        .output()
        .unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let tools = report["tools"].as_array().unwrap();
    let found = tools.iter().find(|found| found["name"] == tool).unwrap();
    let wrong = found["state"] == "wrong";
    assert_eq!(
        output.status.code(),
        Some(i32::from(wrong)),
        "{}",
        stderr(&output)
    );
    (
        found["state"].as_str().unwrap().to_owned(),
        found["fault"].as_str().unwrap_or_default().to_owned(),
    )
}
