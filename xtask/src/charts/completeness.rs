//! What a chart must not lack: a schema, a test, notes, and for the pods that stay probes, a network policy and, where
//! there may be several, a disruption budget. Nothing else notices when one of them is removed.

use std::{fs, path::Path};

use serde_json::Value;

use super::object::{Object, Pod};

/// The kinds whose pods stay. A job or a test ends by itself: nobody probes it, calls it or waits for it.
const STAYING: [&str; 3] = ["Deployment", "StatefulSet", "DaemonSet"];
const PROBES: [&str; 3] = ["startupProbe", "readinessProbe", "livenessProbe"];

/// What the files of a chart lack, each with the file.
pub(super) fn of_files(root: &Path, chart: &Path) -> Vec<String> {
    let place = |name: &str| chart.join(name).display().to_string();
    let read = |name: &str| fs::read_to_string(root.join(chart).join(name)).unwrap_or_default();
    let mut faults = Vec::new();
    let schema: Value = serde_json::from_str(&read("values.schema.json")).unwrap_or_default();
    let mut open = Vec::new();
    if schema.get("properties").is_none() {
        open.push("/".to_owned());
    }
    open_objects(&schema, "", &mut open);
    if !open.is_empty() {
        faults.push(format!(
            "{}: a chart has a schema of its values with `additionalProperties: false` for each object, or a misspelt one \
             counts for nothing; not so at {}",
            place("values.schema.json"),
            open.join(", ")
        ));
    }
    if read("templates/NOTES.txt").trim().is_empty() {
        faults.push(format!(
            "{}: a chart says what it has installed, and how to reach it",
            place("templates/NOTES.txt")
        ));
    }
    // A chart without the value has one pod by its nature: a database on its volume, a port of the node.
    let values: Value = serde_yaml::from_str(&read("values.yaml")).unwrap_or_default();
    if values.get("replicas").is_some() && !has_template(&root.join(chart), "kind: PodDisruptionBudget") {
        faults.push(format!(
            "{}: `replicas` may be more than one, and no template is a PodDisruptionBudget",
            place("values.yaml")
        ));
    }
    faults
}

/// Adds the places of a schema that take objects with whatever keys.
fn open_objects(schema: &Value, place: &str, open: &mut Vec<String>) {
    let Some(keywords) = schema.as_object() else {
        return;
    };
    let is_object = schema.get("type").is_some_and(|kind| kind == "object");
    if is_object || schema.get("properties").is_some() {
        match schema.get("additionalProperties") {
            Some(Value::Bool(false) | Value::Object(_)) => {}
            _ => open.push(if place.is_empty() { "/" } else { place }.to_owned()),
        }
    }
    for (keyword, below) in keywords {
        let here = format!("{place}/{keyword}");
        match below {
            // What stands in it are names of properties, and no keywords.
            Value::Object(named) if matches!(keyword.as_str(), "properties" | "$defs" | "definitions") => {
                for (name, schema) in named {
                    open_objects(schema, &format!("{here}/{name}"), open);
                }
            }
            Value::Object(_) => open_objects(below, &here, open),
            Value::Array(several) => {
                for (at, schema) in several.iter().enumerate() {
                    open_objects(schema, &format!("{here}/{at}"), open);
                }
            }
            _ => {}
        }
    }
}

/// A key that stands twice in a file of values: only one of them counts.
pub(super) fn of_values(root: &Path, file: &Path) -> Option<String> {
    let text = fs::read_to_string(root.join(file)).ok()?;
    let read = serde_yaml::from_str::<serde_yaml::Value>(&text);
    read.err().map(|error| format!("{}: {error}", file.display()))
}

/// What a release lacks, each with the object at fault. A release without an object to name is told by its first.
pub(super) fn of_release(objects: &[Object]) -> Vec<(&Object, String)> {
    let mut faults = Vec::new();
    for object in objects.iter().filter(|object| STAYING.contains(&object.kind())) {
        let Some(pod) = object.pod() else { continue };
        let mut found = unprobed(pod);
        if !is_chosen(pod, objects, "NetworkPolicy", "/spec/podSelector/matchLabels") {
            found.push("no NetworkPolicy of the release says who may call its pods".to_owned());
        }
        let replicas = object.body.pointer("/spec/replicas").and_then(Value::as_u64);
        if replicas.is_some_and(|replicas| replicas > 1)
            && !is_chosen(pod, objects, "PodDisruptionBudget", "/spec/selector/matchLabels")
        {
            found.push("it has several replicas and no PodDisruptionBudget".to_owned());
        }
        faults.extend(found.into_iter().map(|fault| (object, fault)));
    }
    let tests = objects.iter().any(|object| {
        let hook = object.text("/metadata/annotations/helm.sh~1hook");
        hook.split(',').any(|hook| hook.trim() == "test")
    });
    if let (false, Some(first)) = (tests, objects.first()) {
        faults.push((
            first,
            "the release has no test: a pod with the annotation `helm.sh/hook: test`".to_owned(),
        ));
    }
    faults
}

fn unprobed(pod: Pod<'_>) -> Vec<String> {
    let mut faults = Vec::new();
    for container in pod.containers() {
        let name = container.get("name").and_then(Value::as_str).unwrap_or_default();
        let missing = PROBES.iter().filter(|probe| container.get(**probe).is_none());
        faults.extend(missing.map(|probe| format!("container `{name}`: {probe} is missing")));
    }
    faults
}

fn is_chosen(pod: Pod<'_>, objects: &[Object], kind: &str, selector: &str) -> bool {
    objects
        .iter()
        .filter(|object| object.kind() == kind)
        .any(|object| pod.is_chosen_by(object.body.pointer(selector).unwrap_or(&Value::Null)))
}

fn has_template(chart: &Path, line: &str) -> bool {
    let templates = fs::read_dir(chart.join("templates"));
    templates
        .into_iter()
        .flatten()
        .flatten()
        .any(|entry| fs::read_to_string(entry.path()).is_ok_and(|text| text.lines().any(|own| own == line)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_object_of_a_schema_is_closed_or_says_what_it_takes() {
        let mut open = Vec::new();
        let closed = json!({"type": "object", "additionalProperties": false, "properties": {"properties": {"type": "string"}}});
        open_objects(&closed, "", &mut open);
        assert_eq!(open, Vec::<String>::new());
        let schema = json!({
            "properties": {
                "config": {"type": "object", "additionalProperties": {"type": "string"}},
                "image": {"type": "object", "properties": {}},
                "list": {"items": {"type": "object", "additionalProperties": true}},
            },
        });
        open_objects(&schema, "", &mut open);
        assert_eq!(open, ["/", "/properties/image", "/properties/list/items"]);
    }
}
