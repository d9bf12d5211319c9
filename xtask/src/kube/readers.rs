//! Which workloads read a Secret or a ConfigMap. A process reads its environment once: after a change only another pod has it.

use k8s_openapi::api::core::v1::PodSpec;
use serde_json::Value;

use super::{snapshot::Snapshot, workload::belongs};

/// What is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// These keys of a Secret.
    Secret { name: String, keys: Vec<String> },
    /// A ConfigMap.
    ConfigMap { name: String },
}

/// The workloads of a release that read one of the sources, by kind and name, each with the first source.
pub(crate) fn readers(
    snapshot: &Snapshot,
    release: &str,
    sources: &[Source],
) -> Vec<(&'static str, String, Source)> {
    let mut found = Vec::new();
    let mut add = |kind, name: &Option<String>, spec: Option<&PodSpec>| {
        let spec = serde_json::to_value(spec).unwrap_or_default();
        if let Some(source) = sources.iter().find(|source| source.is_read_by(&spec)) {
            found.push((kind, name.clone().unwrap_or_default(), source.clone()));
        }
    };
    for it in &snapshot.deployments {
        if let Some(spec) = it.spec.as_ref().filter(|_| belongs(it.as_ref(), release)) {
            add("Deployment", &it.metadata.name, spec.template.spec.as_ref());
        }
    }
    for it in &snapshot.stateful_sets {
        if let Some(spec) = it.spec.as_ref().filter(|_| belongs(it.as_ref(), release)) {
            add("StatefulSet", &it.metadata.name, spec.template.spec.as_ref());
        }
    }
    for it in &snapshot.daemon_sets {
        if let Some(spec) = it.spec.as_ref().filter(|_| belongs(it.as_ref(), release)) {
            add("DaemonSet", &it.metadata.name, spec.template.spec.as_ref());
        }
    }
    found
}

impl Source {
    /// `Secret photos-env`.
    pub(crate) fn title(&self) -> String {
        match self {
            Self::Secret { name, .. } => format!("Secret {name}"),
            Self::ConfigMap { name } => format!("ConfigMap {name}"),
        }
    }

    /// Whether a pod of this specification reads it.
    fn is_read_by(&self, spec: &Value) -> bool {
        let (name, all, one, volume) = match self {
            Self::Secret { name, .. } => (
                name,
                "/secretRef/name",
                "/valueFrom/secretKeyRef",
                "/secret/secretName",
            ),
            Self::ConfigMap { name } => (
                name,
                "/configMapRef/name",
                "/valueFrom/configMapKeyRef",
                "/configMap/name",
            ),
        };
        let is_it = |value: Option<&Value>| value.and_then(Value::as_str) == Some(name);
        let containers = ["/initContainers", "/containers"];
        let mut containers = containers.into_iter().flat_map(|at| items(spec, at));
        let by_environment = containers.any(|container| {
            items(container, "/envFrom").any(|from| is_it(from.pointer(all)))
                || items(container, "/env").any(|variable| {
                    let named = variable.pointer(one);
                    let key = named.and_then(|named| named.get("key")?.as_str());
                    is_it(named.and_then(|named| named.get("name"))) && key.is_some_and(|key| self.has(key))
                })
        });
        by_environment || items(spec, "/volumes").any(|own| is_it(own.pointer(volume)))
    }

    fn has(&self, key: &str) -> bool {
        match self {
            Self::Secret { keys, .. } => keys.iter().any(|own| own == key),
            Self::ConfigMap { .. } => true,
        }
    }
}

fn items<'v>(value: &'v Value, pointer: &str) -> impl Iterator<Item = &'v Value> {
    value
        .pointer(pointer)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_secret_is_read_as_a_whole_or_by_its_keys() {
        let secret = |key: &str| Source::Secret {
            name: "photos-env".into(),
            keys: vec![key.into()],
        };
        let photos = json!({"containers": [{"envFrom": [
            {"configMapRef": {"name": "photos-env"}}, {"secretRef": {"name": "photos-env"}}]}]});
        assert!(secret("PS_JWT_SECRET").is_read_by(&photos));
        let redis = json!({"containers": [{"env": [{"valueFrom": {"secretKeyRef":
            {"name": "photos-env", "key": "PS_REDIS_PASSWORD"}}}]}]});
        assert!(secret("PS_REDIS_PASSWORD").is_read_by(&redis));
        assert!(!secret("PS_JWT_SECRET").is_read_by(&redis));
    }

    #[test]
    fn a_config_map_is_read_as_environment_or_as_files() {
        let map = |name: &str| Source::ConfigMap { name: name.into() };
        let pod = json!({"containers": [{}], "volumes": [{"configMap": {"name": "redis"}}]});
        assert!(map("redis").is_read_by(&pod) && !map("photos-env").is_read_by(&pod));
    }
}
