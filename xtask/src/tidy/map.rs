//! The map of `doc/architecture.md`: which place holds what and may import whom, read from the page's tables.

use super::{Fault, Tree};

/// The page with the tables.
pub(super) const PAGE: &str = "doc/architecture.md";

/// The tables: `place | what | may import` for the house, `package | never imports`, and `module | …` for the inside of
/// the service.
#[derive(Debug)]
pub(super) struct Map {
    places: Vec<Place>,
    modules: Vec<Module>,
    /// The folder of a package, and the libraries that it never imports.
    strangers: Vec<(String, Vec<String>)>,
}

#[derive(Debug)]
struct Module {
    /// `db`, `app.rs`.
    name: String,
    /// What it knows nothing of, as the page says it: `SQL`.
    unknown: Vec<String>,
}

#[derive(Debug)]
struct Place {
    /// From the root, without a slash at the end; a part in `<…>` stands for any name, a `*` at the end for any file.
    path: String,
    imports: Vec<String>,
}

const SERVICE: &str = "crates/photos/src/";

/// What lies in the root because people or programs look for it there.
const ROOT: [&str; 11] = [
    ".gitignore",
    ".gitlab-ci.yml",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "deny.toml",
    "rust-toolchain.toml",
    "rustfmt.toml",
];

/// What a module says in code if it knows of a thing.
const WORDS: [(&str, &[&str]); 4] = [
    ("HTTP", &["actix_web", "crate::http"]),
    ("SQL", &["diesel"]),
    ("the store", &["crate::store"]),
    ("routes", &["crate::http"]),
];

impl Map {
    /// Reads the tables: rows whose first cell is one path in backticks.
    pub(super) fn parse(page: &str) -> Result<Self, String> {
        let mut map = Self {
            places: Vec::new(),
            modules: Vec::new(),
            strangers: Vec::new(),
        };
        let mut heading = String::new();
        for line in page.lines() {
            let cells: Vec<&str> = line.trim().trim_matches('|').split('|').map(str::trim).collect();
            if !line.starts_with('|') {
                heading.clear();
            } else if heading.is_empty() {
                heading = cells[0].to_owned();
            } else if let [path] = quoted(cells[0]).as_slice() {
                let path = path.trim_end_matches('/').to_owned();
                match heading.as_str() {
                    "place" => map.places.push(Place {
                        path,
                        imports: quoted(cells.get(2).unwrap_or(&"")),
                    }),
                    "package" => {
                        let strangers = quoted(cells.get(1).unwrap_or(&""));
                        map.strangers.push((path, strangers));
                    }
                    "module" => map.modules.push(Module {
                        name: path,
                        unknown: cells
                            .get(2)
                            .unwrap_or(&"")
                            .split(", ")
                            .map(str::to_owned)
                            .collect(),
                    }),
                    _ => {}
                }
            }
        }
        if map.places.is_empty() || map.modules.is_empty() || map.strangers.is_empty() {
            return Err(
                "has no table that begins with `place`, none with `package`, or none with `module`"
                    .to_owned(),
            );
        }
        Ok(map)
    }

    /// The workspace packages that the package in this folder may import: those of every place in it.
    pub(super) fn imports(&self, folder: &str) -> Vec<&str> {
        let inside = |place: &&Place| place.path == folder || place.path.starts_with(&format!("{folder}/"));
        self.places
            .iter()
            .filter(inside)
            .flat_map(|place| &place.imports)
            .map(String::as_str)
            .collect()
    }

    /// The libraries that the package in this folder never imports.
    pub(super) fn strangers(&self, folder: &str) -> impl Iterator<Item = &str> {
        let own = self.strangers.iter().filter(move |(of, _)| of == folder);
        own.flat_map(|(_, strangers)| strangers).map(String::as_str)
    }

    /// The module of a file or folder right inside the service.
    fn module(&self, name: &str) -> Option<&Module> {
        self.modules
            .iter()
            .find(|known| known.name == name || format!("{}.rs", known.name) == name)
    }

    fn owns(&self, file: &str) -> bool {
        self.places.iter().any(|place| {
            let mut parts = file.split('/');
            let fits = place.path.split('/').all(|expected| {
                let any = expected == "*" || (expected.starts_with('<') && expected.ends_with('>'));
                parts.next().is_some_and(|part| any || part == expected)
            });
            let deeper = parts.next().is_some();
            fits && deeper != place.path.ends_with('*')
        })
    }
}

/// Every file lies in a place of the map or is one of the root's, and everything inside the service in one of its modules.
pub(super) fn check_owners(tree: &Tree, map: &Map) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in tree.files.keys() {
        let owned = if file.contains('/') {
            map.owns(file)
        } else {
            ROOT.contains(&file.as_str())
        };
        if !owned {
            faults.push(Fault::file(file, format!("has no place in the map of {PAGE}")));
        }
        let Some(inside) = file.strip_prefix(SERVICE) else {
            continue;
        };
        let module = inside.split('/').next().unwrap_or(inside);
        if !matches!(module, "main.rs" | "lib.rs") && map.module(module).is_none() {
            faults.push(Fault::file(
                file,
                format!("the module `{module}` is not in the service's table of {PAGE}"),
            ));
        }
    }
    faults
}

/// A module of the service does not speak of what it knows nothing of. What its tests say is their affair.
pub(super) fn check_ignorance(tree: &Tree, map: &Map) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (file, text) in tree.rust_files() {
        let Some(inside) = file.strip_prefix(SERVICE) else {
            continue;
        };
        let Some(module) = map.module(inside.split('/').next().unwrap_or(inside)) else {
            continue;
        };
        let unknown = WORDS
            .iter()
            .filter(|(thing, _)| module.unknown.iter().any(|unknown| unknown == thing));
        for (thing, paths) in unknown {
            for (n, line) in text.lines().enumerate() {
                if line.trim() == "#[cfg(test)]" {
                    break;
                }
                let code = line.split("//").next().unwrap_or(line);
                if let Some(path) = paths.iter().find(|path| code.contains(*path)) {
                    let message = format!(
                        "names `{path}`, but {} knows nothing of {thing}, says {PAGE}",
                        module.name
                    );
                    faults.push(Fault::line(file, n + 1, message));
                }
            }
        }
    }
    faults
}

fn quoted(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    const PAGE: &str = "\
| place | what | may import |
|---|---|---|
| `xtask/src/commands/` | commands | `config` |
| `xtask/src/native/` | `up` | `photos-client` |
| `crates/photos` | the service | `config` |
| `envs/<cluster>/` | layers | |
| `xtask/src/*` | the start | |

| module | owns | knows nothing of |
|---|---|---|
| `db/` | rows | HTTP, the store |
| `app.rs` | the app | |

| package | never imports |
|---|---|
| `crates/imaging` | `tokio` |
";

    #[test]
    fn files_on_the_map_are_fine() {
        let map = Map::parse(PAGE).unwrap();
        let files = [
            "Cargo.toml",
            "envs/hmlet/local.yaml",
            "crates/photos/src/db/mod.rs",
            "crates/photos/src/main.rs",
        ];
        assert_eq!(check_owners(&Tree::of(files.map(|file| (file, ""))), &map), []);
    }

    #[test]
    fn a_file_off_the_map_and_an_unknown_module_are_found() {
        let map = Map::parse(PAGE).unwrap();
        let tree = Tree::of([
            ("scripts/deploy.sh", ""),
            ("notes.txt", ""),
            ("envs/local.yaml", ""),
            ("crates/photos/src/utils.rs", ""),
        ]);
        let files: Vec<String> = check_owners(&tree, &map)
            .into_iter()
            .map(|fault| fault.file)
            .collect();
        assert_eq!(
            files,
            [
                "crates/photos/src/utils.rs",
                "envs/local.yaml",
                "notes.txt",
                "scripts/deploy.sh"
            ]
        );
    }

    #[test]
    fn a_module_that_knows_what_it_must_not_is_found() {
        let map = Map::parse(PAGE).unwrap();
        let text = "//! Says nothing to crate::http.\nuse diesel::prelude::*;\nuse crate::store::Key;\n\
            fn f(request: actix_web::HttpRequest) {}\n#[cfg(test)]\nuse crate::http;\n";
        let tree = Tree::of([
            ("crates/photos/src/db/rows.rs", text),
            ("crates/photos/src/app.rs", text),
        ]);
        let found: Vec<String> = check_ignorance(&tree, &map)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            found,
            [
                "crates/photos/src/db/rows.rs:4: names `actix_web`, but db knows nothing of HTTP, says doc/architecture.md",
                "crates/photos/src/db/rows.rs:3: names `crate::store`, but db knows nothing of the store, says doc/architecture.md",
            ]
        );
    }

    #[test]
    fn a_package_may_import_what_any_of_its_places_may() {
        let map = Map::parse(PAGE).unwrap();
        assert_eq!(map.imports("xtask"), ["config", "photos-client"]);
        assert_eq!(map.imports("crates/photos-api"), [""; 0]);
    }

    #[test]
    fn a_page_without_tables_is_a_fault() {
        assert!(Map::parse("# Architecture\n").is_err());
    }
}
