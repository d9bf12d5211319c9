//! `bootstrap`: the cluster of a stage, made, made whole, or adopted.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use config::{Home, Target};
use serde_json::json;

use crate::{
    bootstrap::{
        adopt::Adoption,
        host::Host,
        plan::{Listing, Tools},
        site::{self, Site},
        work::{Report, Work},
    },
    commands::scope::{Flags, Scope},
    context::{Context, block_on},
    deps::{self, Tool, provide},
    doctor,
    lock::ClusterLock,
    outcome::{Exit, Failure, Outcome},
    progress::Progress,
    signals::Signals,
    tools::{docker::Docker, helm::Helm, kind::Kind, runner::Runner},
};

/// Make the cluster of a stage: a kind cluster with a registry and an ingress on this machine.
///
/// It looks at what is there first, so it may run again: a stopped cluster is started, a half-made one is made whole, and
/// a lost `.plasma/` is written anew from the cluster, with the secrets that the last deploy gave it.
///
/// Staging and production are adopted instead: one context of a kubeconfig becomes the stage's own, and nothing is
/// changed in the cluster.
#[derive(Args)]
#[command(after_help = "Examples:
  cargo xtask bootstrap             the stage local; next: cargo xtask deploy
  cargo xtask bootstrap --plan      the commands that it would run
  cargo xtask bootstrap --stage staging --kubeconfig staging.yaml")]
pub(crate) struct Bootstrap {
    #[command(flatten)]
    flags: Flags,
    /// Adopt the cluster of this kubeconfig (staging and production).
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// The context to take from it [default: its current one].
    #[arg(long, value_name = "NAME", requires = "kubeconfig")]
    context: Option<String>,
    /// Let the adopted cluster take the place of another one that is recorded.
    #[arg(long, requires = "kubeconfig")]
    yes: bool,
    /// Print what would be done, and do nothing.
    #[arg(long)]
    plan: bool,
    /// Print what was done as JSON.
    #[arg(long, conflicts_with = "plan")]
    json: bool,
}

impl Bootstrap {
    pub(crate) fn run(&self, context: &Context) -> Outcome {
        let scope = self.flags.on(Target::Cluster, context)?;
        match (&self.kubeconfig, scope.cluster.stages.get(&scope.stage)) {
            (Some(file), Some(Home::Adopted)) => self.adopt(context, &scope, file),
            (Some(_), _) => Err(Failure::usage(format!("{} is not adopted", scope.title()))
                .because(format!(
                    "clusters/{}/cluster.yaml says that plasma makes its cluster on this machine",
                    scope.cluster.name
                ))
                .advise(format!("cargo xtask bootstrap{}", scope.flags))
                .into()),
            (None, Some(Home::Kind { .. })) => self.make(context, &scope),
            (None, _) => Err(site::refuse_to_make(&scope).into()),
        }
    }

    fn make(&self, context: &Context, scope: &Scope) -> Outcome {
        let site = Site::read(context, scope)?;
        let runner = Runner::new(&site.folder);
        if self.plan {
            // A tool that can never be there is the error of the run itself.
            let fetched = deps::plan(context, &[Tool::Kubectl, Tool::Helm, Tool::Kind]).unwrap_or_default();
            for line in fetched.iter().filter(|line| line.starts_with("download")) {
                println!("{line}");
            }
            let tools = Tools {
                docker: Docker::at("docker"),
                kind: Kind::at("kind"),
                helm: Helm::at("helm"),
            };
            let host = block_on(Host::look(&site, &tools.docker, &Runner::silent())).ok();
            let listing = Listing {
                site: &site,
                tools: &tools,
                host: host.as_ref(),
            };
            print!("{listing}");
            return Ok(Exit::Done);
        }
        let _lock = ClusterLock::take(context, scope, "bootstrap")?;
        let provided = provide(context)?;
        for warning in &provided.warnings {
            eprintln!("warning: {warning}");
        }
        let tools = Tools {
            docker: Docker::at("docker"),
            kind: Kind::at(provided.kind.path),
            helm: Helm::at(provided.helm.path),
        };
        let progress = Progress::new();
        let report = block_on(async {
            let mut signals = Signals::listen().context("cannot listen to signals")?;
            let work = Work::new(&site, &tools, &runner, &progress);
            let whole = async {
                for note in doctor::preflight(context, scope).await? {
                    eprintln!("note: {note}");
                }
                work.run().await
            };
            if let Some(report) = signals.unless(whole).await {
                return report;
            }
            work.settle().await;
            let interrupted =
                Failure::interrupted(format!("the bootstrap of {} was interrupted", site.title));
            let command = format!("cargo xtask bootstrap{}", site.flags);
            Err(interrupted
                .advise(format!("the same command goes on from here: {command}"))
                .into())
        })?;
        if self.json {
            println!("{}", serde_json::to_string_pretty(&document(&site, &report))?);
        } else {
            tell(&site, &report);
        }
        Ok(Exit::Done)
    }

    fn adopt(&self, context: &Context, scope: &Scope, file: &std::path::Path) -> Outcome {
        let adoption = Adoption::read(file, self.context.as_deref())?;
        let folder = scope.folder(context);
        if self.plan {
            block_on(adoption.examine(context, scope, self.yes))?;
            println!(
                "copy the context {} ({}) of {} into {}",
                adoption.context,
                adoption.server,
                file.display(),
                crate::kube::kubeconfig(&folder).display()
            );
            println!(
                "record the identity of that cluster in {}",
                crate::kube::identity::record(&folder).display()
            );
            return Ok(Exit::Done);
        }
        let _lock = ClusterLock::take(context, scope, "bootstrap")?;
        let identity = block_on(adoption.adopt(context, scope, self.yes))?;
        if self.json {
            let document = json!({
                "schema": 1, "cluster": scope.cluster.name, "stage": scope.stage.name(), "server": identity.server,
                "identity": identity.uid, "kubeconfig": crate::kube::kubeconfig(&folder), "done": ["adopted"],
            });
            println!("{document:#}");
        } else {
            eprintln!(
                "{} {} is adopted: {} at {}, known by {}",
                scope.stage.emoji(),
                scope.title(),
                adoption.context,
                identity.server,
                identity.uid
            );
            eprintln!("next: cargo xtask deploy{} --plan", scope.flags);
        }
        Ok(Exit::Done)
    }
}

fn document(site: &Site, report: &Report) -> serde_json::Value {
    json!({
        "schema": 1,
        "cluster": site.cluster,
        "stage": site.stage.name(),
        "server": report.identity.server,
        "identity": report.identity.uid,
        "kubeconfig": site.kubeconfig,
        "registry": format!("localhost:{}", site.registry_port),
        "ingress": format!("http://127.0.0.1:{}", site.http_port),
        "done": report.done,
        "seconds": report.took.as_secs_f64(),
    })
}

fn tell(site: &Site, report: &Report) {
    let took = report.took.as_secs_f64();
    if report.done.is_empty() {
        eprintln!(
            "{} {} has all it needs: nothing was done ({took:.1} s)",
            site.stage.emoji(),
            site.title
        );
    } else {
        eprintln!("{} {} is ready ({took:.1} s):", site.stage.emoji(), site.title);
        for done in &report.done {
            eprintln!("  {done}");
        }
    }
    eprintln!("next: cargo xtask deploy{}", site.flags);
}
