//! `destroy`: remove what is deployed, or the whole kind cluster.

use anyhow::Context as _;
use clap::Args;
use config::Target;

use crate::{
    bootstrap::{
        host::Host,
        node_image,
        plan::names,
        site::{Site, refuse_to_destroy},
    },
    commands::{
        confirm::{Question, confirm},
        scope::{Flags, Scope},
    },
    context::{Context, block_on},
    deps::{Tool, locate},
    kube::{self, identity, inventory::Inventory},
    lock::ClusterLock,
    outcome::{Exit, Failure, Outcome},
    progress::Progress,
    signals::Signals,
    tools::{
        docker::Docker,
        helm::Helm,
        kind::Kind,
        runner::{Call, Runner},
    },
};

/// Remove the kind cluster of a stage with everything in it, or only what is deployed on it.
///
/// It lists what would be lost, releases, volumes and images, and asks. The stage's secrets stay in its folder, for the
/// native run uses them too. Staging and production are never destroyed.
#[derive(Args)]
pub(crate) struct Destroy {
    #[command(flatten)]
    flags: Flags,
    /// Only remove what is deployed; the cluster and the volumes stay.
    #[arg(long)]
    releases: bool,
    /// Answer the question with yes.
    #[arg(long)]
    yes: bool,
    /// Print what would be done and lost, and do nothing.
    #[arg(long)]
    plan: bool,
}

/// What is there, and the commands that remove it.
struct Plan {
    lost: Vec<String>,
    calls: Vec<Call>,
    /// Files of the stage's folder that say nothing without the cluster.
    files: Vec<std::path::PathBuf>,
}

impl Destroy {
    pub(crate) fn run(&self, context: &Context) -> Outcome {
        let scope = self.flags.on(Target::Cluster, context)?;
        if !scope.stage.makes_secrets() {
            return Err(refuse_to_destroy(&scope).into());
        }
        let site = Site::read(context, &scope)?;
        block_on(async {
            let mut signals = Signals::listen().context("cannot listen to signals")?;
            let destroyed = signals.unless(self.destroy(context, &scope, &site)).await;
            destroyed.unwrap_or_else(|| {
                Err(Failure::interrupted("destroy was interrupted")
                    .advise(format!(
                        "the same command goes on from here: cargo xtask destroy{}",
                        scope.flags
                    ))
                    .into())
            })
        })
    }

    async fn destroy(&self, context: &Context, scope: &Scope, site: &Site) -> Outcome {
        let runner = if self.plan {
            Runner::silent()
        } else {
            Runner::new(&site.folder)
        };
        // Before anybody is asked: what the answer is about must not change meanwhile.
        let _lock = if self.plan {
            None
        } else {
            Some(ClusterLock::take(context, scope, "destroy")?)
        };
        let plan = if self.releases {
            self.of_releases(context, scope, site).await?
        } else {
            self.of_cluster(context, scope, site, &runner).await?
        };
        if plan.calls.is_empty() {
            eprintln!("{}: there is nothing to remove", site.title);
            return Ok(Exit::Done);
        }
        if self.plan {
            for call in &plan.calls {
                println!("{call}");
            }
            for file in &plan.files {
                println!("rm {}", file.display());
            }
            for lost in &plan.lost {
                println!("# lost: {lost}");
            }
            return Ok(Exit::Done);
        }
        let what = if self.releases {
            format!("everything that is deployed on {}", site.title)
        } else {
            format!("the kind cluster {}", site.name)
        };
        confirm(
            &Question {
                what: &format!("Remove {what}?"),
                stays: &site.title,
                lost: &plan.lost,
            },
            self.yes,
        )
        .await?;
        let progress = Progress::new();
        for call in &plan.calls {
            let step = progress.step(format!("{call}"));
            runner.run(call).await?;
            step.done();
        }
        for file in &plan.files {
            std::fs::remove_file(file).with_context(|| format!("cannot remove {}", file.display()))?;
        }
        let secrets = site.folder.join("secrets.yaml");
        if !self.releases && secrets.exists() {
            eprintln!("kept: {}, which the native run uses too", secrets.display());
        }
        eprintln!("{}: removed {what}", site.title);
        Ok(Exit::Done)
    }

    async fn of_releases(&self, context: &Context, scope: &Scope, site: &Site) -> anyhow::Result<Plan> {
        let connection = kube::connect(context, scope).await?;
        identity::guard(&connection).await?;
        let inventory = Inventory::look(&connection.client)
            .await
            .map_err(|error| connection.failed("listing what is deployed", &error))?;
        let helm = if self.plan {
            Helm::at("helm")
        } else {
            Helm::at(locate(context, Tool::Helm)?.path)
        };
        // The last one that was deployed may need the first: they go in the opposite order.
        let own = inventory
            .releases
            .iter()
            .rev()
            .filter(|release| release.namespace == scope.cluster.name);
        let calls = own
            .map(|release| helm.uninstall(&release.name, &release.namespace, &site.kubeconfig))
            .collect();
        Ok(Plan {
            lost: inventory.releases_of(&scope.cluster.name),
            calls,
            files: Vec::new(),
        })
    }

    async fn of_cluster(
        &self,
        context: &Context,
        scope: &Scope,
        site: &Site,
        runner: &Runner,
    ) -> anyhow::Result<Plan> {
        let docker = Docker::at("docker");
        let host = Host::look(site, &docker, runner).await?;
        let mut plan = Plan {
            lost: Vec::new(),
            calls: Vec::new(),
            files: Vec::new(),
        };
        if !host.nodes.is_empty() {
            plan.lost = self.losses(context, scope, &host).await?;
            let kind = if self.plan {
                Kind::at("kind")
            } else {
                Kind::at(locate(context, Tool::Kind)?.path)
            };
            plan.calls.push(kind.delete(&site.name, &site.kubeconfig));
        }
        if host.registry.is_some() {
            plan.lost.push(format!(
                "the images in the registry on 127.0.0.1:{}",
                site.registry_port
            ));
            plan.calls
                .push(docker.remove(std::slice::from_ref(&site.registry)));
        }
        let container = node_image::container(site);
        if !runner.run(&docker.named(&container)).await?.is_empty() {
            plan.calls.push(docker.remove(&[container]));
        }
        if !plan.calls.is_empty() {
            let files = [site.kubeconfig.clone(), identity::record(&site.folder)];
            plan.files = files.into_iter().filter(|file| file.exists()).collect();
        }
        Ok(plan)
    }

    /// What is in the cluster, as far as it can be seen. A stopped cluster shows nothing, and that is said.
    async fn losses(&self, context: &Context, scope: &Scope, host: &Host) -> anyhow::Result<Vec<String>> {
        let nodes = names(host).join(", ");
        if host.nodes.iter().any(|node| !node.running) {
            return Ok(vec![format!(
                "whatever is on {nodes}: stopped, so it cannot be listed; bootstrap starts it"
            )]);
        }
        let Ok(connection) = kube::connect(context, scope).await else {
            return Ok(vec![format!(
                "whatever is on {nodes}: there is no kubeconfig to look with; bootstrap writes it"
            )]);
        };
        if connection.identity.is_some() {
            match identity::guard(&connection).await {
                Err(error) if error.downcast_ref::<Failure>().is_some_and(Failure::is_refusal) => {
                    return Err(error);
                }
                _ => {}
            }
        }
        Ok(match Inventory::look(&connection.client).await {
            Ok(inventory) => inventory.lines(),
            Err(error) => vec![format!("whatever is on {nodes}: it does not answer ({error})")],
        })
    }
}
