//! What every pod keeps to: it runs as nobody, writes to its volumes only, and holds no more rights than its work needs.

use serde_json::{Value, json};

use super::object::{Object, Pod};

/// What each pod must say.
const POD: [(&str, Value); 4] = [
    ("/enableServiceLinks", Value::Bool(false)),
    ("/securityContext/runAsNonRoot", Value::Bool(true)),
    ("/securityContext/seccompProfile/type", Value::Null),
    ("/automountServiceAccountToken", Value::Bool(false)),
];

/// What each container must say.
const CONTAINER: [(&str, Value); 2] = [
    ("/securityContext/allowPrivilegeEscalation", Value::Bool(false)),
    ("/securityContext/readOnlyRootFilesystem", Value::Bool(true)),
];

/// The faults of one release, each with the object at fault.
pub(super) fn faults(objects: &[Object]) -> Vec<(&Object, String)> {
    let mut faults = Vec::new();
    for object in objects {
        if let Some(pod) = object.pod() {
            faults.extend(of_pod(pod).into_iter().map(|fault| (object, fault)));
        }
    }
    faults
}

fn of_pod(pod: Pod<'_>) -> Vec<String> {
    let mut faults = Vec::new();
    for (pointer, wanted) in &POD {
        let wanted = match wanted {
            Value::Null => json!("RuntimeDefault"),
            wanted => wanted.clone(),
        };
        // A pod with an account of its own speaks to the API server: its Role says what it may do there.
        let has_account = pod.spec.get("serviceAccountName").is_some();
        if *pointer == "/automountServiceAccountToken" && has_account {
            continue;
        }
        require(pod.spec, "the pod", pointer, &wanted, &mut faults);
    }
    for container in pod.all_containers() {
        let name = container.get("name").and_then(Value::as_str).unwrap_or_default();
        let about = format!("container `{name}`");
        for (pointer, wanted) in &CONTAINER {
            require(container, &about, pointer, wanted, &mut faults);
        }
        require(
            container,
            &about,
            "/securityContext/capabilities/drop",
            &json!(["ALL"]),
            &mut faults,
        );
        for pointer in [
            "/resources/requests/memory",
            "/resources/requests/cpu",
            "/resources/limits/memory",
        ] {
            if container.pointer(pointer).is_none() {
                faults.push(format!("{about}: {} is missing", dotted(pointer)));
            }
        }
    }
    faults
}

fn require(value: &Value, about: &str, pointer: &str, wanted: &Value, faults: &mut Vec<String>) {
    if value.pointer(pointer) != Some(wanted) {
        faults.push(format!("{about}: {} must be {wanted}", dotted(pointer)));
    }
}

fn dotted(pointer: &str) -> String {
    pointer.trim_start_matches('/').replace('/', ".")
}
