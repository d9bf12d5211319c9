//! The rules of `doc/architecture.md` as code: pure functions from the files of the repository to faults.

pub(crate) mod features;
mod manifests;
mod map;
mod pipeline;
mod sources;

use std::{
    collections::BTreeMap,
    fmt, fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use xshell::{Shell, cmd};

/// The files of the repository, as git knows them: paths from the root, with `/`, and their texts.
pub(crate) struct Tree {
    files: BTreeMap<String, String>,
}

/// One place that breaks a rule.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fault {
    file: String,
    /// From 1, where there is one.
    line: Option<usize>,
    message: String,
}

impl Tree {
    /// Reads the files that git tracks or would track. What is no text counts as empty.
    ///
    /// # Errors
    /// When git cannot list them, or one cannot be read.
    pub(crate) fn read(root: &Path) -> anyhow::Result<Self> {
        let shell = Shell::new()?;
        shell.change_dir(root);
        let listing = cmd!(shell, "git ls-files -z --cached --others --exclude-standard")
            .quiet()
            .read();
        let listing = listing.context("git cannot list the files of the repository")?;
        let mut files = BTreeMap::new();
        for name in listing.split('\0').filter(|name| !name.is_empty()) {
            let path: PathBuf = root.join(name);
            // A file that was deleted but not yet committed, or a link to a folder.
            if !path.is_file() {
                continue;
            }
            let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            files.insert(name.to_owned(), String::from_utf8(bytes).unwrap_or_default());
        }
        Ok(Self { files })
    }

    /// Checks every rule. `jobs` are the jobs of `cargo xtask ci`.
    pub(crate) fn faults(&self, jobs: &[&str]) -> Vec<Fault> {
        let mut faults = Vec::new();
        match map::Map::parse(self.text(map::PAGE)) {
            Ok(map) => {
                faults.extend(map::check_owners(self, &map));
                faults.extend(map::check_ignorance(self, &map));
                faults.extend(manifests::check_imports(self, &map));
            }
            Err(message) => faults.push(Fault::file(map::PAGE, message)),
        }
        faults.extend(manifests::check_inheritance(self));
        faults.extend(manifests::check_lints(self));
        faults.extend(sources::check(self));
        faults.extend(sources::check_callers(self));
        faults.extend(pipeline::check(self.text(pipeline::FILE), jobs));
        faults.sort();
        faults
    }

    /// The names of the workspace's packages.
    pub(crate) fn packages(&self) -> Vec<String> {
        manifests::packages(self)
    }

    fn text(&self, file: &str) -> &str {
        self.files.get(file).map_or("", String::as_str)
    }

    fn rust_files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files
            .iter()
            .filter(|(file, _)| file.ends_with(".rs"))
            .map(|(file, text)| (file.as_str(), text.as_str()))
    }

    #[cfg(test)]
    fn of<const N: usize>(files: [(&str, &str); N]) -> Self {
        Self {
            files: files
                .into_iter()
                .map(|(file, text)| (file.to_owned(), text.to_owned()))
                .collect(),
        }
    }
}

impl Fault {
    fn file(file: &str, message: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            line: None,
            message: message.into(),
        }
    }

    fn line(file: &str, line: usize, message: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            line: Some(line),
            message: message.into(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.message),
            None => write!(f, "{}: {}", self.file, self.message),
        }
    }
}
