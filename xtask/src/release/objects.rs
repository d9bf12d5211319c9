//! The objects of a release in the cluster: which there are, and whether somebody changed them since they were deployed.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;
use kube::{
    Api, ResourceExt,
    api::ListParams,
    core::{ApiResource, DynamicObject, GroupVersionKind},
};
use serde::{Deserialize, Serialize};

use super::ownership::{self, Mark};
use crate::kube::Connection;

/// Kinds that belong to no namespace, as far as charts have them.
const WITHOUT_NAMESPACE: [&str; 7] = [
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "IngressClass",
    "Namespace",
    "PersistentVolume",
    "StorageClass",
];
/// An object by its kind and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct ObjectName {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) name: String,
}

impl ObjectName {
    /// `Deployment photos`, as messages name it.
    pub(crate) fn title(&self) -> String {
        format!("{} {}", self.kind, self.name)
    }

    /// Access to objects of this kind.
    pub(crate) fn api(&self, connection: &Connection) -> Api<DynamicObject> {
        api(connection, &self.api_version, &self.kind)
    }
}

/// The objects of a manifest, without those that helm deletes again (hooks and tests are in no manifest).
///
/// # Errors
/// When a document is no YAML.
pub(crate) fn of_manifest(manifest: &str) -> anyhow::Result<BTreeMap<ObjectName, serde_json::Value>> {
    let mut objects = BTreeMap::new();
    for document in serde_yaml::Deserializer::from_str(manifest) {
        let value = serde_json::Value::deserialize(document)?;
        let text = |pointer: &str| {
            value
                .pointer(pointer)
                .and_then(serde_json::Value::as_str)
                .map(str::to_owned)
        };
        if let (Some(api_version), Some(kind), Some(name)) =
            (text("/apiVersion"), text("/kind"), text("/metadata/name"))
        {
            objects.insert(
                ObjectName {
                    api_version,
                    kind,
                    name,
                },
                value,
            );
        }
    }
    Ok(objects)
}

/// The marks of those of these objects that exist. Asks once for each kind.
///
/// # Errors
/// When the cluster cannot be asked.
pub(crate) async fn marks(
    connection: &Connection,
    objects: impl IntoIterator<Item = &ObjectName>,
) -> anyhow::Result<BTreeMap<ObjectName, Mark>> {
    let wanted: BTreeSet<&ObjectName> = objects.into_iter().collect();
    let kinds: BTreeSet<(&str, &str)> = wanted
        .iter()
        .map(|object| (object.api_version.as_str(), object.kind.as_str()))
        .collect();
    let lists = kinds.into_iter().map(async |(api_version, kind)| {
        let (api, every) = (api(connection, api_version, kind), ListParams::default());
        let name = |name: String| ObjectName {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            name,
        };
        let found = api.list_metadata(&every).await.map(|found| {
            let marks = found
                .into_iter()
                .map(|object| (name(object.name_any()), Some(ownership::mark(&object.metadata))));
            marks.collect::<Vec<(ObjectName, Mark)>>()
        });
        found.map_err(|error| connection.failed(&format!("listing objects of the kind {kind}"), &error))
    });
    let found = try_join_all(lists).await?;
    Ok(found
        .into_iter()
        .flatten()
        .filter(|(name, _)| wanted.contains(name))
        .collect())
}

fn api(connection: &Connection, api_version: &str, kind: &str) -> Api<DynamicObject> {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
    if WITHOUT_NAMESPACE.contains(&kind) {
        Api::all_with(connection.client.clone(), &resource)
    } else {
        Api::namespaced_with(connection.client.clone(), &connection.namespace, &resource)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_is_its_objects() {
        let manifest = "---\n# Source: photos/templates/service.yaml\napiVersion: v1\nkind: Service\nmetadata:\n  name: photos\n---\n\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: photos}\n";
        let objects = of_manifest(manifest).unwrap();
        let titles: Vec<String> = objects.keys().map(ObjectName::title).collect();
        assert_eq!(titles, ["Deployment photos", "Service photos"]);
    }
}
