//! The ingress: the cluster's own chart of Traefik, installed by helm, and left alone while its files are the same.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::Context as _;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::{
    Api, Client,
    api::{ListParams, Patch, PatchParams},
};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::tools::{helm::Helm, runner::Call};

/// The namespace, and the name of the release in it.
pub(crate) const NAMESPACE: &str = "traefik";

/// The annotation of the namespace that says which chart was installed.
pub(crate) const FINGERPRINT: &str = "plasma/ingress-chart";

/// The call that installs or updates it.
pub(crate) fn install(helm: &Helm, chart: &Path, kubeconfig: &Path) -> Call {
    helm.upgrade_install(NAMESPACE, chart, NAMESPACE, kubeconfig)
        // What somebody else has set since is taken back.
        .args(["--create-namespace", "--force-conflicts"])
}

/// What identifies the chart: the bytes of its files and their paths.
///
/// # Errors
/// When they cannot be read.
pub(crate) fn fingerprint(chart: &Path) -> anyhow::Result<String> {
    let mut files = BTreeMap::new();
    collect(chart, chart, &mut files).with_context(|| format!("cannot read {}", chart.display()))?;
    let mut hash = Sha256::new();
    for (path, bytes) in files {
        hash.update(path.as_bytes());
        hash.update([0]);
        hash.update(bytes.len().to_be_bytes());
        hash.update(bytes);
    }
    Ok(hex::encode(hash.finalize()))
}

fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
        } else {
            let name = path.strip_prefix(root).unwrap_or(&path);
            files.insert(name.to_string_lossy().into_owned(), fs::read(&path)?);
        }
    }
    Ok(())
}

/// Notes which chart was installed.
///
/// # Errors
/// When the cluster refuses.
pub(crate) async fn note(client: &Client, fingerprint: &str) -> kube::Result<()> {
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let patch = json!({"metadata": {"annotations": {FINGERPRINT: fingerprint}}});
    namespaces
        .patch(NAMESPACE, &PatchParams::default(), &Patch::Merge(patch))
        .await?;
    Ok(())
}

/// Removes the record of a helm run that was interrupted: helm refuses to do anything while one is pending.
///
/// # Errors
/// When the cluster refuses.
pub(crate) async fn unlock(client: &Client) -> kube::Result<()> {
    let secrets: Api<Secret> = Api::namespaced(client.clone(), NAMESPACE);
    let pending = ListParams::default().labels(&format!(
        "owner=helm,name={NAMESPACE},status in (pending-install,pending-upgrade,pending-rollback)"
    ));
    for secret in secrets.list_metadata(&pending).await? {
        if let Some(name) = &secret.metadata.name {
            secrets.delete(name, &Default::default()).await?;
        }
    }
    Ok(())
}
