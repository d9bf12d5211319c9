//! Dependencies that are compiled twice, because one package alone asks for fewer of their features than all together.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};

use crate::{cargo, context::Context};

/// Which dependencies a build of one package compiles with other features than a build of the workspace: the package and
/// their names.
///
/// # Errors
/// When cargo cannot resolve the workspace.
pub(crate) fn compiled_twice(
    context: &Context,
    packages: &[String],
) -> anyhow::Result<Vec<(String, Vec<String>)>> {
    let together = read_features(context, &["--workspace"])?;
    let mut twice = Vec::new();
    for package in packages {
        let alone = read_features(context, &["--package", package])?;
        let differing = differing(&together, &alone);
        if !differing.is_empty() {
            twice.push((package.clone(), differing));
        }
    }
    Ok(twice)
}

fn read_features(context: &Context, selection: &[&str]) -> anyhow::Result<BTreeMap<String, String>> {
    let mut tree = cargo::command(context);
    tree.args([
        "tree",
        "--locked",
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--format",
        "{p} | {f}",
    ])
    .args(selection);
    let output = tree.output().context("cannot start cargo")?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "cargo cannot resolve the dependencies: {}",
        complaint.trim()
    );
    Ok(parse(&String::from_utf8_lossy(&output.stdout)))
}

fn parse(tree: &str) -> BTreeMap<String, String> {
    let mut features = BTreeMap::new();
    for (package, list) in tree.lines().filter_map(|line| line.split_once(" | ")) {
        features.insert(package.to_owned(), list.trim_end_matches("(*)").trim().to_owned());
    }
    features
}

fn differing(together: &BTreeMap<String, String>, alone: &BTreeMap<String, String>) -> Vec<String> {
    let differs =
        |(package, list): &(&String, &String)| together.get(*package).is_some_and(|all| all != *list);
    let name = |package: &String| package.split(' ').next().unwrap_or(package).to_owned();
    alone
        .iter()
        .filter(differs)
        .map(|(package, _)| name(package))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_with_other_features_is_found() {
        let together = parse("serde v1.0.0 | derive,std\nurl v2.5.0 | std\nserde v1.0.0 | derive,std (*)\n");
        let alone = parse("serde v1.0.0 | std\nurl v2.5.0 | std\n");
        assert_eq!(differing(&together, &alone), ["serde"]);
        assert_eq!(differing(&together, &together), [""; 0]);
    }
}
