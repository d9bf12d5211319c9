//! The environment of an app in its cluster: the ConfigMap, which helm makes from values, and the Secret, which plasma
//! applies itself, so that no secret is ever in an argument, in values or in helm's record.

use std::collections::BTreeMap;

use anyhow::Context as _;
use config::{APPS, App, Secrets, StageEnv, strip_shell_vars};
use k8s_openapi::{
    ByteString,
    api::core::v1::{Namespace, Secret as SecretObject},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use kube::{
    Api,
    api::{Patch, PatchParams},
};
use sha2::{Digest, Sha256};

use crate::{commands::scope::Scope, context::Context, kube::Connection};

/// As whom plasma changes objects.
pub(crate) const MANAGER: &str = "plasma";

/// The environment of one app.
#[derive(Clone, Debug, Default)]
pub(crate) struct AppEnv {
    /// What may be seen, by variable.
    pub(crate) config: BTreeMap<String, String>,
    /// What may not, by variable.
    pub(crate) secrets: BTreeMap<String, config::Secret>,
    /// The file and line that set a variable.
    pub(crate) places: BTreeMap<String, String>,
}

impl AppEnv {
    /// The variables of an app that are set.
    pub(crate) fn of(env: &StageEnv, app: &App) -> Self {
        let mut own = Self::default();
        for setting in env.settings().filter(|setting| setting.app.name == app.name) {
            let Some(value) = setting.value() else { continue };
            let name = setting.variable.name.to_owned();
            own.places.insert(name.clone(), setting.place().to_string());
            if setting.variable.secret {
                own.secrets.insert(name, config::Secret::from(value));
            } else {
                own.config.insert(name, value.to_owned());
            }
        }
        own
    }

    /// Changes with any secret. One digest over all of them: among them is a long random one, so that it tells nothing
    /// about a short one.
    pub(crate) fn checksum(&self) -> String {
        let mut digest = Sha256::new();
        for (name, secret) in &self.secrets {
            digest.update(name);
            digest.update([0]);
            digest.update(secret.expose());
            digest.update([0]);
        }
        hex::encode(&digest.finalize()[..8])
    }
}

/// Reads the environment of a stage for its cluster. Where plasma does not make the secrets, those that the process
/// environment does not have are taken from the Secrets of the cluster.
///
/// # Errors
/// Exit code 2 with all faults at once; 1 when the cluster cannot be asked.
pub(crate) async fn load(
    context: &Context,
    scope: &Scope,
    connection: Option<&Connection>,
    secrets: Secrets,
) -> anyhow::Result<StageEnv> {
    if scope.stage.makes_secrets() {
        return scope.env.load(context, secrets);
    }
    let mut vars = strip_shell_vars(&context.vars);
    if let Some(connection) = connection {
        for app in scope.cluster.apps() {
            for (name, value) in existing(connection, app.name).await? {
                vars.entry(name).or_insert(value);
            }
        }
    }
    let context = Context {
        root: context.root.clone(),
        state: context.state.clone(),
        cache: context.cache.clone(),
        vars,
    };
    scope.env.load(&context, secrets)
}

/// The content of the Secret of an app, as far as its variables are known.
///
/// # Errors
/// When the cluster cannot be asked.
pub(crate) async fn existing(connection: &Connection, app: &str) -> anyhow::Result<BTreeMap<String, String>> {
    let secrets: Api<SecretObject> = Api::namespaced(connection.client.clone(), &connection.namespace);
    let found = secrets
        .get_opt(&secret_name(app))
        .await
        .map_err(|error| connection.failed(&format!("reading the Secret {}", secret_name(app)), &error))?;
    let known = |name: &str| {
        APPS.iter()
            .any(|app| app.by_variable(name).is_some_and(|variable| variable.secret))
    };
    Ok(found
        .and_then(|secret| secret.data)
        .unwrap_or_default()
        .into_iter()
        .filter(|(name, _)| known(name))
        .filter_map(|(name, ByteString(bytes))| Some((name, String::from_utf8(bytes).ok()?)))
        .collect())
}

/// The name of an app's Secret.
pub(crate) fn secret_name(app: &str) -> String {
    format!("{app}-env")
}

/// Makes the namespace of the cluster, if it is not there.
///
/// # Errors
/// When the cluster refuses.
pub(crate) async fn ensure_namespace(connection: &Connection) -> anyhow::Result<()> {
    let namespaces: Api<Namespace> = Api::all(connection.client.clone());
    let name = &connection.namespace;
    let namespace = Namespace {
        metadata: ObjectMeta {
            name: Some(name.clone()),
            ..ObjectMeta::default()
        },
        ..Namespace::default()
    };
    namespaces
        .patch(name, &PatchParams::apply(MANAGER), &Patch::Apply(&namespace))
        .await
        .map_err(|error| connection.failed(&format!("making the namespace {name}"), &error))?;
    Ok(())
}

/// Makes or changes the Secret of an app. Keys that plasma set before and that are no longer there go.
///
/// # Errors
/// When the cluster refuses.
pub(crate) async fn apply_secret(connection: &Connection, app: &str, env: &AppEnv) -> anyhow::Result<()> {
    let name = secret_name(app);
    let secret = SecretObject {
        metadata: ObjectMeta {
            name: Some(name.clone()),
            labels: Some(BTreeMap::from([
                ("app.kubernetes.io/managed-by".to_owned(), MANAGER.to_owned()),
                (
                    "app.kubernetes.io/part-of".to_owned(),
                    connection.namespace.clone(),
                ),
            ])),
            ..ObjectMeta::default()
        },
        type_: Some("Opaque".to_owned()),
        data: Some(
            env.secrets
                .iter()
                .map(|(name, secret)| (name.clone(), ByteString(secret.expose().into())))
                .collect(),
        ),
        ..SecretObject::default()
    };
    let secrets: Api<SecretObject> = Api::namespaced(connection.client.clone(), &connection.namespace);
    secrets
        .patch(
            &name,
            &PatchParams::apply(MANAGER).force(),
            &Patch::Apply(&secret),
        )
        .await
        .map_err(|error| connection.failed(&format!("applying the Secret {name}"), &error))
        .with_context(|| format!("the environment of {app} cannot be given to the cluster"))?;
    Ok(())
}
