//! What plasma keeps in the cluster about each release, the inputs that it was made from and the objects that it consists
//! of, and about the Secrets that it has applied. It lies in the ConfigMap `plasma-releases`, one key each, so that every
//! machine that deploys sees the same.

use std::collections::BTreeMap;

use anyhow::Context as _;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::{
    Api,
    api::{Patch, PatchParams},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{inputs::Inputs, objects::ObjectName, ownership::Mark};
use crate::kube::{Connection, MANAGER};

const NAME: &str = "plasma-releases";
const SCHEMA: u32 = 3;
/// Before the name of a Secret.
const SECRET: &str = "secret.";

/// All that is kept of a namespace.
#[derive(Clone, Debug, Default)]
pub(crate) struct Records {
    /// By release.
    pub(crate) releases: BTreeMap<String, Record>,
    /// The marks of the Secrets as plasma left them, by name.
    pub(crate) secrets: BTreeMap<String, String>,
}

/// The last successful deploy of a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    schema: u32,
    pub(crate) inputs: Inputs,
    /// The revision that helm gave it.
    pub(crate) revision: u32,
    pub(crate) objects: Vec<(ObjectName, Mark)>,
}

impl Record {
    pub(crate) fn new(inputs: Inputs, revision: u32, objects: BTreeMap<ObjectName, Mark>) -> Self {
        Self {
            schema: SCHEMA,
            inputs,
            revision,
            objects: objects.into_iter().collect(),
        }
    }
}

/// All records of a namespace. One that is not readable counts as none.
///
/// # Errors
/// When the cluster cannot be asked.
pub(crate) async fn load(connection: &Connection) -> anyhow::Result<Records> {
    let maps: Api<ConfigMap> = Api::namespaced(connection.client.clone(), &connection.namespace);
    let found = maps
        .get_opt(NAME)
        .await
        .map_err(|error| connection.failed("reading what was deployed", &error))?;
    let mut records = Records::default();
    for (key, text) in found.and_then(|map| map.data).unwrap_or_default() {
        if let Some(secret) = key.strip_prefix(SECRET) {
            records.secrets.insert(secret.to_owned(), text);
        } else if let Ok(record) = serde_json::from_str::<Record>(&text)
            && record.schema == SCHEMA
        {
            records.releases.insert(key, record);
        }
    }
    Ok(records)
}

/// Keeps the record of a release, or takes it away: while it is being changed there is none.
///
/// # Errors
/// When the cluster refuses.
pub(crate) async fn keep(
    connection: &Connection,
    release: &str,
    record: Option<&Record>,
) -> anyhow::Result<()> {
    let text = record
        .map(serde_json::to_string)
        .transpose()
        .context("a record cannot be written")?;
    write(connection, release, text.as_deref()).await
}

/// Keeps the mark of a Secret as plasma left it.
///
/// # Errors
/// When the cluster refuses.
pub(crate) async fn keep_secret(connection: &Connection, name: &str, mark: &str) -> anyhow::Result<()> {
    write(connection, &format!("{SECRET}{name}"), Some(mark)).await
}

async fn write(connection: &Connection, key: &str, text: Option<&str>) -> anyhow::Result<()> {
    let maps: Api<ConfigMap> = Api::namespaced(connection.client.clone(), &connection.namespace);
    let patch = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": NAME, "labels": {"app.kubernetes.io/managed-by": MANAGER}},
        "data": {key: text},
    });
    let changed = maps
        .patch(NAME, &PatchParams::default(), &Patch::Merge(&patch))
        .await;
    let changed = match (changed, text) {
        (Err(kube::Error::Api(status)), Some(_)) if status.is_not_found() => {
            let map: ConfigMap =
                serde_json::from_value(patch.clone()).context("a record cannot be written")?;
            match maps.create(&Default::default(), &map).await {
                // A release beside this one was faster.
                Err(kube::Error::Api(status)) if status.is_already_exists() => {
                    maps.patch(NAME, &PatchParams::default(), &Patch::Merge(&patch))
                        .await
                }
                other => other,
            }
        }
        (Err(kube::Error::Api(status)), None) if status.is_not_found() => return Ok(()),
        (other, _) => other,
    };
    changed.map_err(|error| connection.failed("keeping what was deployed", &error))?;
    Ok(())
}
