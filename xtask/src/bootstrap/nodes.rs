//! The nodes: a new cluster is made by kind, an existing one is started and entered, a half-made one is made anew.

use std::{
    fs,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use futures_util::future::try_join_all;
use kube::{Client, config::Kubeconfig};
use tokio::time::sleep;

use super::{
    early::Phases,
    host::Host,
    images,
    inside::{self, Cluster, Inside},
    plan::{self, Nodes},
    work::Work,
};
use crate::{
    context::private_folder,
    kube::{
        self as connection,
        identity::{self, Identity},
    },
    outcome::{self, Failure},
    progress::Step,
    tools::runner::Output,
};

/// How long the API server of a started node may take to answer.
const ANSWERS_WITHIN: Duration = Duration::from_secs(120);

impl Work<'_> {
    /// Starts the nodes that exist and gives the way in. Nothing if there is no cluster, or only a half-made one, which is
    /// removed: kind came not to its end, so no pod can have kept anything.
    pub(super) async fn enter(&self, host: &Host) -> anyhow::Result<Option<Client>> {
        match Nodes::decide(host) {
            Nodes::Create => return Ok(None),
            Nodes::Start(stopped) => {
                let step = self.progress.step(format!("start {}", stopped.join(", ")));
                self.call(&self.tools.docker.start(&stopped)).await?;
                step.done();
                self.did(format!("started {}", stopped.join(", ")));
            }
            Nodes::Run => {}
        }
        let mut step = self
            .progress
            .step(format!("enter the cluster {}", self.site.name));
        if !self.has_kubeconfig(host) {
            step.says("writing its kubeconfig");
            match self.export_kubeconfig().await {
                Ok(()) => self.did(format!("wrote {}", self.site.kubeconfig.display())),
                // Without the administrator's file in the node, kubeadm came not to its end.
                Err(error) => return self.half_made(host, step, error).await,
            }
        }
        match self.answer(&mut step).await {
            Ok((client, cluster)) if cluster.whole || self.was_whole()? => {
                step.skip();
                self.progress
                    .unchanged(format_args!("the cluster {} runs", self.site.name));
                Ok(Some(client))
            }
            Ok(_) => {
                let unfinished =
                    anyhow::anyhow!("kind did not come to its last step: there is no StorageClass");
                self.half_made(host, step, unfinished).await
            }
            Err(error) => self.half_made(host, step, error).await,
        }
    }

    /// Whether a run before came to the end of this cluster's making: then its identity is recorded.
    fn was_whole(&self) -> anyhow::Result<bool> {
        Ok(Identity::load(&self.site.folder)?.is_some())
    }

    /// Removes what is there if nothing can be lost with it; else the reason why it cannot be entered is the error.
    async fn half_made(
        &self,
        host: &Host,
        step: Step,
        reason: anyhow::Error,
    ) -> anyhow::Result<Option<Client>> {
        let looks = host
            .kubernetes()
            .map(|node| inside::has_volumes(&self.tools.docker, self.runner, &node.name));
        let was_whole = self.was_whole()?;
        if was_whole || try_join_all(looks).await?.contains(&true) {
            let name = &self.site.name;
            let what = if was_whole { "was whole" } else { "has data" };
            return Err(Failure::failed(format!(
                "the cluster {name} {what}, but cannot be used; nothing was changed"
            ))
            .because(outcome::reason(&reason))
            .advise(format!(
                "look at its node with `docker exec -it {name}-control-plane bash`; \
                         `cargo xtask destroy{}` gives up the cluster and its data",
                self.site.flags
            ))
            .into());
        }
        step.skip();
        let mut step = self
            .progress
            .step(format!("remove the half-made cluster {}", self.site.name));
        step.says(&reason.to_string());
        self.call(&self.tools.docker.remove(&plan::names(host))).await?;
        step.done();
        self.did(format!(
            "removed the half-made cluster {}, which had no data",
            self.site.name
        ));
        Ok(None)
    }

    /// Makes the cluster, and tells its nodes what they can know as soon as they run, while kubeadm still works.
    pub(super) async fn create(&self, host: &Host) -> anyhow::Result<Client> {
        let site = self.site;
        private_folder(&site.folder)?;
        // Left of a cluster that is gone, the one would be kept beside the new context, and the other say that this is whole.
        remove(&site.kubeconfig)?;
        remove(&identity::record(&site.folder))?;
        let image = self.node_image(host).await?;
        let mut step = self
            .progress
            .step(format!("create the kind cluster {}", site.name));
        let create = self
            .tools
            .kind
            .create(&site.name, &site.config, &image, &site.kubeconfig);
        let phases = Phases::default();
        let clear = self.tools.kind.delete(&site.name, &site.kubeconfig);
        let made = async {
            let make = async || {
                let made = self.runner.stream(&create, |from, line| {
                    if from == Output::Stderr && line.starts_with(" •") {
                        step.says(&plain(line));
                        if line.contains("control-plane") {
                            phases.kubeadm.notify_one();
                        }
                    }
                });
                made.await.map_err(super::trouble::explain)
            };
            let made = self.make_container(&site.first_node(), &clear, make).await;
            phases.kubeadm.notify_one();
            phases.ended.notify_one();
            made
        };
        tokio::try_join!(made, async {
            self.give_early(&phases).await;
            Ok(())
        })?;
        step.done();
        self.created.store(true, Ordering::Relaxed);
        self.did(format!("created the kind cluster {}", site.name));
        let mut step = self.progress.step("reach the API server");
        let (client, _) = self.answer(&mut step).await?;
        step.skip();
        Ok(client)
    }

    /// Looks into all nodes.
    pub(super) async fn look_inside(&self, host: &Host) -> anyhow::Result<Vec<Inside>> {
        let looks = host
            .kubernetes()
            .map(|node| Inside::look(self.site, &self.tools.docker, self.runner, &node.name));
        try_join_all(looks).await
    }

    /// Tells the nodes that lack it how to reach the registry, and gives them what they lack of the ingress's image, or of
    /// the others.
    pub(super) async fn give_images(
        &self,
        host: &Host,
        insides: &[Inside],
        ingress: bool,
    ) -> anyhow::Result<()> {
        let site = self.site;
        let works = host.kubernetes().zip(insides).map(|(node, inside)| async move {
            if ingress && !inside.knows_registry {
                self.call(&plan::register(site, &self.tools.docker, &node.name))
                    .await?;
                self.did(format!("told {} where the registry is", node.name));
            }
            let lacks: Vec<String> = inside
                .missing_images
                .iter()
                .filter(|tag| images::is_for_ingress(tag) == ingress)
                .cloned()
                .collect();
            if lacks.is_empty() {
                return Ok(());
            }
            let mut step = self.progress.step(format!("give {} its images", node.name));
            images::fetch(site, &self.tools.docker, self.runner, host, &lacks, &mut step).await?;
            step.says(&lacks.join(", "));
            let (save, import) = images::give(&self.tools.docker, &node.name, &lacks);
            let given = self.runner.run_piped(&save, &import).await;
            given.map_err(super::trouble::explain)?;
            step.done();
            self.did(format!("gave {} to {}", lacks.join(", "), node.name));
            anyhow::Ok(())
        });
        try_join_all(works).await?;
        Ok(())
    }

    /// Whether the stage's kubeconfig is the one of this cluster: one context, and the address that Docker publishes.
    fn has_kubeconfig(&self, host: &Host) -> bool {
        let Ok(file) = Kubeconfig::read_from(&self.site.kubeconfig) else {
            return false;
        };
        let server = file
            .clusters
            .first()
            .and_then(|named| named.cluster.as_ref()?.server.clone());
        let published = host.api_port().map(|port| format!("https://127.0.0.1:{port}"));
        file.contexts.len() == 1
            && file.current_context.as_deref() == Some(&self.site.context())
            && published.is_some()
            && server == published
    }

    /// Takes the administrator's kubeconfig out of the node: a file of its own first, so that nothing else is in it.
    async fn export_kubeconfig(&self) -> anyhow::Result<()> {
        private_folder(&self.site.folder)?;
        let new = self.site.kubeconfig.with_extension("new");
        remove(&new)?;
        self.call(&self.tools.kind.export_kubeconfig(&self.site.name, &new))
            .await?;
        fs::rename(&new, &self.site.kubeconfig)
            .with_context(|| format!("cannot write {}", self.site.kubeconfig.display()))
    }

    /// Waits until the API server answers. A kubeconfig that it does not accept is written anew, once.
    async fn answer(&self, step: &mut Step) -> anyhow::Result<(Client, Cluster)> {
        let begin = Instant::now();
        let mut renewed = false;
        loop {
            let client = connection::client(&self.site.kubeconfig).await?;
            let error = match Cluster::look(self.site, &client).await {
                Ok(cluster) => return Ok((client, cluster)),
                Err(error) => error,
            };
            if !renewed && is_refusal(&error) {
                renewed = true;
                step.says("writing its kubeconfig again, for the cluster does not accept it");
                self.export_kubeconfig().await?;
                self.did(format!("wrote {} again", self.site.kubeconfig.display()));
                continue;
            }
            if begin.elapsed() > ANSWERS_WITHIN {
                return Err(
                    Failure::failed(format!("the API server of {} does not answer", self.site.title))
                        .because(format!("after {} s: {error}", ANSWERS_WITHIN.as_secs()))
                        .advise(format!(
                            "see why with `docker logs {}-control-plane`; `cargo xtask destroy{}` gives the cluster up",
                            self.site.name, self.site.flags
                        ))
                        .into(),
                );
            }
            step.says("waiting for the API server");
            sleep(Duration::from_millis(250)).await;
        }
    }
}

/// Whether the cluster answered and does not know us: another certificate, or other credentials.
fn is_refusal(error: &kube::Error) -> bool {
    match error {
        kube::Error::Api(status) => status.code == 401,
        other => format!("{other:?}").contains("InvalidCertificate"),
    }
}

fn remove(path: &std::path::Path) -> anyhow::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// A line of kind without its pictures.
fn plain(line: &str) -> String {
    let kept: String = line
        .chars()
        .filter(|c| c.is_ascii() || c.is_alphabetic() || *c == '≤')
        .collect();
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}
