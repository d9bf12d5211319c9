//! The Secret of an app in the cluster. plasma applies it itself and knows by a mark whether somebody has changed it since:
//! what is not to be in it is taken out, whoever put it there.

use std::collections::BTreeMap;

use anyhow::Context as _;
use k8s_openapi::{ByteString, api::core::v1::Secret, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use kube::{
    Api,
    api::{Patch, PatchParams},
};
use serde_json::json;

use super::{
    env::AppEnv,
    healing,
    ownership::{self, Mark},
};
use crate::kube::{Connection, MANAGER};

/// The Secret of an app as the cluster has it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Existing {
    pub(crate) values: BTreeMap<String, ByteString>,
    /// Of its content; nothing if there is no such Secret.
    pub(crate) mark: Mark,
    /// The keys that somebody else has set, or set once more.
    foreign_keys: Vec<String>,
}

/// How the Secret of an app differs from what it should be: names of keys, never values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Differences {
    missing: Vec<String>,
    other: Vec<String>,
    surplus: Vec<String>,
    /// Right now, but set by somebody since plasma did: a pod may have read something else meanwhile.
    put_back: Vec<String>,
}

impl Differences {
    /// What of the existing Secret differs from the environment; `known` is the mark that plasma left it with.
    pub(crate) fn of(existing: &Existing, known: Option<&String>, env: &AppEnv) -> Self {
        let mut found = Self::default();
        for (name, secret) in &env.secrets {
            match existing.values.get(name) {
                None => found.missing.push(name.clone()),
                Some(ByteString(value)) if value != secret.expose().as_bytes() => {
                    found.other.push(name.clone());
                }
                Some(_) => {}
            }
        }
        let surplus = existing.values.keys();
        found.surplus = surplus
            .filter(|name| !env.secrets.contains_key(*name))
            .cloned()
            .collect();
        if known.is_some() && known != existing.mark.as_ref() {
            let keys = existing.foreign_keys.iter();
            found.put_back = keys
                .filter(|key| env.secrets.contains_key(*key) && !found.other.contains(key))
                .cloned()
                .collect();
        }
        found
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.keys().next().is_none()
    }

    /// All keys that a process may have with another value than it should.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &String> {
        let all = [&self.missing, &self.other, &self.surplus, &self.put_back];
        all.into_iter().flatten()
    }

    /// Those that only somebody else can have set, if the wish has not changed.
    pub(crate) fn foreign_keys(&self) -> impl Iterator<Item = &String> {
        self.surplus.iter().chain(&self.put_back)
    }

    /// What an apply changes: `+ KEY`, `~ KEY`, `- KEY`.
    pub(crate) fn changes(&self) -> Vec<String> {
        let all = [('-', &self.surplus), ('+', &self.missing), ('~', &self.other)];
        all.into_iter()
            .flat_map(|(sign, names)| names.iter().map(move |name| format!("{sign} {name}")))
            .collect()
    }
}

/// The name of an app's Secret.
pub(crate) fn secret_name(app: &str) -> String {
    format!("{app}-env")
}

/// Reads the Secret of an app.
///
/// # Errors
/// When the cluster cannot be asked.
pub(crate) async fn existing(connection: &Connection, app: &str) -> anyhow::Result<Existing> {
    let secrets: Api<Secret> = Api::namespaced(connection.client.clone(), &connection.namespace);
    let found = secrets
        .get_opt(&secret_name(app))
        .await
        .map_err(|error| connection.failed(&format!("reading the Secret {}", secret_name(app)), &error))?;
    Ok(found.map(of_object).unwrap_or_default())
}

fn of_object(secret: Secret) -> Existing {
    Existing {
        mark: ownership::content_mark(&secret.metadata),
        foreign_keys: ownership::foreign_keys(&secret.metadata),
        values: secret.data.unwrap_or_default(),
    }
}

/// Makes or changes the Secret of an app, and returns the mark that it has then.
///
/// # Errors
/// When the cluster refuses.
pub(crate) async fn apply(
    connection: &Connection,
    app: &str,
    env: &AppEnv,
    differences: &Differences,
) -> anyhow::Result<Mark> {
    let name = secret_name(app);
    let labels = [
        ("app.kubernetes.io/managed-by", MANAGER),
        ("app.kubernetes.io/part-of", &connection.namespace),
    ];
    let data = env.secrets.iter();
    let secret = Secret {
        metadata: ObjectMeta {
            name: Some(name.clone()),
            labels: Some(
                labels
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .into(),
            ),
            ..ObjectMeta::default()
        },
        type_: Some("Opaque".to_owned()),
        data: Some(
            data.map(|(name, secret)| (name.clone(), ByteString(secret.expose().into())))
                .collect(),
        ),
        ..Secret::default()
    };
    let secrets: Api<Secret> = Api::namespaced(connection.client.clone(), &connection.namespace);
    let applied = async {
        // An apply takes away only what plasma itself has applied before.
        if !differences.surplus.is_empty() {
            let surplus: BTreeMap<&String, ()> = differences.surplus.iter().map(|key| (key, ())).collect();
            secrets
                .patch(&name, &healing::params(), &Patch::Merge(json!({"data": surplus})))
                .await?;
        }
        let params = PatchParams::apply(MANAGER).force();
        secrets.patch(&name, &params, &Patch::Apply(&secret)).await
    };
    let applied = applied
        .await
        .map_err(|error| connection.failed(&format!("applying the Secret {name}"), &error))
        .with_context(|| format!("the environment of {app} cannot be given to the cluster"))?;
    Ok(of_object(applied).mark)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn env() -> AppEnv {
        AppEnv {
            secrets: [("PS_JWT_SECRET", "right"), ("PS_REDIS_PASSWORD", "right")]
                .map(|(name, value)| (name.to_owned(), config::Secret::from(value)))
                .into(),
            ..AppEnv::default()
        }
    }

    fn existing(values: &[(&str, &str)], by_hand: &str) -> Existing {
        let secret = json!({
            "metadata": {"name": "photos-env", "managedFields": [
                {"manager": "plasma", "operation": "Apply", "fieldsV1": {"f:data": {"f:PS_REDIS_PASSWORD": {}}}},
                {"manager": "kubectl-patch", "operation": "Update", "time": "2026-01-01T12:00:00Z",
                 "fieldsV1": {"f:data": {format!("f:{by_hand}"): {}}}}]},
        });
        let mut secret: Secret = serde_json::from_value(secret).unwrap();
        secret.data = Some(
            values
                .iter()
                .map(|(name, value)| ((*name).to_owned(), ByteString((*value).into())))
                .collect(),
        );
        of_object(secret)
    }

    #[test]
    fn every_key_that_differs_is_told_whoever_set_it() {
        let wrong = [("PS_JWT_SECRET", "wrong"), ("PS_NOPE", "1")];
        let found = Differences::of(&existing(&wrong, "PS_NOPE"), None, &env());
        assert_eq!(
            found.changes(),
            ["- PS_NOPE", "+ PS_REDIS_PASSWORD", "~ PS_JWT_SECRET"]
        );
    }

    #[test]
    fn a_value_that_was_put_back_is_remembered_until_plasma_has_seen_it() {
        let right = [("PS_JWT_SECRET", "right"), ("PS_REDIS_PASSWORD", "right")];
        let existing = existing(&right, "PS_JWT_SECRET");
        let found = Differences::of(&existing, Some(&"another mark".to_owned()), &env());
        assert!(found.changes().is_empty());
        assert_eq!(found.keys().collect::<Vec<_>>(), ["PS_JWT_SECRET"]);
        assert!(Differences::of(&existing, existing.mark.as_ref(), &env()).is_empty());
        // Before the first mark, nobody knows.
        assert!(Differences::of(&existing, None, &env()).is_empty());
    }
}
