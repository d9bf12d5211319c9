//! Takes back what somebody changed in the cluster. helm's apply sees only the fields that helm owns: those that another
//! tool has added are given to helm first, so that its next apply takes them away. Pods that may have started with a
//! changed environment are made anew.

use std::{collections::BTreeSet, fmt};

use futures_util::future::try_join_all;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{FieldsV1, ManagedFieldsEntry, ObjectMeta};
use kube::api::{Patch, PatchParams};
use serde_json::{Map, Value, json};

use super::{
    diff::HELM,
    objects::{self, ObjectName},
    ownership, revision,
};
use crate::kube::{
    Connection, MANAGER,
    readers::{Source, readers},
    snapshot::Snapshot,
};

/// Fields that a line names.
const SHOWN: usize = 8;

/// What somebody has set in an object that is helm's.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Foreign {
    /// The tools: `kubectl-patch`.
    pub(crate) by: String,
    /// `metadata.annotations.example`, in order.
    pub(crate) fields: Vec<String>,
    /// The owners as they would be if all of it were helm's.
    owners: Vec<ManagedFieldsEntry>,
    /// The version of the object that this was read from.
    version: Option<String>,
}

/// A workload whose pods are made anew, for this was changed while they may have started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Restart {
    pub(crate) workload: ObjectName,
    pub(crate) source: Source,
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (shown, more) = self.fields.split_at(self.fields.len().min(SHOWN));
        write!(f, "what {} set is taken back: {}", self.by, shown.join(", "))?;
        match more.len() {
            0 => Ok(()),
            more => write!(f, ", and {more} more"),
        }
    }
}

impl Foreign {
    /// Whether it is of the content of a ConfigMap.
    pub(crate) fn is_of_content(&self) -> bool {
        let mut fields = self.fields.iter();
        fields.any(|field| !field.starts_with("metadata."))
    }
}

impl Restart {
    /// Of the workloads of a release that read one of the sources.
    pub(crate) fn of_readers(snapshot: &Snapshot, release: &str, sources: &[Source]) -> Vec<Self> {
        let found = readers(snapshot, release, sources).into_iter();
        found
            .map(|(kind, name, source)| Self {
                workload: ObjectName {
                    api_version: "apps/v1".to_owned(),
                    kind: kind.to_owned(),
                    name,
                },
                source,
            })
            .collect()
    }

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

/// What somebody has set in the objects of a release as it is installed, whether or not there is a record of it.
///
/// # Errors
/// When the cluster cannot be asked.
pub(crate) async fn all_foreign(
    connection: &Connection,
    release: &str,
) -> anyhow::Result<Vec<(ObjectName, Foreign)>> {
    let installed = revision::installed(connection, release)
        .await?
        .unwrap_or_default();
    let objects = objects::of_manifest(&installed.manifest)?;
    let found = objects.into_keys().map(async |object| {
        let found = object
            .api(connection)
            .get_metadata_opt(&object.name)
            .await
            .map_err(|error| connection.failed(&format!("reading the {}", object.title()), &error))?;
        let foreign = found.and_then(|found| of_owners(&found.metadata));
        anyhow::Ok(foreign.map(|foreign| (object, foreign)))
    });
    Ok(try_join_all(found).await?.into_iter().flatten().collect())
}

/// Gives helm what somebody has set in an object.
///
/// # Errors
/// When the cluster refuses.
pub(crate) async fn reclaim(
    connection: &Connection,
    object: &ObjectName,
    foreign: &Foreign,
) -> anyhow::Result<()> {
    // Nobody may have changed it again since it was read.
    let patch = json!({"metadata": {"managedFields": foreign.owners, "resourceVersion": foreign.version}});
    object
        .api(connection)
        .patch(&object.name, &params(), &Patch::Merge(&patch))
        .await
        .map_err(|error| connection.failed(&format!("taking back the {}", object.title()), &error))?;
    Ok(())
}

/// Makes the pods of a workload anew, as `kubectl rollout restart` does.
///
/// # Errors
/// When the cluster refuses.
pub(crate) async fn restart(connection: &Connection, workload: &ObjectName) -> anyhow::Result<()> {
    let now = Timestamp::now().to_string();
    let patch = json!({"spec": {"template": {"metadata": {"annotations": {ownership::RESTARTED_AT: now}}}}});
    workload
        .api(connection)
        .patch(&workload.name, &params(), &Patch::Merge(&patch))
        .await
        .map_err(|error| connection.failed(&format!("restarting the {}", workload.title()), &error))?;
    Ok(())
}

/// Of a change in the name of plasma.
pub(super) fn params() -> PatchParams {
    PatchParams {
        field_manager: Some(MANAGER.to_owned()),
        ..PatchParams::default()
    }
}

fn of_owners(metadata: &ObjectMeta) -> Option<Foreign> {
    let mut owners = metadata.managed_fields.clone().unwrap_or_default();
    let mut helm = match owners.iter().position(ownership::is_helms) {
        Some(at) => owners.remove(at),
        // Somebody has deleted the object and made it anew.
        None => ManagedFieldsEntry {
            manager: Some(HELM.to_owned()),
            operation: Some("Apply".to_owned()),
            fields_type: Some("FieldsV1".to_owned()),
            api_version: owners
                .iter()
                .find(|entry| ownership::foreign(entry).is_some())?
                .api_version
                .clone(),
            ..ManagedFieldsEntry::default()
        },
    };
    let version = helm.api_version.clone();
    let own = &mut helm.fields_v1.get_or_insert(FieldsV1(json!({}))).0;
    let (mut fields, mut by) = (BTreeSet::new(), BTreeSet::new());
    owners.retain_mut(|entry| {
        let Some(split) = ownership::foreign(entry).filter(|_| entry.api_version == version) else {
            return true;
        };
        add(own, &split.taken, "", &mut fields);
        by.insert(entry.manager.clone().unwrap_or_default());
        let keeps = !split.left.is_empty();
        entry.fields_v1 = Some(FieldsV1(Value::Object(split.left)));
        keeps
    });
    owners.insert(0, helm);
    (!fields.is_empty()).then(|| Foreign {
        by: by.into_iter().collect::<Vec<_>>().join(", "),
        fields: fields.into_iter().collect(),
        owners,
        version: metadata.resource_version.clone(),
    })
}

/// Adds a set of fields to another, and their paths to a list.
fn add(own: &mut Value, theirs: &Map<String, Value>, path: &str, fields: &mut BTreeSet<String>) {
    let Some(own) = own.as_object_mut() else { return };
    for (key, below) in theirs {
        let name = key.trim_start_matches("f:");
        let path = match name {
            "." => path.to_owned(),
            name if path.is_empty() => name.to_owned(),
            name => format!("{path}.{name}"),
        };
        let own = own.entry(key).or_insert(json!({}));
        match below.as_object() {
            Some(below) if !below.is_empty() => add(own, below, &path, fields),
            _ if name != "." => {
                fields.insert(path);
            }
            _ => {}
        }
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
    fn an_object_that_somebody_made_anew_becomes_helms() {
        let theirs = json!({"f:spec": {"f:selector": {}}, "f:metadata": {"f:labels": {"f:somebody": {}}}});
        let foreign = of_owners(&owned(&[("kubectl-create", "Update", theirs.clone())])).unwrap();
        assert_eq!(foreign.fields, ["metadata.labels.somebody", "spec.selector"]);
        let [helm] = foreign.owners.as_slice() else {
            unreachable!()
        };
        assert!(ownership::is_helms(helm));
        assert_eq!(helm.fields_v1.as_ref().unwrap().0, theirs);
    }

    #[test]
    fn what_a_controller_keeps_at_an_object_stays_its_own() {
        let fields = json!({
            "f:metadata": {"f:annotations": {".": {}, "f:cloud/backends": {}}, "f:finalizers": {".": {}, "v:\"cloud/lb\"": {}}},
            "f:spec": {"f:loadBalancerClass": {}},
        });
        let meta = owned(&[
            ("helm", "Apply", json!({"f:spec": {}})),
            ("lb-controller", "Update", fields),
        ]);
        let foreign = of_owners(&meta).unwrap();
        assert_eq!(foreign.fields, ["spec.loadBalancerClass"]);
        let theirs = &foreign.owners[1];
        assert_eq!(theirs.manager.as_deref(), Some("lb-controller"));
        let left = theirs.fields_v1.as_ref().unwrap();
        assert_eq!(left.0["f:metadata"]["f:finalizers"]["v:\"cloud/lb\""], json!({}));
        assert_eq!(left.0["f:spec"], Value::Null);
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
