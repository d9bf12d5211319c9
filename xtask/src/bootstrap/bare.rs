//! A kind cluster with nothing of ours: what `bootstrap` is compared with, and what plays production in stories.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use k8s_openapi::api::core::v1::Node;
use kube::{Api, api::ListParams};
use tokio::time::{Instant, sleep};

use super::site::node_image;
use crate::{
    context::{Context, block_on},
    deps::{Tool, locate, lock::Lock},
    outcome::Failure,
    tools::{kind::Kind, runner::Runner},
};

const NAME: &str = "plasma-bare";
const CONFIG: &str = "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n";
/// Longest wait for its node.
const PATIENCE: Duration = Duration::from_secs(180);

/// The cluster `plasma-bare`.
pub(crate) struct Bare {
    kind: Kind,
    runner: Runner,
    pub(crate) kubeconfig: PathBuf,
}

impl Bare {
    /// Makes it, in the place of what an earlier run left. It answers when kind is done; its node takes no pods yet. Its
    /// kubeconfig lies in the folder.
    ///
    /// # Errors
    /// What kind says.
    pub(crate) fn make(context: &Context, folder: &Path) -> anyhow::Result<Self> {
        let this = Self {
            kind: Kind::at(locate(context, Tool::Kind)?.path),
            runner: Runner::silent(),
            kubeconfig: folder.join("bare.kubeconfig"),
        };
        this.delete()?;
        let image = node_image(context, &Lock::load(&context.root)?)?;
        let create = this.kind.create(NAME, CONFIG, &image, &this.kubeconfig);
        block_on(this.runner.run(&create))?;
        Ok(this)
    }

    /// Waits until its node takes pods.
    ///
    /// # Errors
    /// When it does not within three minutes.
    pub(crate) fn wait(&self) -> anyhow::Result<()> {
        block_on(async {
            let nodes: Api<Node> = Api::all(crate::kube::client(&self.kubeconfig).await?);
            let begin = Instant::now();
            while begin.elapsed() < PATIENCE {
                let found = nodes.list(&ListParams::default()).await?;
                if !found.items.is_empty() && found.iter().all(is_ready) {
                    return Ok(());
                }
                sleep(Duration::from_millis(250)).await;
            }
            Err(Failure::failed(format!("the node of {NAME} did not become ready")).into())
        })
    }

    /// Deletes it.
    ///
    /// # Errors
    /// What kind says.
    pub(crate) fn delete(&self) -> anyhow::Result<()> {
        block_on(self.runner.run(&self.kind.delete(NAME, &self.kubeconfig))).map(drop)
    }
}

fn is_ready(node: &Node) -> bool {
    let conditions = node
        .status
        .as_ref()
        .and_then(|status| status.conditions.as_deref());
    let ready = conditions
        .unwrap_or_default()
        .iter()
        .any(|condition| condition.type_ == "Ready" && condition.status == "True");
    let taints = node.spec.as_ref().and_then(|spec| spec.taints.as_deref());
    ready && taints.unwrap_or_default().is_empty()
}
