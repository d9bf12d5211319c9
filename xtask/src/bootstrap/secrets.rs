//! The secrets of a stage, read back from the cluster that was deployed with them when they are lost on this machine.
//!
//! `deploy` gives every app its secrets as the Secret `<app>-env`. PostgreSQL, MinIO and the tokens of users know these
//! values, so a stage whose `.plasma/` is gone must find them again, not make new ones.

use std::collections::BTreeMap;

use anyhow::Context as _;
use k8s_openapi::api::core::v1::Secret;
use kube::{Api, Client};

use super::site::Site;

/// Reads back the secrets that are lost, and says which. When the whole state was lost (`all`), what the cluster has goes
/// over what may have been made since, for the data in the cluster is the older.
///
/// # Errors
/// When the cluster does not answer or the file cannot be written.
pub(crate) async fn restore(site: &Site, client: &Client, all: bool) -> anyhow::Result<Vec<String>> {
    if !site.stage.makes_secrets() {
        return Ok(Vec::new());
    }
    let secrets: Api<Secret> = Api::namespaced(client.clone(), &site.cluster);
    let mut found = BTreeMap::new();
    for app in &site.apps {
        let secret = secrets.get_opt(&format!("{}-env", app.name)).await;
        let secret = secret.context("the cluster does not show its secrets")?;
        for (name, value) in secret.and_then(|secret| secret.data).into_iter().flatten() {
            if let Ok(value) = String::from_utf8(value.0) {
                found.insert(name, value);
            }
        }
    }
    if found.is_empty() {
        return Ok(Vec::new());
    }
    config::restore_secrets(&site.folder, &site.apps, &found, all)
        .with_context(|| format!("cannot write {}", site.folder.join("secrets.yaml").display()))
}
