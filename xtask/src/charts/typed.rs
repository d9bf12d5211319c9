//! Holds an object against the Kubernetes type that its `kind` names: every field that it has must be a field of that
//! type, and must have its type. As `kubeconform` does, but from the types that plasma is compiled with.

use k8s_openapi::{
    Resource,
    api::{
        apps::v1::{DaemonSet, Deployment, StatefulSet},
        autoscaling::v2::HorizontalPodAutoscaler,
        batch::v1::{CronJob, Job},
        core::v1::{ConfigMap, Namespace, PersistentVolumeClaim, Pod, Secret, Service, ServiceAccount},
        networking::v1::{Ingress, IngressClass, NetworkPolicy},
        policy::v1::PodDisruptionBudget,
        rbac::v1::{ClusterRole, ClusterRoleBinding, Role, RoleBinding},
    },
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// What Kubernetes would not understand in an object, each with the path of its field.
pub(super) fn faults(object: &Value) -> Vec<String> {
    let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
    let (version, kind) = (text("apiVersion"), text("kind"));
    match known(version, kind, object) {
        Some(Ok(kept)) => {
            let mut lost = Vec::new();
            compare(object, &kept, &mut String::new(), &mut lost);
            let about = |path| format!("{path}: {version} {kind} has no such field");
            lost.into_iter().map(about).collect()
        }
        Some(Err(fault)) => vec![fault],
        None => vec![format!(
            "kind: `{kind}` of `{version}` is none of the kinds that plasma knows; if it is right, add it to \
             xtask/src/charts/typed.rs"
        )],
    }
}

macro_rules! kinds {
    ($($kind:ty),+ $(,)?) => {
        /// The object after it went through its type and back; none if the kind is not known.
        fn known(version: &str, kind: &str, object: &Value) -> Option<Result<Value, String>> {
            $(
                if version == <$kind as Resource>::API_VERSION && kind == <$kind as Resource>::KIND {
                    return Some(round_trip::<$kind>(object));
                }
            )+
            None
        }
    };
}

kinds![
    ClusterRole,
    ClusterRoleBinding,
    ConfigMap,
    CronJob,
    DaemonSet,
    Deployment,
    HorizontalPodAutoscaler,
    Ingress,
    IngressClass,
    Job,
    Namespace,
    NetworkPolicy,
    PersistentVolumeClaim,
    Pod,
    PodDisruptionBudget,
    Role,
    RoleBinding,
    Secret,
    Service,
    ServiceAccount,
    StatefulSet,
];

fn round_trip<T: DeserializeOwned + Serialize>(object: &Value) -> Result<Value, String> {
    let typed: T = serde_path_to_error::deserialize(object)
        .map_err(|error| format!("{}: {}", error.path(), error.inner()))?;
    serde_json::to_value(typed).map_err(|error| error.to_string())
}

/// Collects the paths of what is in `given` and not in `kept`.
fn compare(given: &Value, kept: &Value, path: &mut String, lost: &mut Vec<String>) {
    let length = path.len();
    match (given, kept) {
        (Value::Object(given), Value::Object(kept)) => {
            // `null` means that the field is not set.
            for (key, value) in given.iter().filter(|(_, value)| !value.is_null()) {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(key);
                match kept.get(key) {
                    Some(kept) => compare(value, kept, path, lost),
                    None => lost.push(path.clone()),
                }
                path.truncate(length);
            }
        }
        (Value::Array(given), Value::Array(kept)) => {
            for (at, value) in given.iter().enumerate() {
                path.push_str(&format!("[{at}]"));
                match kept.get(at) {
                    Some(kept) => compare(value, kept, path, lost),
                    None => lost.push(path.clone()),
                }
                path.truncate(length);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn deployment(spec: &Value) -> Value {
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "photos"}, "spec": spec})
    }

    #[test]
    fn a_right_object_is_right_with_all_its_empty_and_unset_parts() {
        let spec = json!({
            "replicas": 2, "selector": {"matchLabels": {"a": "b"}}, "strategy": null,
            "template": {"spec": {
                "containers": [{"name": "photos", "resources": {}, "args": [], "startupProbe": {"httpGet": {"port": "http"}}}],
                "volumes": [{"name": "spool", "emptyDir": {}}],
            }},
        });
        assert_eq!(faults(&deployment(&spec)), Vec::<String>::new());
    }

    #[test]
    fn a_misspelt_field_is_named_wherever_it_stands() {
        let spec = json!({
            "replica": 2, "selector": {},
            "template": {"spec": {"containers": [
                {"name": "a"},
                {"name": "b", "readinessProb": {}, "securityContext": {"readOnlyRootFileSystem": true}},
            ]}},
        });
        assert_eq!(
            faults(&deployment(&spec)),
            [
                "spec.replica: apps/v1 Deployment has no such field",
                "spec.template.spec.containers[1].readinessProb: apps/v1 Deployment has no such field",
                "spec.template.spec.containers[1].securityContext.readOnlyRootFileSystem: \
                 apps/v1 Deployment has no such field",
            ]
        );
    }

    #[test]
    fn a_value_of_another_type_is_told_with_its_path() {
        let spec = json!({"replicas": "two", "selector": {}, "template": {}});
        assert_eq!(
            faults(&deployment(&spec)),
            ["spec.replicas: invalid type: string \"two\", expected i32"]
        );
        let env = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"PS_MIGRATE": false}});
        assert_eq!(
            faults(&env),
            ["data.PS_MIGRATE: invalid type: boolean `false`, expected a string"]
        );
    }

    #[test]
    fn an_unknown_kind_and_an_old_version_are_refused() {
        let old = json!({"apiVersion": "policy/v1beta1", "kind": "PodDisruptionBudget"});
        assert!(faults(&old)[0].contains("`PodDisruptionBudget` of `policy/v1beta1`"));
        assert_eq!(faults(&json!({})).len(), 1);
    }
}
