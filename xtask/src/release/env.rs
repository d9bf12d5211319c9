//! The environment of an app in its cluster: the ConfigMap, which helm makes from values, and the Secret, which plasma
//! applies itself (see [`super::secrets`]), so that no secret is ever in an argument, in values or in helm's record.

use std::collections::BTreeMap;

use config::{APPS, App, Secrets, StageEnv, strip_shell_vars};
use k8s_openapi::{ByteString, api::core::v1::Namespace, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use kube::{
    Api,
    api::{Patch, PatchParams},
};
use sha2::{Digest, Sha256};

use super::secrets;
use crate::{
    commands::scope::Scope,
    context::Context,
    kube::{Connection, MANAGER},
};

/// The environment of one app.
#[derive(Clone, Debug, Default)]
pub(crate) struct AppEnv {
    /// What may be seen, by variable.
    pub(crate) config: BTreeMap<String, String>,
    /// What may not, by variable.
    pub(crate) secrets: BTreeMap<String, config::Secret>,
    /// The file and line that set a variable.
    pub(crate) places: BTreeMap<String, String>,
    /// Secrets that plasma makes with the first deploy, and that a plan therefore does without.
    pub(crate) unmade: Vec<String>,
}

/// The checksum of secrets some of which are not made yet.
pub(crate) const UNMADE: &str = "not-made-yet";

impl AppEnv {
    /// The variables of an app that are set.
    pub(crate) fn of(env: &StageEnv, app: &App) -> Self {
        let mut own = Self::default();
        for setting in env.settings().filter(|setting| setting.app.name == app.name) {
            let name = setting.variable.name.to_owned();
            let Some(value) = setting.value() else {
                own.unmade.extend(env.makes(setting).then_some(name));
                continue;
            };
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
        if !self.unmade.is_empty() {
            return UNMADE.to_owned();
        }
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
    handling: Secrets,
) -> anyhow::Result<StageEnv> {
    if scope.stage.makes_secrets() {
        return scope.env.load(context, handling);
    }
    let mut vars = strip_shell_vars(&context.vars);
    if let Some(connection) = connection {
        for app in scope.cluster.apps() {
            for (name, ByteString(bytes)) in secrets::existing(connection, app.name).await?.values {
                if is_secret(&name)
                    && let Ok(value) = String::from_utf8(bytes)
                {
                    vars.entry(name).or_insert(value);
                }
            }
        }
    }
    scope.env.load(&context.with_vars(vars), handling)
}

/// Whether a variable of some app is a secret.
fn is_secret(name: &str) -> bool {
    APPS.iter()
        .any(|app| app.by_variable(name).is_some_and(|variable| variable.secret))
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
