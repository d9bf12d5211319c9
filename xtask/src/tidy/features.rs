//! Dependencies that are compiled twice, because one package alone asks for fewer of their features than all together.

use std::{collections::BTreeMap, path::Path};

use anyhow::Context as _;
use xshell::{Shell, cmd};

/// Which dependencies a build of one package compiles with other features than a build of the workspace: the package and
/// their names.
///
/// # Errors
/// When cargo cannot resolve the workspace.
pub(crate) fn compiled_twice(root: &Path, packages: &[String]) -> anyhow::Result<Vec<(String, Vec<String>)>> {
    let shell = Shell::new()?;
    shell.change_dir(root);
    let together = read_features(&shell, &["--workspace"])?;
    let mut twice = Vec::new();
    for package in packages {
        let alone = read_features(&shell, &["--package", package])?;
        let differing = differing(&together, &alone);
        if !differing.is_empty() {
            twice.push((package.clone(), differing));
        }
    }
    Ok(twice)
}

fn read_features(shell: &Shell, selection: &[&str]) -> anyhow::Result<BTreeMap<String, String>> {
    let tree = cmd!(
        shell,
        "cargo tree --locked {selection...} --edges normal --prefix none --format {FORMAT}"
    );
    Ok(parse(
        &tree
            .quiet()
            .ignore_stderr()
            .read()
            .context("cargo cannot resolve the dependencies")?,
    ))
}

const FORMAT: &str = "{p} | {f}";

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
