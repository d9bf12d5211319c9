//! The objects of a release in the cluster: which there are, and whether somebody changed them since they were deployed.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;
use kube::{
    Api, ResourceExt,
    api::ListParams,
    core::{ApiResource, DynamicObject, GroupVersionKind},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

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
/// Kinds that only people and deploys write: every new version of such an object is a change. Nothing of a Secret's content
/// is kept beside it.
const WRITTEN_BY_PEOPLE: [&str; 2] = ["ConfigMap", "Secret"];

/// Annotations that controllers write, by their beginnings.
const BY_CONTROLLERS: [&str; 4] = [
    "autoscaling.alpha.kubernetes.io/",
    "deployment.kubernetes.io/",
    "deprecated.daemonset.template.generation",
    "pv.kubernetes.io/",
];

/// An object by its kind and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct ObjectName {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) name: String,
}

/// What changes when the wish behind an object does; nothing if that cannot be told.
pub(crate) type Mark = Option<String>;

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
        let found: kube::Result<Vec<(ObjectName, Mark)>> = if WRITTEN_BY_PEOPLE.contains(&kind) {
            let found = api.list_metadata(&every).await;
            found.map(|found| {
                let marks = found
                    .into_iter()
                    .map(|object| (name(object.name_any()), object.resource_version()));
                marks.collect()
            })
        } else {
            let found = api.list(&every).await;
            found.map(|found| {
                let marks = found
                    .into_iter()
                    .map(|object| (name(object.name_any()), Some(mark(object))));
                marks.collect()
            })
        };
        found.map_err(|error| connection.failed(&format!("listing objects of the kind {kind}"), &error))
    });
    let found = try_join_all(lists).await?;
    Ok(found
        .into_iter()
        .flatten()
        .filter(|(name, _)| wanted.contains(name))
        .collect())
}

/// What was wished of an object: its generation if it has one, else all that is in it, and labels and annotations, which
/// count for no generation.
fn mark(object: DynamicObject) -> String {
    let mut annotations = object.metadata.annotations.unwrap_or_default();
    annotations.retain(|name, _| !BY_CONTROLLERS.iter().any(|begin| name.starts_with(begin)));
    let labels = object.metadata.labels.unwrap_or_default();
    let mut digest = Sha256::new();
    digest.update(json!([labels, annotations]).to_string());
    match object.metadata.generation {
        Some(generation) => format!("generation {generation}, {}", short(digest)),
        None => {
            let mut content = object.data;
            if let Some(fields) = content.as_object_mut() {
                fields.remove("status");
                // Of a ServiceAccount: its tokens, which the cluster makes.
                fields.remove("secrets");
            }
            digest.update(content.to_string());
            short(digest)
        }
    }
}

fn short(digest: Sha256) -> String {
    hex::encode(&digest.finalize()[..8])
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

    fn marked(object: serde_json::Value) -> String {
        mark(serde_json::from_value(object).unwrap())
    }

    #[test]
    fn a_service_is_another_one_with_another_selector_or_annotation() {
        let service = |selector: &str, annotations: serde_json::Value, version: &str| {
            marked(json!({
                "apiVersion": "v1", "kind": "Service",
                "metadata": {"name": "photos", "resourceVersion": version, "annotations": annotations},
                "spec": {"selector": {"app": selector}}, "status": {"loadBalancer": {}},
            }))
        };
        let own = service("photos", json!({}), "1");
        assert_eq!(service("photos", json!({}), "2"), own);
        assert_ne!(service("nope", json!({}), "1"), own);
        assert_ne!(service("photos", json!({"a": "b"}), "1"), own);
    }

    #[test]
    fn a_deployment_is_the_same_while_its_controller_works_on_it() {
        let deployment = |generation: u32, annotations: serde_json::Value| {
            marked(json!({
                "apiVersion": "apps/v1", "kind": "Deployment",
                "metadata": {"name": "photos", "generation": generation, "annotations": annotations},
                "spec": {}, "status": {"replicas": generation},
            }))
        };
        let own = deployment(7, json!({}));
        assert_eq!(
            deployment(7, json!({"deployment.kubernetes.io/revision": "2"})),
            own
        );
        assert_ne!(deployment(8, json!({})), own);
        assert_ne!(deployment(7, json!({"somebody": "was here"})), own);
    }

    #[test]
    fn a_manifest_is_its_objects() {
        let manifest = "---\n# Source: photos/templates/service.yaml\napiVersion: v1\nkind: Service\nmetadata:\n  name: photos\n---\n\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: photos}\n";
        let objects = of_manifest(manifest).unwrap();
        let titles: Vec<String> = objects.keys().map(ObjectName::title).collect();
        assert_eq!(titles, ["Deployment photos", "Service photos"]);
    }
}
