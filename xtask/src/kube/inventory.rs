//! What a cluster holds that somebody may miss: the releases of helm and the volumes.

use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Secret};
use kube::{Api, Client, api::ListParams};

/// What there is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Inventory {
    /// In the order in which they were first installed.
    pub(crate) releases: Vec<Release>,
    pub(crate) volumes: Vec<Volume>,
}

/// A release of helm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Release {
    pub(crate) name: String,
    pub(crate) namespace: String,
    /// `deployed`, `failed`, `pending-upgrade`, … of its last revision.
    pub(crate) status: String,
}

/// A volume that pods keep data on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Volume {
    name: String,
    namespace: String,
    /// As it was asked for: `1Gi`.
    size: String,
}

impl Inventory {
    /// Lists them. Changes nothing.
    ///
    /// # Errors
    /// When the cluster does not answer.
    pub(crate) async fn look(client: &Client) -> kube::Result<Self> {
        let secrets: Api<Secret> = Api::all(client.clone());
        let claims: Api<PersistentVolumeClaim> = Api::all(client.clone());
        let helm = ListParams::default().labels("owner=helm");
        let every = ListParams::default();
        // Only what is about them: what helm keeps in them is large.
        let (mut revisions, claims) = tokio::try_join!(secrets.list_metadata(&helm), claims.list(&every))?;
        revisions
            .items
            .sort_by_key(|secret| secret.metadata.creation_timestamp.clone().map(|time| time.0));
        let mut releases: Vec<Release> = Vec::new();
        for revision in revisions {
            let labels = revision.metadata.labels.unwrap_or_default();
            let label = |name: &str| labels.get(name).cloned().unwrap_or_default();
            let release = Release {
                name: label("name"),
                namespace: revision.metadata.namespace.unwrap_or_default(),
                status: label("status"),
            };
            let known = releases
                .iter_mut()
                .find(|known| known.name == release.name && known.namespace == release.namespace);
            match known {
                Some(known) => known.status = release.status,
                None => releases.push(release),
            }
        }
        let volumes = claims.into_iter().map(|claim| {
            let spec = claim.spec.unwrap_or_default();
            let requests = spec.resources.and_then(|resources| resources.requests);
            let size = requests.and_then(|requests| requests.get("storage").cloned());
            Volume {
                name: claim.metadata.name.unwrap_or_default(),
                namespace: claim.metadata.namespace.unwrap_or_default(),
                size: size.map_or_else(|| "of unknown size".to_owned(), |size| size.0),
            }
        });
        Ok(Self {
            releases,
            volumes: volumes.collect(),
        })
    }

    /// Everything, one line each.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.releases.iter().map(Release::line).collect();
        let volumes = self.volumes.iter();
        lines.extend(volumes.map(|volume| {
            format!(
                "the volume {} in {} ({}) with its data",
                volume.name, volume.namespace, volume.size
            )
        }));
        lines
    }

    /// The releases of one namespace, one line each.
    pub(crate) fn releases_of(&self, namespace: &str) -> Vec<String> {
        let own = self
            .releases
            .iter()
            .filter(|release| release.namespace == namespace);
        own.map(Release::line).collect()
    }
}

impl Release {
    fn line(&self) -> String {
        format!(
            "the release {} in {} ({})",
            self.name, self.namespace, self.status
        )
    }
}
