//! The files of the workspace as they will be: a plan that can be read before it is written.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;

use crate::outcome::Failure;

/// What is planned over what is there.
#[derive(Debug)]
pub(crate) struct Tree {
    root: PathBuf,
    planned: BTreeMap<PathBuf, String>,
}

impl Tree {
    pub(crate) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            planned: BTreeMap::new(),
        }
    }

    /// The text of a file, as it is planned or as it is.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn read(&self, path: &Path) -> anyhow::Result<String> {
        match self.planned.get(path) {
            Some(text) => Ok(text.clone()),
            None => fs::read_to_string(self.root.join(path))
                .with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// Plans a new file.
    ///
    /// # Errors
    /// 3 when there is one.
    pub(super) fn add(&mut self, path: impl Into<PathBuf>, text: String) -> anyhow::Result<()> {
        let path = path.into();
        if self.root.join(&path).exists() {
            return Err(Failure::refused(format!("{} is there already", path.display()))
                .because("nothing that somebody wrote is written over")
                .advise("take another name, or delete what is there")
                .into());
        }
        self.planned.insert(path, text);
        Ok(())
    }

    /// Plans a change of a file.
    ///
    /// # Errors
    /// When it cannot be read, or has no place for the change.
    pub(super) fn change(
        &mut self,
        path: impl Into<PathBuf>,
        change: impl FnOnce(&str) -> Option<String>,
    ) -> anyhow::Result<()> {
        let path = path.into();
        let changed = change(&self.read(&path)?).ok_or_else(|| {
            Failure::failed(format!("{} cannot be changed", path.display()))
                .because("it no longer looks as this command expects")
                .advise("see doc/clusters.md, and write the lines by hand")
        })?;
        self.planned.insert(path, changed);
        Ok(())
    }

    /// All files below a folder of the workspace, relative to the folder, with their texts.
    ///
    /// # Errors
    /// When one cannot be read.
    pub(super) fn files(&self, folder: &Path) -> anyhow::Result<BTreeMap<PathBuf, String>> {
        let mut files = BTreeMap::new();
        let mut folders = vec![PathBuf::new()];
        while let Some(below) = folders.pop() {
            let path = folder.join(&below);
            let listing = fs::read_dir(self.root.join(&path))
                .with_context(|| format!("cannot read {}", path.display()))?;
            for entry in listing {
                let entry = entry.with_context(|| format!("cannot read {}", path.display()))?;
                let name = below.join(entry.file_name());
                if entry.path().is_dir() {
                    folders.push(name);
                } else {
                    let text = self.read(&folder.join(&name))?;
                    files.insert(name, text);
                }
            }
        }
        Ok(files)
    }

    /// A line for each file: new, or changed.
    pub(crate) fn plan(&self) -> Vec<String> {
        let line = |path: &PathBuf| {
            let what = if self.root.join(path).exists() {
                "change"
            } else {
                "new   "
            };
            format!("{what}  {}", path.display())
        };
        self.planned.keys().map(line).collect()
    }

    /// Writes all files.
    ///
    /// # Errors
    /// When one cannot be written.
    pub(crate) fn write(&self) -> anyhow::Result<()> {
        for (path, text) in &self.planned {
            let path = self.root.join(path);
            let folder = path.parent().unwrap_or(&self.root);
            fs::create_dir_all(folder)
                .and_then(|()| fs::write(&path, text))
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(())
    }
}
