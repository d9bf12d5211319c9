//! `deps`: the lock of the external tools and container images, `deps/tools.yaml`.

use std::{collections::BTreeMap, fs};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use comfy_table::{Table, presets};
use serde::{Deserialize, Serialize};

use crate::{
    context::Context,
    outcome::{Exit, Failure, Outcome},
};

/// Show the locked external tools and images.
#[derive(Args)]
pub(crate) struct Deps {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    List(List),
}

/// List every locked tool with its version and platforms, and every image with its digest.
#[derive(Args)]
struct List {
    /// Print the whole lock as JSON.
    #[arg(long)]
    json: bool,
}

/// `deps/tools.yaml`.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Lock {
    tools: BTreeMap<String, Tool>,
    images: BTreeMap<String, String>,
}

/// One tool: where its release lies, and what its bytes must hash to.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Tool {
    version: String,
    /// With `{version}`, `{os}` and `{arch}` to fill in.
    url: String,
    archive: Archive,
    /// Of the program inside the archive; the archive's only file when `none`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// SHA-256 of the download, by `os/arch`.
    sha256: BTreeMap<String, String>,
}

#[derive(Deserialize, Serialize)]
enum Archive {
    #[serde(rename = "none")]
    None,
    #[serde(rename = "tar.gz")]
    TarGz,
}

impl Deps {
    pub(crate) fn run(&self, context: &Context) -> Outcome {
        let Action::List(list) = &self.action;
        let path = context.root.join("deps/tools.yaml");
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let lock = Lock::parse(&text).map_err(|why| {
            Failure::usage(format!("{} is not a valid lock", path.display()))
                .because(why)
                .advise("correct the file")
        })?;
        if list.json {
            println!("{}", serde_json::to_string_pretty(&lock)?);
        } else {
            println!("{}", lock.table());
        }
        Ok(Exit::Done)
    }
}

impl Lock {
    fn parse(text: &str) -> Result<Self, String> {
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
        let faults: Vec<String> = sums
            .chain(digests)
            .filter(|(_, sum)| {
                sum.len() != 64 || !sum.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
            })
            .map(|(what, sum)| format!("{what}: `{sum}` is not a SHA-256 in lower-case hex"))
            .collect();
        if faults.is_empty() {
            Ok(lock)
        } else {
            Err(faults.join("\n"))
        }
    }

    fn table(&self) -> Table {
        let mut table = Table::new();
        table
            .load_preset(presets::NOTHING)
            .set_header(["NAME", "VERSION", "FOR"]);
        for (name, tool) in &self.tools {
            let platforms: Vec<&str> = tool.sha256.keys().map(String::as_str).collect();
            table.add_row([name.as_str(), &tool.version, &platforms.join(" ")]);
        }
        for (tag, digest) in &self.images {
            let (name, version) = tag.rsplit_once(':').unwrap_or((tag, ""));
            table.add_row([name, version, &digest[..digest.len().min(19)]]);
        }
        table
    }
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
    }

    #[test]
    fn a_sum_that_is_none_is_named() {
        let text =
            "tools: {kind: {version: 1, url: u, archive: none, sha256: {linux/amd64: abc}}}\nimages: {}\n";
        let why = Lock::parse(&text.replace("version: 1", "version: '1'"))
            .err()
            .unwrap();
        assert_eq!(
            why,
            "kind for linux/amd64: `abc` is not a SHA-256 in lower-case hex"
        );
    }
}
