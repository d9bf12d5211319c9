//! The names of the stages in the hosts file, for programs that do not resolve `*.localhost` themselves: one marked block,
//! and nothing else is touched.

pub(crate) mod block;
pub(crate) mod write;

use std::path::{Path, PathBuf};

use config::{Cluster, Faults, Home};

use crate::{context::Context, outcome::Failure};

/// What has a name beside the apps, where a cluster has a chart of it: the object store behind them.
const BESIDE_THE_APPS: &str = "minio";

/// The hosts file: `PLASMA_HOSTS_FILE`, else the system's.
pub(crate) fn file(context: &Context) -> PathBuf {
    match context
        .vars
        .get("PLASMA_HOSTS_FILE")
        .filter(|file| !file.is_empty())
    {
        Some(file) => file.into(),
        None => "/etc/hosts".into(),
    }
}

/// All names of all stages that run on this machine: `hmlet.photos.local`, and each with `.localhost` behind it.
///
/// # Errors
/// Exit code 2 with all faults of the clusters' files.
pub(crate) fn names(root: &Path) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for name in config::cluster_names(root) {
        let cluster = Cluster::load(root, &name).map_err(|faults: Faults| {
            Failure::usage(format!("the cluster {name} cannot be used"))
                .because(faults.list())
                .advise("correct what is listed and try again")
        })?;
        let here = cluster
            .stages
            .iter()
            .filter(|(_, home)| matches!(home, Home::Kind { .. }));
        let chart = root
            .join("clusters")
            .join(&name)
            .join("charts")
            .join(BESIDE_THE_APPS);
        let beside = chart.is_dir().then_some(BESIDE_THE_APPS);
        for (stage, _) in here {
            let apps = cluster.app_names.iter().map(String::as_str);
            for app in apps.chain(beside) {
                names.push(format!("{name}.{app}.{stage}"));
                names.push(format!("{name}.{app}.{stage}.localhost"));
            }
        }
    }
    Ok(names)
}

/// The lines outside of plasma's block that lead one of the names somewhere else than to this machine.
pub(crate) fn elsewhere(text: &[u8], names: &[String]) -> Vec<String> {
    let text = String::from_utf8_lossy(text);
    let leads_away = |line: &&str| {
        let content = line.split('#').next().unwrap_or_default();
        let mut words = content.split_whitespace();
        let local = words.next().is_none_or(|address| {
            address
                .parse()
                .is_ok_and(|address: std::net::IpAddr| address.is_loopback())
        });
        !local && words.any(|word| names.iter().any(|name| name.eq_ignore_ascii_case(word)))
    };
    text.lines()
        .filter(leads_away)
        .map(|line| line.trim().to_owned())
        .collect()
}
