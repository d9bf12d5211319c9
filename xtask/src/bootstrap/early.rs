//! What a new cluster is given while kind still makes it: kubeadm waits more than it works. What fails here comes by
//! itself, or is done and said when the cluster is there.

use std::time::Duration;

use anyhow::Context as _;
use futures_util::future::join_all;
use kube::{Client, config::Kubeconfig};
use tempfile::NamedTempFile;
use tokio::{sync::Notify, time::sleep};

use super::{
    host::{Host, Node},
    inside::Cluster,
    network,
    objects::hurry_dns,
    work::Work,
};
use crate::kube as connection;

/// Prints the administrator's kubeconfig as soon as kubeadm has written it.
const ADMIN: &str =
    "until [ -s /etc/kubernetes/admin.conf ]; do sleep 0.1; done; cat /etc/kubernetes/admin.conf";

/// Starts the kubelet again if it could not make a pod's cgroup. It would try 10 to 15 s later, and kubeadm waits for its first
/// pods: of version 1, systemd may remove an empty cgroup in which the kubelet is about to make one.
const TRY_AGAIN: &str = "for try in $(seq 300); do systemctl --quiet is-active kubelet && break; sleep 0.1; done; \
    timeout 5 journalctl --follow --no-tail --output=cat --unit=kubelet | \
    grep --quiet --max-count=1 'cgroups exist and are correctly applied' && systemctl restart kubelet";

/// When kind is how far.
#[derive(Default)]
pub(super) struct Phases {
    /// The nodes run, and kubeadm begins.
    pub(super) kubeadm: Notify,
    /// kind has ended.
    pub(super) ended: Notify,
}

impl Work<'_> {
    /// Gives the nodes their pods' network and the image of the ingress if they lack it, and makes the objects and the
    /// ingress as soon as the API server lets us.
    pub(super) async fn give_early(&self, phases: &Phases) {
        phases.kubeadm.notified().await;
        let Ok(host) = Host::look(self.site, &self.tools.docker, self.runner).await else {
            return;
        };
        let (images, ()) = tokio::join!(self.images_early(&host), self.network_early(&host));
        if images.is_err() {
            return;
        }
        let serve = async {
            let (kubeconfig, client, cluster) = self.enter_early(&host).await?;
            self.apply(&client, &cluster).await?;
            self.ingress(&client, &cluster, kubeconfig.path()).await?;
            // kubeadm makes the DNS last; its pods are then made once.
            while !hurry_dns(&client).await? {
                sleep(Duration::from_millis(50)).await;
            }
            anyhow::Ok(())
        };
        let work = async {
            let _ = tokio::join!(serve, self.try_again(&host));
        };
        tokio::select! {
            () = work => {}
            () = phases.ended.notified() => {}
        }
    }

    async fn try_again(&self, host: &Host) {
        let call = |node: &Node| self.tools.docker.exec(&node.name, &["sh", "-c", TRY_AGAIN]);
        join_all(host.kubernetes().map(async |node| self.call(&call(node)).await)).await;
    }

    async fn network_early(&self, host: &Host) {
        for Node { name, .. } in host.kubernetes() {
            let calls = network::write(&self.tools.docker, name, &self.site.config);
            join_all(calls.iter().map(|write| self.call(write))).await;
        }
    }

    async fn images_early(&self, host: &Host) -> anyhow::Result<()> {
        let insides = self.look_inside(host).await?;
        self.give_images(host, &insides, true).await
    }

    /// Waits until the API server lets the administrator in, whose kubeconfig is still in the node alone.
    async fn enter_early(&self, host: &Host) -> anyhow::Result<(NamedTempFile, Client, Cluster)> {
        let node = host.kubernetes().next().context("there is no node")?;
        let port = host.api_port().context("the API server is not published")?;
        let call = self.tools.docker.exec(&node.name, &["sh", "-c", ADMIN]);
        let mut kubeconfig: Kubeconfig = serde_yaml::from_str(&self.call(&call).await?)?;
        for cluster in kubeconfig
            .clusters
            .iter_mut()
            .filter_map(|named| named.cluster.as_mut())
        {
            cluster.server = Some(format!("https://127.0.0.1:{port}"));
        }
        // For helm; readable for nobody else, and gone when this is over.
        let file = NamedTempFile::new_in(&self.site.folder)?;
        serde_yaml::to_writer(&file, &kubeconfig)?;
        let client = connection::client_of(kubeconfig).await?;
        loop {
            if let Ok(cluster) = Cluster::look(self.site, &client).await {
                return Ok((file, client, cluster));
            }
            sleep(Duration::from_millis(200)).await;
        }
    }
}
