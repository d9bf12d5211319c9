//! What lies in the cluster itself: the namespace, where its registry is, the ingress; and what is taken from it: its
//! identity, and secrets that are lost on this machine.

use std::{path::Path, sync::atomic::Ordering};

use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{ConfigMap, Namespace},
    networking::v1::IngressClass,
};
use kube::{
    Api, Client,
    api::{Patch, PatchParams},
};
use serde_json::json;

use super::{
    host::Host,
    ingress,
    inside::{self, Cluster},
    secrets,
    work::Work,
};
use crate::kube::{MANAGER, identity::Identity};

impl Work<'_> {
    /// Makes the objects, reads back the secrets, and records who the cluster is: last, for a missing record means that
    /// the state was lost.
    pub(super) async fn objects(
        &self,
        client: &Client,
        cluster: &Cluster,
        host: &Host,
    ) -> anyhow::Result<Identity> {
        self.apply(client, cluster)
            .await
            .map_err(|error| self.silent(&error))?;
        let folder = &self.site.folder;
        let recorded = Identity::load(folder)?;
        let same = recorded
            .as_ref()
            .is_some_and(|recorded| recorded.uid == cluster.uid);
        let restored = secrets::restore(self.site, client, !same).await?;
        if !restored.is_empty() {
            self.did(format!("read back from the cluster: {}", restored.join(", ")));
        }
        let port = host.api_port().unwrap_or_default();
        let identity = Identity {
            schema: 1,
            uid: cluster.uid.clone(),
            server: format!("https://127.0.0.1:{port}"),
            adopted: false,
        };
        if recorded.as_ref() != Some(&identity) {
            identity.save(folder)?;
            match &recorded {
                Some(_) if same => self.did("recorded where the cluster is reached now"),
                Some(_) => self.did("recorded that this is another cluster than before"),
                // Of a cluster that was just made that goes without saying.
                None if self.created.load(Ordering::Relaxed) => {}
                None => self.did("recorded anew who the cluster is, for identity.json was lost"),
            }
        }
        Ok(identity)
    }

    /// Makes the namespace, and says where the registry is.
    pub(super) async fn apply(&self, client: &Client, cluster: &Cluster) -> kube::Result<()> {
        let params = PatchParams::apply(MANAGER).force();
        let name = &self.site.cluster;
        if !cluster.has_namespace {
            let namespaces: Api<Namespace> = Api::all(client.clone());
            let namespace = json!({
                "apiVersion": "v1", "kind": "Namespace",
                "metadata": {"name": name, "labels": {"app.kubernetes.io/managed-by": MANAGER}},
            });
            namespaces.patch(name, &params, &Patch::Apply(namespace)).await?;
            self.did(format!("created the namespace {name}"));
        }
        if !cluster.names_registry {
            let maps: Api<ConfigMap> = Api::namespaced(client.clone(), "kube-public");
            let map = json!({
                "apiVersion": "v1", "kind": "ConfigMap",
                "metadata": {"name": inside::REGISTRY_MAP, "namespace": "kube-public"},
                "data": inside::registry_data(self.site),
            });
            maps.patch(inside::REGISTRY_MAP, &params, &Patch::Apply(map))
                .await?;
        }
        if self.created.load(Ordering::Relaxed) {
            hurry_dns(client).await?;
        }
        Ok(())
    }

    /// Installs the ingress, unless the same chart is there and whole.
    pub(super) async fn ingress(
        &self,
        client: &Client,
        cluster: &Cluster,
        kubeconfig: &Path,
    ) -> anyhow::Result<()> {
        let Some(chart) = &self.site.ingress else {
            return Ok(());
        };
        let wanted = ingress::fingerprint(chart)?;
        let there = self
            .has_ingress(client)
            .await
            .map_err(|error| self.silent(&error))?;
        if there && cluster.ingress.as_ref() == Some(&wanted) {
            if self.created.load(Ordering::Relaxed) {
                return Ok(());
            }
            self.progress.unchanged(format_args!(
                "the ingress is on 127.0.0.1:{}",
                self.site.http_port
            ));
            return Ok(());
        }
        let step = self.progress.step("install the ingress");
        ingress::unlock(client)
            .await
            .map_err(|error| self.silent(&error))?;
        self.call(&ingress::install(&self.tools.helm, chart, kubeconfig))
            .await?;
        ingress::note(client, &wanted)
            .await
            .map_err(|error| self.silent(&error))?;
        step.done();
        self.did(format!(
            "installed the ingress on 127.0.0.1:{}",
            self.site.http_port
        ));
        Ok(())
    }

    /// Whether the ingress's objects are there, and may have pods.
    async fn has_ingress(&self, client: &Client) -> kube::Result<bool> {
        let deployments: Api<Deployment> = Api::namespaced(client.clone(), ingress::NAMESPACE);
        let classes: Api<IngressClass> = Api::all(client.clone());
        let (deployment, class) = tokio::try_join!(
            deployments.get_opt(ingress::NAMESPACE),
            classes.get_opt(ingress::NAMESPACE)
        )?;
        let runs = |found: Deployment| found.spec.and_then(|spec| spec.replicas) != Some(0);
        Ok(deployment.is_some_and(runs) && class.is_some())
    }
}

/// Lets the cluster's DNS be asked every second whether it is ready, instead of every ten: its pods nearly always are just after
/// they were asked for the first time. In a new cluster no node has taken them yet. Tells whether there is one: another DNS looks
/// after itself.
pub(super) async fn hurry_dns(client: &Client) -> kube::Result<bool> {
    let deployments: Api<Deployment> = Api::namespaced(client.clone(), "kube-system");
    let probe = json!({"name": "coredns", "readinessProbe": {"periodSeconds": 1}});
    let patch = json!({"spec": {"template": {"spec": {"containers": [probe]}}}});
    let params = PatchParams {
        field_manager: Some(MANAGER.to_owned()),
        ..PatchParams::default()
    };
    match deployments
        .patch("coredns", &params, &Patch::Strategic(patch))
        .await
    {
        Err(kube::Error::Api(status)) if status.is_not_found() => Ok(false),
        patched => patched.map(|_| true),
    }
}
