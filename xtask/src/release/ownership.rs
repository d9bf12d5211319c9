//! Who set which fields of an object, as the cluster itself keeps it, and which of that counts as somebody's change. The
//! format: <https://kubernetes.io/docs/reference/using-api/server-side-apply/>, of the sets of fields:
//! <https://github.com/kubernetes-sigs/structured-merge-diff/blob/v6.3.0/fieldpath/serialize.go>.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{FieldsV1, ManagedFieldsEntry, ObjectMeta};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::diff::HELM;
use crate::kube::MANAGER;

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
/// Everything that a person does with kubectl is written under such a name: `kubectl-patch`.
const PERSON: &str = "kubectl";
/// What `kubectl rollout restart` writes into the pods' annotations.
pub(super) const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";
/// Whoever restarts pods by hand asks for nothing that stays.
const RESTARTED: [&str; 5] = ["spec", "template", "metadata", "annotations", RESTARTED_AT];
/// Where the content of a ConfigMap or Secret is.
const CONTENT: [&str; 2] = ["f:data", "f:binaryData"];

/// What changes when somebody changes an object; nothing if that cannot be told.
pub(crate) type Mark = Option<String>;

/// The mark of an object: what helm has set, and what somebody else has who is none of the cluster's own. That of a ConfigMap
/// or Secret has the mark of its content behind a blank.
pub(crate) fn mark(metadata: &ObjectMeta) -> String {
    let owned = metadata.managed_fields.iter().flatten().filter_map(|entry| {
        let fields = if is_helms(entry) {
            fields_of(entry).cloned()?
        } else {
            Value::Object(foreign(entry)?.taken)
        };
        Some(json!([entry.manager, entry.operation, fields]))
    });
    let all = digest(owned);
    match content_mark(metadata) {
        Some(content) => format!("{all} {content}"),
        None => all,
    }
}

/// The mark of the content of a ConfigMap or Secret, which changes with every write: what was changed and put back, a process
/// may have read meanwhile. Nothing if it has none.
pub(super) fn content_mark(metadata: &ObjectMeta) -> Mark {
    let entries = metadata.managed_fields.iter().flatten();
    let mut owned = entries
        .filter_map(|entry| {
            Some(json!([
                entry.manager,
                entry.operation,
                content(entry)?,
                entry.time
            ]))
        })
        .peekable();
    owned.peek()?;
    Some(digest(owned))
}

/// The part of a mark that stands for content.
pub(super) fn content_of(mark: &str) -> Option<&str> {
    Some(mark.split_once(' ')?.1)
}

fn digest(entries: impl Iterator<Item = Value>) -> String {
    let mut entries: Vec<String> = entries.map(|entry| entry.to_string()).collect();
    entries.sort_unstable();
    let mut digest = Sha256::new();
    entries.iter().for_each(|entry| digest.update(entry));
    hex::encode(&digest.finalize()[..8])
}

/// Whether this is what helm applies.
pub(super) fn is_helms(entry: &ManagedFieldsEntry) -> bool {
    entry.manager.as_deref() == Some(HELM)
        && entry.operation.as_deref() == Some("Apply")
        && entry.subresource.is_none()
}

/// What an entry has of an object, by whether it counts as somebody's change.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Split {
    /// What is taken back.
    pub(super) taken: Map<String, Value>,
    /// What its owner keeps.
    pub(super) left: Map<String, Value>,
}

/// What somebody has set whose work it is not. Controllers of a cloud write labels, annotations, finalizers and owners of
/// their own into objects, and would write them again: of what lies outside of the specification only a person's counts.
/// Nothing if nothing is taken back.
pub(super) fn foreign(entry: &ManagedFieldsEntry) -> Option<Split> {
    let manager = entry.manager.as_deref().unwrap_or_default();
    if entry.subresource.is_some() || BY_DUTY.contains(&manager) {
        return None;
    }
    let is_left = |path: &[&str]| match path {
        ["metadata"] => !manager.starts_with(PERSON),
        ["metadata", "finalizers" | "ownerReferences"] => true,
        path => path == RESTARTED,
    };
    let split = split(fields_of(entry)?, &is_left, &mut Vec::new());
    (!split.taken.is_empty()).then_some(split)
}

/// The keys of the content of a Secret that others than plasma have set.
pub(super) fn foreign_keys(metadata: &ObjectMeta) -> Vec<String> {
    let entries = metadata.managed_fields.iter().flatten();
    let others = entries.filter(|entry| entry.manager.as_deref() != Some(MANAGER));
    let keys = others.filter_map(content).flat_map(|content| {
        let keys: Vec<String> = content
            .values()
            .filter_map(Value::as_object)
            .flat_map(keys)
            .collect();
        keys
    });
    keys.collect()
}

fn keys(fields: &Map<String, Value>) -> Vec<String> {
    let keys = fields.keys().filter_map(|key| key.strip_prefix("f:"));
    keys.map(str::to_owned).collect()
}

fn fields_of(entry: &ManagedFieldsEntry) -> Option<&Value> {
    entry.fields_v1.as_ref().map(|FieldsV1(fields)| fields)
}

/// What an entry has of the content of a ConfigMap or Secret.
fn content(entry: &ManagedFieldsEntry) -> Option<Map<String, Value>> {
    let fields = fields_of(entry)?.as_object()?;
    let content = CONTENT
        .into_iter()
        .filter_map(|part| Some((part.to_owned(), fields.get(part)?.clone())));
    let content: Map<String, Value> = content.collect();
    (!content.is_empty()).then_some(content)
}

fn split<'v>(fields: &'v Value, is_left: &impl Fn(&[&str]) -> bool, path: &mut Vec<&'v str>) -> Split {
    let mut all = Split::default();
    for (key, below) in fields.as_object().into_iter().flatten() {
        path.push(key.trim_start_matches("f:"));
        if is_left(path) {
            all.left.insert(key.clone(), below.clone());
        } else if below.as_object().is_none_or(Map::is_empty) {
            all.taken.insert(key.clone(), below.clone());
        } else {
            let below = split(below, is_left, path);
            // `.` is the map or list itself, of whichever content.
            if below.taken.keys().any(|key| key != ".") {
                all.taken.insert(key.clone(), Value::Object(below.taken));
            }
            if !below.left.is_empty() {
                all.left.insert(key.clone(), Value::Object(below.left));
            }
        }
        path.pop();
    }
    all
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn entry(manager: &str, operation: &str, time: u8, fields: &Value) -> ManagedFieldsEntry {
        serde_json::from_value(
            json!({"manager": manager, "operation": operation, "apiVersion": "v1",
            "time": format!("2026-01-01T12:00:{time:02}Z"), "fieldsType": "FieldsV1", "fieldsV1": fields}),
        )
        .unwrap()
    }

    fn marked(entries: &[(&str, &str, u8, Value)]) -> String {
        let entries = entries
            .iter()
            .map(|(manager, operation, time, fields)| entry(manager, operation, *time, fields));
        mark(&ObjectMeta {
            managed_fields: Some(entries.collect()),
            ..ObjectMeta::default()
        })
    }

    #[test]
    fn a_service_is_another_one_after_a_person_but_not_after_a_controller() {
        let ports = json!({"f:spec": {"f:ports": {}, "f:selector": {}}});
        let annotation = json!({"f:metadata": {"f:annotations": {".": {}, "f:router": {}}}});
        let by_helm = ("helm", "Apply", 1, ports);
        let own = marked(std::slice::from_ref(&by_helm));
        let with = |manager: &'static str, fields: &Value| {
            marked(&[by_helm.clone(), (manager, "Update", 2, fields.clone())])
        };
        assert_ne!(with("kubectl-annotate", &annotation), own);
        assert_eq!(with("lb-controller", &annotation), own);
        let finalizer = json!({"f:metadata": {"f:finalizers": {".": {}, "v:\"cloud/lb\"": {}}}});
        assert_eq!(with("lb-controller", &finalizer), own);
        assert_eq!(with("kubectl-edit", &finalizer), own);
        let class = json!({"f:spec": {"f:loadBalancerClass": {}}});
        assert_ne!(with("lb-controller", &class), own);
        assert_eq!(with("kube-controller-manager", &class), own);
        // Whoever changes what helm has set takes it from helm.
        assert_ne!(
            marked(&[("helm", "Apply", 1, json!({"f:spec": {"f:ports": {}}}))]),
            own
        );
        assert_eq!(
            marked(&[("helm", "Apply", 9, by_helm.3.clone())]),
            own,
            "when it was applied does not count"
        );
    }

    #[test]
    fn a_restart_by_hand_changes_nothing() {
        let by_helm = ("helm", "Apply", 1, json!({"f:spec": {"f:replicas": {}}}));
        let restarted = json!({"f:spec": {"f:template": {"f:metadata": {"f:annotations": {
            ".": {}, "f:kubectl.kubernetes.io/restartedAt": {}}}}}});
        assert_eq!(
            marked(&[by_helm.clone(), ("kubectl-rollout", "Update", 2, restarted)]),
            marked(&[by_helm])
        );
    }

    #[test]
    fn content_that_was_changed_and_put_back_is_another_one() {
        let content = json!({"f:data": {"f:PS_LOG": {}}});
        let by_plasma = ("plasma", "Apply", 1, content.clone());
        let own = marked(std::slice::from_ref(&by_plasma));
        let once = marked(&[by_plasma.clone(), ("kubectl-patch", "Update", 2, content.clone())]);
        let again = marked(&[by_plasma.clone(), ("kubectl-patch", "Update", 3, content)]);
        assert_ne!(once, own);
        assert_ne!(again, once);
        // What a backup notes at an object is no change of its content.
        let noted = json!({"f:metadata": {"f:labels": {"f:saved": {}}}});
        assert_eq!(
            marked(&[by_plasma.clone(), ("velero", "Update", 2, noted.clone())]),
            own
        );
        // A person's label is a change of the object, and none of its content.
        let labelled = marked(&[by_plasma, ("kubectl-label", "Update", 2, noted)]);
        assert_ne!(labelled, own);
        assert_eq!(content_of(&labelled), content_of(&own));
    }

    #[test]
    fn keys_of_others_are_told() {
        let metadata = ObjectMeta {
            managed_fields: Some(vec![
                entry("plasma", "Apply", 1, &json!({"f:data": {"f:PS_JWT_SECRET": {}}})),
                entry(
                    "kubectl-patch",
                    "Update",
                    2,
                    &json!({"f:data": {".": {}, "f:PS_NOPE": {}}}),
                ),
            ]),
            ..ObjectMeta::default()
        };
        assert_eq!(foreign_keys(&metadata), ["PS_NOPE"]);
    }
}
