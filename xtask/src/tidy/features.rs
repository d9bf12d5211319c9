//! Dependencies that are compiled twice, because one package alone asks for fewer of their features than all together.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, ensure};

use super::Fault;
use crate::{cargo, context::Context};

/// The package that people build alone, by `cargo xtask`.
const ALONE: &str = "plasma";

/// What is compiled anew beside a build of the workspace with its tests.
#[derive(Default)]
pub(crate) struct Anew {
    /// By `cargo xtask`, and by a build of all programs.
    pub(crate) faults: Vec<Fault>,
    /// By a build of another package alone: the package, and the names of the dependencies.
    pub(crate) remarks: Vec<(String, Vec<String>)>,
}

/// Compares the features of dependencies.
///
/// # Errors
/// When cargo cannot resolve the workspace.
pub(crate) fn check(context: &Context, packages: &[String]) -> anyhow::Result<Anew> {
    let together = read_features(context, &["--workspace", "--edges", "normal,build,dev"])?;
    let twice = |selection: &[&str]| {
        let alone = read_features(context, &[selection, &["--edges", "normal,build"]].concat())?;
        anyhow::Ok(differing(&together, &alone))
    };
    let refusal = |file: &str, who: &str, names: &[String]| {
        let message = format!(
            "{who} compiles with other features than the tests: {}; name those features here too",
            names.join(" ")
        );
        Fault::file(file, message)
    };
    let mut anew = Anew::default();
    let programs = twice(&["--workspace"])?;
    if !programs.is_empty() {
        anew.faults
            .push(refusal("Cargo.toml", "a build without tests", &programs));
    }
    for package in packages {
        let names = twice(&["--package", package])?;
        match (names.is_empty(), package == ALONE) {
            (true, _) => {}
            (false, true) => anew
                .faults
                .push(refusal("xtask/Cargo.toml", "`cargo xtask`", &names)),
            (false, false) => anew.remarks.push((package.clone(), names)),
        }
    }
    Ok(anew)
}

/// The features of each package, once for every set of them: what runs in the build has a set of its own.
type Features = BTreeMap<String, BTreeSet<String>>;

fn read_features(context: &Context, selection: &[&str]) -> anyhow::Result<Features> {
    let mut tree = cargo::command(context);
    tree.args(["tree", "--locked", "--prefix", "none", "--format", "{p} | {f}"])
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

fn parse(tree: &str) -> Features {
    let mut features = Features::new();
    for (package, list) in tree.lines().filter_map(|line| line.split_once(" | ")) {
        let list = list.trim_end_matches("(*)").trim().to_owned();
        features.entry(package.to_owned()).or_default().insert(list);
    }
    features
}

fn differing(together: &Features, alone: &Features) -> Vec<String> {
    let differs = |(package, lists): &(&String, &BTreeSet<String>)| {
        together.get(*package).is_some_and(|all| !lists.is_subset(all))
    };
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
