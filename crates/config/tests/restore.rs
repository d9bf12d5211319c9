//! Secrets that are found in a cluster come back into the stage's file.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use config::{App, restore_secrets};

fn found(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn restore(folder: &Path, pairs: &[(&str, &str)], all: bool) -> Vec<String> {
    restore_secrets(folder, &[App::by_name("photos").unwrap()], &found(pairs), all).unwrap()
}

#[test]
fn a_lost_file_is_written_from_what_was_found() {
    let state = tempfile::tempdir().unwrap();
    let folder = state.path().join("hmlet/local");
    let written = restore(
        &folder,
        &[
            ("PS_JWT_SECRET", "its 'own'\n\"value\""),
            ("PS_LOG", "debug"),
            ("HOME", "/root"),
        ],
        true,
    );
    assert_eq!(written, ["PS_JWT_SECRET"]);
    let file = folder.join("secrets.yaml");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(r#"jwt_secret: "its 'own'\n\"value\"""#), "{text}");
    assert!(!text.contains("debug"), "{text}");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_kept_file_gets_what_it_lacks_and_the_rest_only_if_all_was_lost() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secrets.yaml");
    fs::write(
        &file,
        "photos:\n  jwt_secret: kept-kept-kept-kept-kept-kept-kept-kept\n  admin_password: own-own-own\n",
    )
    .unwrap();
    let cluster = [
        ("PS_JWT_SECRET", "older-older-older-older-older-older-older"),
        ("PS_DATABASE_PASSWORD", "knows"),
    ];
    assert_eq!(restore(folder.path(), &cluster, false), ["PS_DATABASE_PASSWORD"]);
    let text = fs::read_to_string(&file).unwrap();
    assert!(
        text.contains("kept") && text.contains("knows") && text.contains("own"),
        "{text}"
    );

    assert_eq!(restore(folder.path(), &cluster, true), ["PS_JWT_SECRET"]);
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains("older") && text.contains("own"), "{text}");
    assert!(restore(folder.path(), &cluster, true).is_empty());
}

#[test]
fn a_file_that_is_not_valid_is_kept_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secrets.yaml");
    fs::write(&file, "photos: [").unwrap();
    let photos = [App::by_name("photos").unwrap()];
    let cluster = found(&[("PS_JWT_SECRET", "older")]);
    assert!(restore_secrets(folder.path(), &photos, &cluster, true).is_err());
    assert_eq!(fs::read_to_string(&file).unwrap(), "photos: [");
}
