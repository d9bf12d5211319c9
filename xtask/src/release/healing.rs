//! Takes back what somebody changed in the cluster. helm's apply sees only the fields that helm owns: those that another
//! tool has added are given to helm first, so that its next apply takes them away. Pods that may have started with a
//! changed environment are made anew.

use std::{collections::BTreeSet, fmt};

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{FieldsV1, ManagedFieldsEntry, ObjectMeta};
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use super::{diff::HELM, env::MANAGER, objects::ObjectName};
use crate::kube::{Connection, readers::Source};

/// Who sets fields because that is their work.
const BY_DUTY: [&str; 7] = [
    HELM,
    MANAGER,
    "cloud-controller-manager",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
];
/// Whoever restarts pods by hand asks for nothing that stays.
const RESTARTED: &str = "kubectl.kubernetes.io/restartedAt";

/// What somebody has set in an object that is helm's.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Foreign {
    /// The tools: `kubectl-patch`.
    pub(crate) by: String,
    /// `metadata.annotations.example`, in order.
    pub(crate) fields: Vec<String>,
    /// The owners as they would be if all of it were helm's.
    owners: Vec<ManagedFieldsEntry>,
}

/// A workload whose pods are made anew, for this was changed while they may have started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Restart {
    pub(crate) workload: ObjectName,
    pub(crate) source: Source,
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "what {} set is taken back: {}",
            self.by,
            self.fields.join(", ")
        )
    }
}

impl Restart {
    /// Whether it is a Secret that was changed.
    pub(crate) fn is_for_secret(&self) -> bool {
        matches!(self.source, Source::Secret { .. })
    }
}

impl fmt::Display for Restart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "its pods are made anew, for they may have started while {} was changed",
            self.source.title()
        )
    }
}

/// What somebody has set in an object that exists.
///
/// # Errors
/// When the cluster cannot be asked.
pub(crate) async fn foreign(
    connection: &Connection,
    object: &ObjectName,
) -> anyhow::Result<Option<(Foreign, String)>> {
    let found = object
        .api(connection)
        .get_metadata_opt(&object.name)
        .await
        .map_err(|error| connection.failed(&format!("reading the {}", object.title()), &error))?;
    Ok(found.and_then(|found| {
        let version = found.metadata.resource_version.clone().unwrap_or_default();
        Some((of_owners(&found.metadata)?, version))
    }))
}

/// Gives helm what somebody has set in an object, and says what that is.
///
/// # Errors
/// When the cluster refuses.
pub(crate) async fn reclaim(connection: &Connection, object: &ObjectName) -> anyhow::Result<Option<Foreign>> {
    let Some((foreign, version)) = foreign(connection, object).await? else {
        return Ok(None);
    };
    // Nobody may have changed it again since it was read.
    let patch = json!({"metadata": {"managedFields": foreign.owners, "resourceVersion": version}});
    object
        .api(connection)
        .patch(&object.name, &params(), &Patch::Merge(&patch))
        .await
        .map_err(|error| connection.failed(&format!("taking back the {}", object.title()), &error))?;
    Ok(Some(foreign))
}

/// Makes the pods of a workload anew, as `kubectl rollout restart` does.
///
/// # Errors
/// When the cluster refuses.
pub(crate) async fn restart(connection: &Connection, workload: &ObjectName) -> anyhow::Result<()> {
    let now = Timestamp::now().to_string();
    let patch = json!({"spec": {"template": {"metadata": {"annotations": {RESTARTED: now}}}}});
    workload
        .api(connection)
        .patch(&workload.name, &params(), &Patch::Merge(&patch))
        .await
        .map_err(|error| connection.failed(&format!("restarting the {}", workload.title()), &error))?;
    Ok(())
}

fn params() -> PatchParams {
    PatchParams {
        field_manager: Some(MANAGER.to_owned()),
        ..PatchParams::default()
    }
}

fn of_owners(metadata: &ObjectMeta) -> Option<Foreign> {
    let owners = metadata.managed_fields.clone().unwrap_or_default();
    let is_helm = |entry: &ManagedFieldsEntry| {
        entry.manager.as_deref() == Some(HELM)
            && entry.operation.as_deref() == Some("Apply")
            && entry.subresource.is_none()
    };
    let version = owners.iter().find(|entry| is_helm(entry))?.api_version.clone();
    let is_foreign = |entry: &ManagedFieldsEntry| {
        let manager = entry.manager.as_deref().unwrap_or_default();
        entry.subresource.is_none() && entry.api_version == version && !BY_DUTY.contains(&manager)
    };
    let (theirs, mut owners): (Vec<_>, Vec<_>) = owners.into_iter().partition(is_foreign);
    let mut fields = BTreeSet::new();
    let mut by = BTreeSet::new();
    let helm = owners.iter_mut().find(|entry| is_helm(entry))?;
    let own = &mut helm.fields_v1.get_or_insert(FieldsV1(json!({}))).0;
    for entry in theirs {
        let Some(FieldsV1(theirs)) = entry.fields_v1 else {
            continue;
        };
        let before = fields.len();
        add(own, &theirs, "", &mut fields);
        if fields.len() > before {
            by.insert(entry.manager.unwrap_or_default());
        }
    }
    (!fields.is_empty()).then(|| Foreign {
        by: by.into_iter().collect::<Vec<_>>().join(", "),
        fields: fields.into_iter().collect(),
        owners,
    })
}

/// Adds a set of fields to another, and their paths to a list.
fn add(own: &mut Value, theirs: &Value, path: &str, fields: &mut BTreeSet<String>) {
    let (Some(own), Some(theirs)) = (own.as_object_mut(), theirs.as_object()) else {
        return;
    };
    for (key, below) in theirs {
        let name = key.trim_start_matches("f:");
        if name == RESTARTED {
            continue;
        }
        let path = match name {
            "." => path.to_owned(),
            name if path.is_empty() => name.to_owned(),
            name => format!("{path}.{name}"),
        };
        let is_leaf = below.as_object().is_none_or(serde_json::Map::is_empty);
        if is_leaf && name != "." {
            fields.insert(path.clone());
        }
        add(own.entry(key).or_insert(json!({})), below, &path, fields);
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn owned(entries: &[(&str, &str, Value)]) -> ObjectMeta {
        let entries: Vec<Value> = entries
            .iter()
            .map(|(manager, operation, fields)| {
                json!({"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": fields})
            })
            .collect();
        serde_json::from_value(json!({"name": "photos", "managedFields": entries})).unwrap()
    }

    #[test]
    fn what_somebody_added_becomes_helms_to_take_away() {
        let ports = json!({"f:spec": {"f:ports": {}}});
        let annotation = json!({"f:metadata": {"f:annotations": {".": {}, "f:router": {}}}});
        let foreign = of_owners(&owned(&[
            ("helm", "Apply", ports.clone()),
            ("kubectl-patch", "Update", annotation),
            (
                "kube-controller-manager",
                "Update",
                json!({"f:spec": {"f:a": {}}}),
            ),
        ]))
        .unwrap();
        assert_eq!(foreign.by, "kubectl-patch");
        assert_eq!(foreign.fields, ["metadata.annotations.router"]);
        let helm = foreign.owners[0].fields_v1.as_ref().unwrap();
        assert_eq!(
            helm.0,
            json!({"f:spec": {"f:ports": {}}, "f:metadata": {"f:annotations": {".": {}, "f:router": {}}}})
        );
        assert_eq!(foreign.owners.len(), 2);
        assert_eq!(of_owners(&owned(&[("helm", "Apply", ports)])), None);
    }

    #[test]
    fn a_restart_by_hand_is_left_as_it_is() {
        let restarted = json!({"f:spec": {"f:template": {"f:metadata": {"f:annotations": {
            "f:kubectl.kubernetes.io/restartedAt": {}}}}}});
        let meta = owned(&[
            ("helm", "Apply", json!({})),
            ("kubectl-rollout", "Update", restarted),
        ]);
        assert_eq!(of_owners(&meta), None);
    }
}
