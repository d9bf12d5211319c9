//! What a deploy would change, as a person reads it: for each object the lines that differ from what runs. The cluster
//! itself works out what an object would become (a dry run of helm's apply), so that defaults are no differences.

use std::fmt::Write as _;

use kube::{
    Api,
    api::{Patch, PatchParams},
    core::DynamicObject,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use similar::TextDiff;

use super::{
    objects::{self, ObjectName},
    remake, revision,
    wish::Wanted,
};
use crate::{
    kube::{Connection, workload::RELEASE},
    outcome::Failure,
};

/// Stands for what must not be shown.
const MASK: &str = "••••••";
/// As whom helm applies.
pub(super) const HELM: &str = "helm";

/// The differences of some releases.
#[derive(Debug, Default)]
pub(crate) struct Diff {
    /// As it is shown.
    pub(crate) text: String,
}

impl Diff {
    /// Adds the differences of a release whose objects would be those of `rendered`, and whose values would be `values`.
    ///
    /// # Errors
    /// When the cluster cannot be asked or refuses an object.
    pub(crate) async fn release(
        &mut self,
        connection: Option<&Connection>,
        wanted: &Wanted,
        rendered: &str,
        values: &Value,
    ) -> anyhow::Result<()> {
        let installed = match connection {
            Some(connection) => revision::installed(connection, &wanted.name)
                .await?
                .unwrap_or_default(),
            None => Default::default(),
        };
        self.lines(&format!("{} values", wanted.name), &installed.config, values);
        let new = objects::of_manifest(rendered)?;
        for (name, object) in &new {
            if is_hook(object) {
                if !installed
                    .hooks
                    .iter()
                    .flatten()
                    .any(|hook| same(&hook.manifest, object))
                {
                    self.lines(&format!("{} (a hook)", name.title()), &Value::Null, object);
                }
                continue;
            }
            let compared = match connection {
                Some(connection) => compare(connection, wanted, name, object).await?,
                None => Compared::Changed(Value::Null, object.clone()),
            };
            let (live, after) = match compared {
                Compared::Changed(live, after) => (live, after),
                Compared::Anew(after) => {
                    self.healing(&name.title(), remake::ANEW);
                    (Value::Null, after)
                }
            };
            self.object(name, live, after);
        }
        for name in objects::of_manifest(&installed.manifest)?
            .keys()
            .filter(|name| !new.contains_key(name))
        {
            let _ = writeln!(self.text, "- {} is deleted", name.title());
        }
        Ok(())
    }

    /// Adds what changes in the Secret of an app: names of keys.
    pub(crate) fn secret(&mut self, name: &str, changes: &[String]) {
        if changes.is_empty() {
            return;
        }
        let _ = writeln!(self.text, "~ Secret {name}");
        for change in changes {
            let _ = writeln!(self.text, "    {change}: {MASK}");
        }
    }

    /// Adds what is done about an object beside the apply: fields that are taken away, pods that are made anew.
    pub(crate) fn healing(&mut self, title: &str, what: &str) {
        let _ = writeln!(self.text, "~ {title}: {what}");
    }

    /// What stands for exactly these differences on exactly this cluster. `secrets` stands for the values that are not
    /// shown.
    pub(crate) fn hash(&self, cluster: &str, secrets: &[String]) -> String {
        let mut digest = Sha256::new()
            .chain_update(cluster)
            .chain_update([0])
            .chain_update(&self.text);
        for secret in secrets {
            digest.update([0]);
            digest.update(secret);
        }
        hex::encode(&digest.finalize()[..8])
    }

    fn object(&mut self, name: &ObjectName, mut live: Value, mut after: Value) {
        if name.kind == "Secret" {
            mask(&mut live, &mut after);
        }
        self.lines(&name.title(), &live, &after);
    }

    fn lines(&mut self, title: &str, before: &Value, after: &Value) {
        let (before, after) = (yaml(before), yaml(after));
        if before == after {
            return;
        }
        let sign = if before.is_empty() { '+' } else { '~' };
        let _ = writeln!(self.text, "{sign} {title}");
        let diff = TextDiff::from_lines(&before, &after);
        for hunk in diff.unified_diff().context_radius(2).iter_hunks() {
            for change in hunk.iter_changes() {
                let _ = write!(self.text, "    {}{}", change.tag(), change.value());
                if change.missing_newline() {
                    self.text.push('\n');
                }
            }
        }
    }
}

/// An object as it is and as it would be, both without what the cluster keeps for itself.
enum Compared {
    Changed(Value, Value),
    /// It cannot become the other one, and is deleted first.
    Anew(Value),
}

async fn compare(
    connection: &Connection,
    wanted: &Wanted,
    name: &ObjectName,
    object: &Value,
) -> anyhow::Result<Compared> {
    let api: Api<DynamicObject> = name.api(connection);
    let failed = |error: &kube::Error| connection.failed(&format!("comparing the {}", name.title()), error);
    let Some(live) = api.get_opt(&name.name).await.map_err(|error| failed(&error))? else {
        return Ok(Compared::Changed(Value::Null, object.clone()));
    };
    let mut applied = object.clone();
    // What helm adds to every object.
    applied["metadata"]["annotations"][RELEASE] = json!(wanted.name);
    applied["metadata"]["annotations"]["meta.helm.sh/release-namespace"] = json!(connection.namespace);
    applied["metadata"]["labels"]["app.kubernetes.io/managed-by"] = json!("Helm");
    let params = PatchParams {
        dry_run: true,
        ..PatchParams::apply(HELM).force()
    };
    let live = clean(serde_json::to_value(live)?);
    match api.patch(&name.name, &params, &Patch::Apply(&applied)).await {
        Ok(after) => Ok(Compared::Changed(live, clean(serde_json::to_value(after)?))),
        Err(kube::Error::Api(status)) if remake::is_kept(&status.message) => {
            if remake::unborn(connection, &wanted.name)
                .await?
                .contains(&name.name)
            {
                return Ok(Compared::Anew(object.clone()));
            }
            let failure = Failure::failed(format!("{} cannot be changed so", name.title()));
            Err(remake::kept(failure, wanted).into())
        }
        Err(kube::Error::Api(status)) if status.code == 422 => Err(Failure::failed(format!(
            "the cluster refuses the {}",
            name.title()
        ))
        .because(status.message.clone())
        .advise(wanted.sources())
        .into()),
        Err(error) => Err(failed(&error).into()),
    }
}

fn clean(mut object: Value) -> Value {
    if let Some(fields) = object.as_object_mut() {
        fields.remove("status");
        if let Some(metadata) = fields.get_mut("metadata").and_then(Value::as_object_mut) {
            for own in [
                "managedFields",
                "resourceVersion",
                "uid",
                "creationTimestamp",
                "generation",
            ] {
                metadata.remove(own);
            }
        }
    }
    object
}

fn is_hook(object: &Value) -> bool {
    object.pointer("/metadata/annotations/helm.sh~1hook").is_some()
}

fn same(manifest: &str, object: &Value) -> bool {
    serde_yaml::from_str::<Value>(manifest).is_ok_and(|known| known == *object)
}

/// Hides the values of a Secret, and says which differ.
fn mask(live: &mut Value, after: &mut Value) {
    for part in ["data", "stringData"] {
        let old = live.get(part).cloned().unwrap_or_default();
        if let Some(fields) = after.get_mut(part).and_then(Value::as_object_mut) {
            for (key, value) in fields {
                let changed = old.get(key).is_some_and(|old| old != value);
                *value = json!(if changed {
                    format!("{MASK} (another)")
                } else {
                    MASK.to_owned()
                });
            }
        }
        if let Some(fields) = live.get_mut(part).and_then(Value::as_object_mut) {
            fields.values_mut().for_each(|value| *value = json!(MASK));
        }
    }
}

fn yaml(value: &Value) -> String {
    if value.is_null() || value.as_object().is_some_and(serde_json::Map::is_empty) {
        return String::new();
    }
    serde_yaml::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deployment(replicas: u32) -> Value {
        json!({"kind": "Deployment", "metadata": {"name": "photos"}, "spec": {"replicas": replicas}})
    }

    fn name(kind: &str) -> ObjectName {
        ObjectName {
            api_version: "v1".into(),
            kind: kind.into(),
            name: "photos".into(),
        }
    }

    #[test]
    fn only_what_differs_is_shown() {
        let mut diff = Diff::default();
        diff.object(&name("Deployment"), deployment(1), deployment(1));
        assert_eq!(diff.text, "");
        diff.object(&name("Deployment"), deployment(1), deployment(2));
        diff.object(&name("Service"), Value::Null, json!({"kind": "Service"}));
        insta::assert_snapshot!(diff.text, @r"
        ~ Deployment photos
               name: photos
             spec:
            -  replicas: 1
            +  replicas: 2
        + Service photos
            +kind: Service
        ");
    }

    #[test]
    fn values_of_secrets_are_never_shown() {
        let mut diff = Diff::default();
        let secret = |value: &str| json!({"data": {"PASSWORD": value, "USER": "c2FtZQ=="}});
        diff.object(&name("Secret"), secret("b2xk"), secret("bmV3"));
        assert!(!diff.text.contains("b2xk") && !diff.text.contains("bmV3") && !diff.text.contains("c2FtZQ"));
        assert!(diff.text.contains("PASSWORD: •••••• (another)"), "{}", diff.text);
    }

    #[test]
    fn the_hash_stands_for_text_cluster_and_secrets() {
        let diff = Diff {
            text: "~ Deployment photos\n".into(),
        };
        let hash = diff.hash("uid", &["s".into()]);
        assert_eq!(hash.len(), 16);
        assert_ne!(hash, diff.hash("other", &["s".into()]));
        assert_ne!(hash, diff.hash("uid", &["t".into()]));
        assert_ne!(hash, Diff::default().hash("uid", &["s".into()]));
    }
}
