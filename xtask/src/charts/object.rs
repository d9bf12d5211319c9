//! An object as a chart renders it, and the parts of it that the rules look at.

use serde_json::Value;

/// One rendered object.
#[derive(Debug)]
pub(super) struct Object {
    /// The template that made it, relative to the folder of the chart.
    pub(super) source: String,
    /// The object itself.
    pub(super) body: Value,
}

impl Object {
    pub(super) fn kind(&self) -> &str {
        self.text("/kind")
    }

    pub(super) fn name(&self) -> &str {
        self.text("/metadata/name")
    }

    /// The text at a JSON pointer; empty if there is none.
    pub(super) fn text(&self, pointer: &str) -> &str {
        self.body
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// The items at a JSON pointer; none if there is no list.
    pub(super) fn items(&self, pointer: &str) -> &[Value] {
        items(&self.body, pointer)
    }

    /// The pod that it makes, if it makes pods.
    pub(super) fn pod(&self) -> Option<Pod<'_>> {
        let (labels, spec) = match self.kind() {
            "Pod" => ("/metadata/labels", "/spec"),
            "Deployment" | "StatefulSet" | "DaemonSet" | "Job" => {
                ("/spec/template/metadata/labels", "/spec/template/spec")
            }
            _ => return None,
        };
        Some(Pod {
            labels: self.body.pointer(labels).unwrap_or(&Value::Null),
            spec: self.body.pointer(spec)?,
        })
    }
}

/// The pod that an object makes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pod<'o> {
    labels: &'o Value,
    pub(super) spec: &'o Value,
}

impl<'o> Pod<'o> {
    /// The containers that stay.
    pub(super) fn containers(self) -> &'o [Value] {
        items(self.spec, "/containers")
    }

    /// All containers, those that only prepare first.
    pub(super) fn all_containers(self) -> impl Iterator<Item = &'o Value> {
        items(self.spec, "/initContainers")
            .iter()
            .chain(self.containers())
    }

    /// Whether a selector of labels chooses it.
    pub(super) fn is_chosen_by(self, selector: &Value) -> bool {
        selector.as_object().is_some_and(|wanted| {
            !wanted.is_empty()
                && wanted
                    .iter()
                    .all(|(key, value)| self.labels.get(key) == Some(value))
        })
    }

    /// Whether a container listens on a port, given by name or number.
    pub(super) fn has_port(self, port: &Value) -> bool {
        let key = if port.is_string() { "name" } else { "containerPort" };
        self.containers()
            .iter()
            .flat_map(|container| items(container, "/ports"))
            .any(|own| own.get(key) == Some(port))
    }
}

/// The items at a JSON pointer; none if there is no list.
pub(super) fn items<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    value
        .pointer(pointer)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// The value as people write it: a text without quotes.
pub(super) fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
