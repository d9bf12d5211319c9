//! What the objects of a release say about each other: names of ports, of config maps, of variables. A cluster takes wrong
//! ones, and nothing comes through.

use config::{App, Value as _};
use serde_json::Value;
use std::time::Duration;

use super::object::{Object, Pod, items, shown};

/// The faults of one release, each with the object at fault. `app` is whose environment it has.
pub(super) fn faults<'o>(objects: &'o [Object], app: Option<&App>) -> Vec<(&'o Object, String)> {
    let mut faults = Vec::new();
    for object in objects {
        let mut found = match object.kind() {
            "Service" => service(object, objects),
            "Ingress" => ingress(object, objects),
            "NetworkPolicy" | "PodDisruptionBudget" => selector(object, objects),
            "ConfigMap" => app.map_or_else(Vec::new, |app| variables(object, app)),
            _ => Vec::new(),
        };
        if let Some(pod) = object.pod() {
            found.extend(own_selector(object, pod));
            found.extend(probes(pod));
            found.extend(config_maps(pod, objects));
            found.extend(app.and_then(|app| grace(pod, app, objects)));
        }
        faults.extend(found.into_iter().map(|fault| (object, fault)));
    }
    faults
}

fn pods(objects: &[Object]) -> impl Iterator<Item = Pod<'_>> {
    objects.iter().filter_map(Object::pod)
}

fn service(service: &Object, objects: &[Object]) -> Vec<String> {
    let wanted = service.body.pointer("/spec/selector").unwrap_or(&Value::Null);
    let chosen: Vec<Pod<'_>> = pods(objects).filter(|pod| pod.is_chosen_by(wanted)).collect();
    if chosen.is_empty() {
        return vec!["spec.selector: no pod of the release has these labels".to_owned()];
    }
    let ports = service.items("/spec/ports").iter();
    ports
        .map(|port| {
            port.get("targetPort")
                .or(port.get("port"))
                .unwrap_or(&Value::Null)
        })
        .filter(|target| !chosen.iter().any(|pod| pod.has_port(target)))
        .map(|target| format!("spec.ports: the pods behind it have no port `{}`", shown(target)))
        .collect()
}

fn ingress(ingress: &Object, objects: &[Object]) -> Vec<String> {
    let mut faults = Vec::new();
    let rules = ingress.items("/spec/rules").iter();
    for backend in rules
        .flat_map(|rule| items(rule, "/http/paths"))
        .filter_map(|path| path.pointer("/backend/service"))
    {
        let name = backend.get("name").map(shown).unwrap_or_default();
        let service = objects
            .iter()
            .find(|object| object.kind() == "Service" && object.name() == name);
        let Some(service) = service else {
            faults.push(format!("spec.rules: the release has no Service `{name}`"));
            continue;
        };
        let port = backend.get("port").unwrap_or(&Value::Null);
        let has = |key: &str, wanted: &Value| {
            let mut ports = service.items("/spec/ports").iter();
            ports.any(|own| own.get(key) == Some(wanted))
        };
        let found = port.get("name").is_some_and(|wanted| has("name", wanted))
            || port.get("number").is_some_and(|wanted| has("port", wanted));
        if !found {
            faults.push(format!("spec.rules: Service `{name}` has no such port: {port}"));
        }
    }
    faults
}

fn selector(object: &Object, objects: &[Object]) -> Vec<String> {
    let pointer = if object.kind() == "NetworkPolicy" {
        "/spec/podSelector/matchLabels"
    } else {
        "/spec/selector/matchLabels"
    };
    let wanted = object.body.pointer(pointer).unwrap_or(&Value::Null);
    let chosen: Vec<Pod<'_>> = pods(objects).filter(|pod| pod.is_chosen_by(wanted)).collect();
    if chosen.is_empty() {
        return vec![format!(
            "{}: no pod of the release has these labels",
            pointer.replace('/', ".").trim_start_matches('.')
        )];
    }
    let ports = object
        .items("/spec/ingress")
        .iter()
        .flat_map(|rule| items(rule, "/ports"));
    ports
        .filter_map(|port| port.get("port"))
        .filter(|port| !chosen.iter().any(|pod| pod.has_port(port)))
        .map(|port| {
            format!(
                "spec.ingress: the pods that it guards have no port `{}`",
                shown(port)
            )
        })
        .collect()
}

fn own_selector(object: &Object, pod: Pod<'_>) -> Option<String> {
    let wanted = object.body.pointer("/spec/selector/matchLabels")?;
    (!pod.is_chosen_by(wanted)).then(|| "spec.selector: its own pods do not have these labels".to_owned())
}

fn probes(pod: Pod<'_>) -> Vec<String> {
    let mut faults = Vec::new();
    for container in pod.containers() {
        for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
            for how in ["httpGet", "tcpSocket"] {
                let port = container.pointer(&format!("/{probe}/{how}/port"));
                if let Some(port) = port.filter(|port| !pod.has_port(port)) {
                    faults.push(format!("{probe}: no container has a port `{}`", shown(port)));
                }
            }
        }
    }
    faults
}

fn config_maps(pod: Pod<'_>, objects: &[Object]) -> Vec<String> {
    let of_env = pod
        .all_containers()
        .flat_map(|container| items(container, "/envFrom"))
        .filter_map(|from| from.pointer("/configMapRef/name"));
    let of_volumes = items(pod.spec, "/volumes")
        .iter()
        .filter_map(|volume| volume.pointer("/configMap/name"));
    of_env
        .chain(of_volumes)
        .map(shown)
        .filter(|name| {
            !objects
                .iter()
                .any(|object| object.kind() == "ConfigMap" && object.name() == name)
        })
        .map(|name| format!("the release has no ConfigMap `{name}`"))
        .collect()
}

/// The names of an app's ConfigMap are names of its environment, and none is a secret.
fn variables(map: &Object, app: &App) -> Vec<String> {
    if map.name() != format!("{}-env", app.name) {
        return Vec::new();
    }
    let data = map.body.pointer("/data").and_then(Value::as_object);
    let names = data.into_iter().flatten().map(|(name, _)| name);
    names
        .filter_map(|name| match app.by_variable(name) {
            None => Some(format!("data.{name}: is no variable of {}", app.name)),
            Some(variable) if variable.secret => {
                Some(format!("data.{name}: is a secret: it belongs into the Secret"))
            }
            Some(_) => None,
        })
        .collect()
}

/// A pod is killed only after the pause before its end, and the time that its running calls have, are over.
fn grace(pod: Pod<'_>, app: &App, objects: &[Object]) -> Option<String> {
    let name = format!("{}SHUTDOWN_TIMEOUT", app.prefix);
    let variable = app.by_variable(&name)?;
    let set = objects
        .iter()
        .filter(|object| object.kind() == "ConfigMap")
        .find_map(|object| object.body.pointer(&format!("/data/{name}"))?.as_str());
    let shutdown = match (set, variable.fallback) {
        (Some(text), _) | (None, config::Fallback::Text(text)) => Duration::parse(text).ok()?,
        _ => return None,
    };
    // A pod that nobody stops, such as a test's, has no pause.
    let mut pauses = pod.containers().iter();
    let pause =
        pauses.find_map(|container| container.pointer("/lifecycle/preStop/sleep/seconds")?.as_u64())?;
    let grace = pod
        .spec
        .get("terminationGracePeriodSeconds")
        .and_then(Value::as_u64)?;
    let needed = pause + shutdown.as_secs();
    (grace <= needed).then(|| {
        format!(
            "terminationGracePeriodSeconds: is {grace}, must be more than the {pause} s of preStop and the {} s of {name}",
            shutdown.as_secs()
        )
    })
}
