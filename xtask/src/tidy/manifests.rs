//! Rules for every package: who imports whom, one version of everything, and the lints of the workspace.

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

use super::{
    Fault, Tree,
    map::{Map, PAGE},
};

/// The sections in which a package names what it needs. Tests may import more than the code.
const SECTIONS: [&str; 3] = ["dependencies", "build-dependencies", "dev-dependencies"];

/// Lints of the workspace.
const LINTS: [(&str, &str); 9] = [
    ("rust", "missing_docs"),
    ("rust", "unreachable_pub"),
    ("rust", "unsafe_code"),
    ("clippy", "dbg_macro"),
    ("clippy", "expect_used"),
    ("clippy", "panic"),
    ("clippy", "todo"),
    ("clippy", "unimplemented"),
    ("clippy", "unwrap_used"),
];

struct Manifest<'a> {
    file: &'a str,
    /// The folder of the package.
    folder: &'a str,
    table: Table,
}

/// The names of the packages.
pub(super) fn packages(tree: &Tree) -> Vec<String> {
    manifests(tree)
        .0
        .iter()
        .filter_map(Manifest::name)
        .map(str::to_owned)
        .collect()
}

/// A package imports only the workspace packages that the map allows.
pub(super) fn check_imports(tree: &Tree, map: &Map) -> Vec<Fault> {
    let (manifests, mut faults) = manifests(tree);
    let members: BTreeSet<&str> = manifests.iter().filter_map(Manifest::name).collect();
    let renamed = renamed(tree);
    for manifest in &manifests {
        let allowed = map.imports(manifest.folder);
        for section in ["dependencies", "build-dependencies"] {
            for (name, value) in manifest.section(section) {
                let own = value.get("package").and_then(Value::as_str);
                let package = own.or(renamed.get(name).map(String::as_str)).unwrap_or(name);
                if members.contains(package) && !allowed.contains(&package) {
                    let message = format!("imports `{package}`, which the map of {PAGE} does not allow");
                    faults.push(Fault::file(manifest.file, message));
                }
                if map.strangers(manifest.folder).any(|stranger| stranger == package) {
                    let message = format!("imports `{package}`, of which it knows nothing, says {PAGE}");
                    faults.push(Fault::file(manifest.file, message));
                }
            }
        }
    }
    faults
}

/// A package takes its dependencies and its lints from the workspace.
pub(super) fn check_inheritance(tree: &Tree) -> Vec<Fault> {
    let (manifests, _) = manifests(tree);
    let mut faults = Vec::new();
    for manifest in &manifests {
        if !manifest.table.get("lints").is_some_and(inherited) {
            faults.push(Fault::file(manifest.file, "must have `[lints] workspace = true`"));
        }
        for section in SECTIONS {
            for (name, value) in manifest.section(section) {
                if !inherited(value) {
                    let message = format!("`{name}` must come from the workspace: `{name}.workspace = true`");
                    faults.push(Fault::file(manifest.file, message));
                }
            }
        }
    }
    faults
}

/// The lints that the packages inherit are those that the conventions stand on.
pub(super) fn check_lints(tree: &Tree) -> Vec<Fault> {
    const FILE: &str = "Cargo.toml";
    let Ok(table) = tree.text(FILE).parse::<Table>() else {
        return vec![Fault::file(FILE, "is no TOML")];
    };
    let set = |tool: &str, lint: &str| {
        let lints = table.get("workspace")?.get("lints")?.get(tool)?;
        lints.get(lint)?.as_str().filter(|level| *level != "allow")
    };
    LINTS
        .iter()
        .filter(|(tool, lint)| set(tool, lint).is_none())
        .map(|(tool, lint)| Fault::file(FILE, format!("must set `{lint}` in [workspace.lints.{tool}]")))
        .collect()
}

impl Manifest<'_> {
    fn name(&self) -> Option<&str> {
        self.table.get("package")?.get("name")?.as_str()
    }

    /// The dependencies of a section, also those for some targets only.
    fn section(&self, name: &str) -> impl Iterator<Item = (&String, &Value)> {
        let targets = self.table.get("target").and_then(Value::as_table);
        let targets = targets.into_iter().flatten();
        let conditional = targets.filter_map(move |(_, target)| target.get(name));
        let sections = self.table.get(name).into_iter().chain(conditional);
        sections.filter_map(Value::as_table).flatten()
    }
}

/// The workspace's dependencies that have another name than their package, with the package's.
fn renamed(tree: &Tree) -> BTreeMap<String, String> {
    let root = tree.text("Cargo.toml").parse::<Table>().unwrap_or_default();
    let dependencies = root
        .get("workspace")
        .and_then(|workspace| workspace.get("dependencies"));
    let dependencies = dependencies.and_then(Value::as_table).into_iter().flatten();
    dependencies
        .filter_map(|(name, value)| Some((name.clone(), value.get("package")?.as_str()?.to_owned())))
        .collect()
}

fn inherited(value: &Value) -> bool {
    value.get("workspace").and_then(Value::as_bool) == Some(true)
}

/// The manifests of the packages, without that of the workspace.
fn manifests(tree: &Tree) -> (Vec<Manifest<'_>>, Vec<Fault>) {
    let (mut manifests, mut faults) = (Vec::new(), Vec::new());
    for (file, text) in &tree.files {
        let Some(folder) = file.strip_suffix("/Cargo.toml") else {
            continue;
        };
        match text.parse::<Table>() {
            Ok(table) => manifests.push(Manifest { file, folder, table }),
            Err(error) => faults.push(Fault::file(file, error.message())),
        }
    }
    (manifests, faults)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    const GOOD: &str = "\
[package]\nname = \"photos\"\n[lints]\nworkspace = true
[dependencies]\nserde.workspace = true\nconfig = { workspace = true, features = [] }
[dev-dependencies]\nphotos-client.workspace = true\n";
    const MAP: &str = "\
| place | what | may import |\n|---|---|---|\n| `crates/photos` | | `config` |\n
| module | owns |\n|---|---|\n| `db/` | |\n
| package | never imports |\n|---|---|\n| `crates/config` | `tokio`, `diesel` |\n";

    fn with(photos: &str) -> Tree {
        Tree::of([
            ("Cargo.toml", "[workspace]\n"),
            (
                "crates/config/Cargo.toml",
                "[package]\nname = \"config\"\n[lints]\nworkspace = true\n",
            ),
            (
                "crates/photos-client/Cargo.toml",
                "[package]\nname = \"photos-client\"\n[lints]\nworkspace = true\n",
            ),
            ("crates/photos/Cargo.toml", photos),
        ])
    }

    #[test]
    fn a_lint_that_is_gone_or_allowed_is_found() {
        let mut text = String::from("[workspace.lints.rust]\n");
        for (tool, lint) in LINTS {
            if tool == "clippy" && !text.contains("clippy") {
                text.push_str("[workspace.lints.clippy]\n");
            }
            text.push_str(&format!("{lint} = \"deny\"\n"));
        }
        assert_eq!(check_lints(&Tree::of([("Cargo.toml", &text)])), []);
        let without = text
            .replace("missing_docs = \"deny\"\n", "")
            .replace("todo = \"deny\"", "todo = \"allow\"");
        let faults = check_lints(&Tree::of([("Cargo.toml", &without)]));
        let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "Cargo.toml: must set `missing_docs` in [workspace.lints.rust]",
                "Cargo.toml: must set `todo` in [workspace.lints.clippy]",
            ]
        );
    }

    #[test]
    fn a_package_that_keeps_the_rules_is_fine() {
        let tree = with(GOOD);
        assert_eq!(check_imports(&tree, &Map::parse(MAP).unwrap()), []);
        assert_eq!(check_inheritance(&tree), []);
    }

    #[test]
    fn an_import_for_one_target_or_under_another_name_is_found() {
        let map = Map::parse(MAP).unwrap();
        let found = |tree: &Tree| -> Vec<String> {
            let faults = check_imports(tree, &map)
                .into_iter()
                .chain(check_inheritance(tree));
            faults.map(|fault| fault.message).collect()
        };
        let conditional =
            "[target.'cfg(unix)'.dependencies]\nphotos-client.workspace = true\nanyhow = \"1\"\n";
        let faults = found(&with(&format!("{GOOD}{conditional}")));
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(faults[0].contains("imports `photos-client`"), "{faults:?}");
        assert!(
            faults[1].contains("`anyhow` must come from the workspace"),
            "{faults:?}"
        );

        let mut tree = with(&GOOD.replace("serde.", "courier."));
        let root = "[workspace.dependencies]\ncourier = { path = \"crates/photos-client\", package = \"photos-client\" }\n";
        tree.files.insert("Cargo.toml".to_owned(), root.to_owned());
        let faults = found(&tree);
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].contains("imports `photos-client`"), "{faults:?}");
    }

    #[test]
    fn a_library_outside_of_its_layer_is_found() {
        let mut tree = with(GOOD);
        let config = "[package]\nname = \"config\"\n[lints]\nworkspace = true\n[dependencies]\ndiesel.workspace = true\n";
        tree.files
            .insert("crates/config/Cargo.toml".to_owned(), config.to_owned());
        let faults = check_imports(&tree, &Map::parse(MAP).unwrap());
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(
            faults[0]
                .message
                .contains("imports `diesel`, of which it knows nothing"),
            "{faults:?}"
        );
    }

    #[test]
    fn an_import_against_the_layers_is_found() {
        let tree = with(&GOOD.replace("serde", "photos-client"));
        let faults = check_imports(&tree, &Map::parse(MAP).unwrap());
        assert_eq!(faults.len(), 1);
        assert!(
            faults[0].message.contains("imports `photos-client`"),
            "{faults:?}"
        );
    }

    #[test]
    fn own_versions_and_missing_lints_are_found() {
        let tree = with(
            &GOOD
                .replace("serde.workspace = true", "serde = \"1\"")
                .replace("[lints]", "[lint]"),
        );
        let messages: Vec<String> = check_inheritance(&tree)
            .into_iter()
            .map(|fault| fault.message)
            .collect();
        assert_eq!(
            messages,
            [
                "must have `[lints] workspace = true`",
                "`serde` must come from the workspace: `serde.workspace = true`"
            ]
        );
    }

    #[test]
    fn a_manifest_that_is_no_toml_is_found() {
        assert_eq!(
            check_imports(&with("[package"), &Map::parse(MAP).unwrap()).len(),
            1
        );
    }
}
