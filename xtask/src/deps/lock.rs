//! `deps/tools.yaml`: the versions, addresses and sums of the external tools, and the digests of the images.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::outcome::Failure;

/// The whole file.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lock {
    pub(crate) tools: BTreeMap<String, LockedTool>,
    /// The digest of each image's index, by its tag.
    pub(crate) images: BTreeMap<String, String>,
}

/// One tool: where its release lies, and what its bytes must hash to.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LockedTool {
    pub(crate) version: String,
    /// With `{version}`, `{os}` and `{arch}` to fill in.
    pub(crate) url: String,
    pub(crate) archive: Archive,
    /// Of the program inside the archive, with the same to fill in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) path: Option<String>,
    /// SHA-256 of the download in lower-case hex, by `os/arch`.
    pub(crate) sha256: BTreeMap<String, String>,
}

/// What a download is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) enum Archive {
    /// The program itself.
    #[serde(rename = "none")]
    None,
    #[serde(rename = "tar.gz")]
    TarGz,
}

/// Where the lock of a workspace lies.
pub(crate) fn path(root: &Path) -> PathBuf {
    root.join("deps/tools.yaml")
}

impl Lock {
    /// Reads the lock of a workspace.
    ///
    /// # Errors
    /// Exit code 2 with everything that is wrong in the file.
    pub(crate) fn load(root: &Path) -> anyhow::Result<Self> {
        let path = path(root);
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let lock = Self::parse(&text).map_err(|why| {
            Failure::usage(format!("{} is not a valid lock", path.display()))
                .because(why)
                .advise("correct the file")
        })?;
        Ok(lock)
    }

    /// Reads the text of a lock.
    ///
    /// # Errors
    /// Where it is no lock, or all the sums that are none.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let lock: Self = serde_yaml::from_str(text).map_err(|error| error.to_string())?;
        let sums = lock.tools.iter().flat_map(|(name, tool)| {
            tool.sha256
                .iter()
                .map(move |(platform, sum)| (format!("{name} for {platform}"), sum.as_str()))
        });
        let digests = lock
            .images
            .iter()
            .map(|(tag, digest)| (tag.clone(), digest.trim_start_matches("sha256:")));
        let mut faults: Vec<String> = sums
            .chain(digests)
            .filter(|(_, sum)| !is_sha256(sum))
            .map(|(what, sum)| format!("{what}: `{sum}` is not a SHA-256 in lower-case hex"))
            .collect();
        let without_path = lock
            .tools
            .iter()
            .filter(|(_, tool)| tool.archive != Archive::None && tool.path.is_none());
        faults.extend(without_path.map(|(name, _)| format!("{name}: an archive needs the `path` inside it")));
        if faults.is_empty() {
            Ok(lock)
        } else {
            Err(faults.join("\n"))
        }
    }
}

impl LockedTool {
    /// Fills the platform (`linux/amd64`) and the locked version into `url` or `path`.
    pub(crate) fn fill(&self, pattern: &str, platform: &str) -> String {
        let (os, arch) = platform.split_once('/').unwrap_or((platform, ""));
        pattern
            .replace("{version}", &self.version)
            .replace("{os}", os)
            .replace("{arch}", arch)
    }
}

/// This machine as the lock names it: `linux/amd64`.
pub(crate) fn platform() -> String {
    let os = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let arch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    format!("{os}/{arch}")
}

fn is_sha256(sum: &str) -> bool {
    sum.len() == 64 && sum.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn the_lock_of_this_repository_is_valid() {
        let lock = Lock::parse(include_str!("../../../deps/tools.yaml")).unwrap();
        let names: Vec<&String> = lock.tools.keys().collect();
        assert_eq!(names, ["helm", "kind", "kubectl", "skaffold", "telepresence"]);
        assert!(lock.tools.values().all(|tool| tool.sha256.len() == 4));
        let helm = &lock.tools["helm"];
        assert_eq!(
            helm.fill(&helm.url, "darwin/arm64"),
            "https://get.helm.sh/helm-v4.1.4-darwin-arm64.tar.gz"
        );
        assert_eq!(
            helm.fill(helm.path.as_ref().unwrap(), "linux/amd64"),
            "linux-amd64/helm"
        );
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let text = "tools: {kind: {version: '1', url: u, archive: tar.gz, sha256: {linux/amd64: abc}}}\nimages: {a:b: sha256:x}\n";
        assert_eq!(
            Lock::parse(text).unwrap_err(),
            "kind for linux/amd64: `abc` is not a SHA-256 in lower-case hex\n\
             a:b: `x` is not a SHA-256 in lower-case hex\n\
             kind: an archive needs the `path` inside it"
        );
    }
}
