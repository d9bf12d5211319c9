//! What a release is made from, input by input, so that a deploy can say what changed and skip what did not.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// How the names of secrets begin.
const SECRET: &str = "a secret";

/// The inputs of a release by name, each as a short digest or, if it is public and short, as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Inputs(BTreeMap<String, String>);

impl Inputs {
    /// Adds an input that may be shown.
    pub(crate) fn shown(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.insert(name.into(), value.into());
    }

    /// Adds an input by its digest.
    pub(crate) fn digest(&mut self, name: impl Into<String>, content: impl AsRef<[u8]>) {
        let digest = Sha256::digest(content.as_ref());
        self.0.insert(name.into(), hex::encode(&digest[..8]));
    }

    /// Adds the checksum of secrets.
    pub(crate) fn secret(&mut self, name: &str, checksum: String) {
        self.0.insert(format!("{SECRET} of {name}"), checksum);
    }

    /// Whether its secrets are others than those of the last deploy.
    pub(crate) fn has_other_secrets(&self, old: &Self) -> bool {
        let of = |inputs: &Self| {
            let secrets = inputs.0.iter().filter(|(name, _)| name.starts_with(SECRET));
            secrets.map(|(_, checksum)| checksum.clone()).collect::<Vec<_>>()
        };
        of(self) != of(old)
    }

    /// Adds all files below a folder by their names relative to the root.
    ///
    /// # Errors
    /// When one cannot be read.
    pub(crate) fn folder(&mut self, root: &Path, folder: &Path) -> anyhow::Result<()> {
        for file in files(&root.join(folder))? {
            let bytes = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
            let name = file.strip_prefix(root).unwrap_or(&file).display().to_string();
            self.digest(name, bytes);
        }
        Ok(())
    }

    /// What differs from the inputs of the last deploy, in words.
    pub(crate) fn changes_since(&self, old: &Self) -> Vec<String> {
        let names: BTreeSet<&String> = self.0.keys().chain(old.0.keys()).collect();
        names
            .into_iter()
            .filter_map(|name| match (old.0.get(name), self.0.get(name)) {
                (Some(before), Some(now)) if before == now => None,
                (Some(before), Some(now)) if name == "image" => Some(format!("the image: {before} → {now}")),
                (Some(_), Some(_)) => Some(format!("{name} changed")),
                (None, Some(_)) => Some(format!("{name} is new")),
                _ => Some(format!("{name} is gone")),
            })
            .collect()
    }
}

/// All files below a folder (or the file itself), sorted; hidden ones too.
///
/// # Errors
/// When a folder cannot be read.
pub(crate) fn files(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let cannot = || format!("cannot read {}", path.display());
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(path).with_context(cannot)? {
        let path = entry.with_context(cannot)?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_is_named() {
        let mut old = Inputs::default();
        old.shown("image", "photos:1");
        old.digest("PS_LOG", "info");
        old.digest("chart/templates/old.yaml", "a");
        old.digest("chart/values.yaml", "same");
        let mut new = Inputs::default();
        new.shown("image", "photos:2");
        new.digest("PS_LOG", "debug");
        new.digest("chart/templates/new.yaml", "a");
        new.digest("chart/values.yaml", "same");
        assert_eq!(
            new.changes_since(&old),
            [
                "PS_LOG changed",
                "chart/templates/new.yaml is new",
                "chart/templates/old.yaml is gone",
                "the image: photos:1 → photos:2"
            ]
        );
        assert!(new.changes_since(&new).is_empty());
    }
}
