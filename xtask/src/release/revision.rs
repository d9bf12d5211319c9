//! What helm itself keeps about a release: a Secret for each revision, with its status in a label and the manifest inside.
//! The format: <https://github.com/helm/helm/blob/v4.1.4/pkg/storage/driver/util.go>.

use std::{collections::BTreeMap, io::Read};

use anyhow::Context as _;
use base64::{Engine, prelude::BASE64_STANDARD};
use flate2::read::GzDecoder;
use k8s_openapi::api::core::v1::Secret;
use kube::{
    Api, ResourceExt,
    api::{DeleteParams, ListParams},
};
use serde::Deserialize;

use crate::kube::Connection;

/// The newest revision of a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Revision {
    pub(crate) number: u32,
    /// As helm names it: `deployed`, `failed`, `pending-upgrade`, …
    pub(crate) status: String,
}

impl Revision {
    /// Whether helm was killed while it worked on it: it refuses every further upgrade then.
    pub(crate) fn is_pending(&self) -> bool {
        self.status.starts_with("pending")
    }

    pub(crate) fn is_deployed(&self) -> bool {
        self.status == "deployed"
    }
}

/// What a revision installed.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Installed {
    /// The objects as YAML documents, each under a comment with its template.
    #[serde(default)]
    pub(crate) manifest: String,
    /// The values that were given, without the chart's own.
    #[serde(default)]
    pub(crate) config: serde_json::Value,
    /// What helm runs before and after.
    #[serde(default)]
    pub(crate) hooks: Option<Vec<Hook>>,
}

/// A hook of a chart.
#[derive(Debug, Deserialize)]
pub(crate) struct Hook {
    #[serde(default)]
    pub(crate) path: String,
    #[serde(default)]
    pub(crate) manifest: String,
}

impl Installed {
    /// All documents, hooks too, each under a comment with its template.
    pub(crate) fn documents(&self) -> String {
        let hooks = self.hooks.iter().flatten();
        let hooks = hooks.map(|hook| format!("---\n# Source: {}\n{}\n", hook.path, hook.manifest));
        std::iter::once(self.manifest.clone()).chain(hooks).collect()
    }
}

/// The newest revision of every release of a namespace.
///
/// # Errors
/// When the cluster cannot be asked.
pub(crate) async fn newest(connection: &Connection) -> anyhow::Result<BTreeMap<String, Revision>> {
    let secrets: Api<Secret> = Api::namespaced(connection.client.clone(), &connection.namespace);
    let ours = ListParams::default().labels("owner=helm");
    let found = secrets
        .list_metadata(&ours)
        .await
        .map_err(|error| connection.failed("reading helm's records", &error))?;
    let mut newest: BTreeMap<String, Revision> = BTreeMap::new();
    for record in found {
        let label = |name: &str| record.labels().get(name).cloned();
        let (Some(release), Some(status)) = (label("name"), label("status")) else {
            continue;
        };
        let number = label("version")
            .and_then(|text| text.parse().ok())
            .unwrap_or_default();
        if newest.get(&release).is_none_or(|known| known.number < number) {
            newest.insert(release, Revision { number, status });
        }
    }
    Ok(newest)
}

/// What the newest revision of a release installed, or tried to; nothing if there is none.
///
/// # Errors
/// When the cluster cannot be asked, or the record is not in helm's format.
pub(crate) async fn installed(connection: &Connection, release: &str) -> anyhow::Result<Option<Installed>> {
    let secrets: Api<Secret> = Api::namespaced(connection.client.clone(), &connection.namespace);
    let ours = ListParams::default().labels(&format!("owner=helm,name={release}"));
    let found = secrets
        .list(&ours)
        .await
        .map_err(|error| connection.failed("reading helm's records", &error))?;
    let number = |record: &Secret| {
        record
            .labels()
            .get("version")
            .and_then(|text| text.parse::<u32>().ok())
            .unwrap_or_default()
    };
    let Some(record) = found.items.into_iter().max_by_key(number) else {
        return Ok(None);
    };
    let data = record.data.unwrap_or_default();
    let bytes = data
        .get("release")
        .map(|bytes| bytes.0.as_slice())
        .unwrap_or_default();
    read(bytes)
        .map(Some)
        .with_context(|| format!("helm's record of {release} cannot be read"))
}

/// Takes away the record of a revision that helm was killed in. What it had made stays, and the next upgrade goes on with
/// it, for it bears the release's name.
///
/// # Errors
/// When the cluster refuses.
pub(crate) async fn forget(
    connection: &Connection,
    release: &str,
    revision: &Revision,
) -> anyhow::Result<()> {
    let secrets: Api<Secret> = Api::namespaced(connection.client.clone(), &connection.namespace);
    let name = format!("sh.helm.release.v1.{release}.v{}", revision.number);
    secrets
        .delete(&name, &DeleteParams::default())
        .await
        .map_err(|error| connection.failed(&format!("deleting helm's unfinished record {name}"), &error))?;
    Ok(())
}

/// Base64 of gzip of JSON.
fn read(bytes: &[u8]) -> anyhow::Result<Installed> {
    let packed = BASE64_STANDARD.decode(bytes)?;
    let mut json = Vec::new();
    GzDecoder::new(packed.as_slice()).read_to_end(&mut json)?;
    Ok(serde_json::from_slice(&json)?)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_record_is_base64_of_gzip_of_json() {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(br#"{"name":"photos","manifest":"---\na: 1\n","config":{"replicas":2}}"#)
            .unwrap();
        let installed = read(BASE64_STANDARD.encode(gzip.finish().unwrap()).as_bytes()).unwrap();
        assert_eq!(installed.documents(), "---\na: 1\n");
        assert_eq!(installed.config["replicas"], 2);
        assert!(read(b"not a record").is_err());
    }
}
