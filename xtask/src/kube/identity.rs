//! Who a cluster is: the UID of its kube-system namespace, recorded in `identity.json` when the cluster was bootstrapped
//! or adopted. Addresses and names are given out anew; this UID is not.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, Client};
use serde::{Deserialize, Serialize};

use super::Connection;
use crate::outcome::Failure;

/// The content of `identity.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(crate) schema: u32,
    /// Of the kube-system namespace.
    pub(crate) uid: String,
    /// The address of the API server when it was recorded.
    pub(crate) server: String,
    /// Whether the cluster is somebody else's: plasma then neither creates nor destroys it.
    pub(crate) adopted: bool,
}

impl Identity {
    /// The recorded identity; nothing if there is no record.
    ///
    /// # Errors
    /// When the record cannot be read. A record that is not valid counts as lost.
    pub(crate) fn load(stage_folder: &Path) -> anyhow::Result<Option<Self>> {
        let path = record(stage_folder);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(serde_json::from_str(&text).ok()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// Writes the record in one step.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub(crate) fn save(&self, stage_folder: &Path) -> anyhow::Result<()> {
        let path = record(stage_folder);
        let write = || -> anyhow::Result<()> {
            let mut file = tempfile::NamedTempFile::new_in(stage_folder)?;
            serde_json::to_writer_pretty(&mut file, self)?;
            file.write_all(b"\n")?;
            file.persist(&path)?;
            Ok(())
        };
        write().with_context(|| format!("cannot write {}", path.display()))
    }
}

/// Where the record of a stage lies.
pub(crate) fn record(stage_folder: &Path) -> PathBuf {
    stage_folder.join("identity.json")
}

/// Asks a cluster who it is.
///
/// # Errors
/// When it does not answer, or does not let us read its kube-system namespace.
pub(crate) async fn ask(client: &Client) -> kube::Result<String> {
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let system = namespaces.get("kube-system").await?;
    Ok(system.metadata.uid.unwrap_or_default())
}

/// Stops a command that would change a cluster other than the recorded one. Every mutating command calls it first.
///
/// # Errors
/// Exit code 3 when the cluster is another one, or nothing is recorded; 1 when it does not answer.
pub(crate) async fn guard(connection: &Connection) -> anyhow::Result<()> {
    let Some(recorded) = &connection.identity else {
        return Err(
            Failure::refused(format!("{} may be any cluster", connection.title))
                .because("its identity is not recorded: identity.json is lost")
                .advise(format!(
                    "`{}` looks at the cluster and records it again",
                    connection.bootstrap
                ))
                .into(),
        );
    };
    recognise(connection, recorded).await
}

/// Stops a command that only reads, when it would tell of another cluster than the recorded one. Without a record it goes on.
///
/// # Errors
/// Exit code 3 when the cluster is another one; 1 when it does not answer.
pub(crate) async fn check(connection: &Connection) -> anyhow::Result<()> {
    match &connection.identity {
        Some(recorded) => recognise(connection, recorded).await,
        None => Ok(()),
    }
}

async fn recognise(connection: &Connection, recorded: &Identity) -> anyhow::Result<()> {
    let found = ask(&connection.client)
        .await
        .map_err(|error| connection.failed("reading the namespace kube-system", &error))?;
    if found == recorded.uid {
        return Ok(());
    }
    Err(Failure::refused(format!(
        "the cluster that answers is not the one of {}",
        connection.title
    ))
    .because(format!(
        "the namespace kube-system has the UID {found}; recorded was {} at {}",
        recorded.uid, recorded.server
    ))
    .advise(format!(
        "if it was {} on purpose, {} it: {}",
        if recorded.adopted { "replaced" } else { "made anew" },
        if recorded.adopted { "adopt" } else { "record" },
        connection.bootstrap
    ))
    .into())
}
