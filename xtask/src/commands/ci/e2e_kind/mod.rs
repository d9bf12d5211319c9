//! `ci e2e-kind`: the product on a real kind cluster, from nothing to nothing: bootstrap, deploy, the end-to-end story,
//! lost pods and a rolling deploy under a load, a lost state folder, and on adopted stages the digests
//! of what cannot be rolled out and the guards of production.

mod ingress;
mod load;

use std::{
    path::{Path, PathBuf},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api, Client, ResourceExt,
    api::{DeleteParams, ListParams},
};
use xshell::{Shell, cmd};

use self::{
    ingress::Visitor,
    load::{Load, Tally},
};
use super::skip;
use crate::{
    bootstrap::bare::Bare,
    cargo,
    context::{Context, block_on},
    deps::{Tool, locate},
    kube::workload,
    native::process::find_program,
    outcome::{Exit, Failure, Outcome},
    tools::{helm::Helm, runner::Runner},
};

const CLUSTER: &str = "hmlet";
const STAGE: &str = "test";
/// The node's container.
const NODE: &str = "hmlet-test-control-plane";
/// Of the stage, as `clusters/hmlet/cluster.yaml` says.
const REGISTRY: &str = "localhost:5002";
/// Longest wait for a pod that takes the place of a deleted one.
const PATIENCE: Duration = Duration::from_secs(180);

pub(super) fn run(context: &Context) -> Outcome {
    let path = context.vars.get("PATH").map_or("", String::as_str);
    if find_program("docker", path).is_none() {
        return skip(
            context,
            "nothing was tried on a kind cluster, for there is no `docker`",
            "install Docker",
        );
    }
    let state = tempfile::Builder::new()
        .prefix("plasma-e2e-kind-")
        .tempdir()
        .context("cannot make a folder")?;
    let mut job = Job::new(context, state.path())?;
    let told = job.play(context);
    let gone = job.step("destroy", |job| {
        job.plasma(&["destroy", "--stage", STAGE, "--yes"]).map(drop)
    });
    eprintln!("{}", job.summary());
    told?;
    gone?;
    Ok(Exit::Done)
}

/// The job's own stage, and how long its steps took.
struct Job {
    shell: Shell,
    plasma: PathBuf,
    state: PathBuf,
    took: Vec<(&'static str, Duration)>,
}

impl Job {
    fn new(context: &Context, state: &Path) -> anyhow::Result<Self> {
        let shell = Shell::new()?;
        shell.change_dir(&context.root);
        shell.set_var("PLASMA_STATE_DIR", state);
        Ok(Self {
            shell,
            plasma: std::env::current_exe().context("cannot find the running program")?,
            state: state.to_owned(),
            took: Vec::new(),
        })
    }

    fn play(&mut self, context: &Context) -> anyhow::Result<()> {
        self.step("clean", |job| {
            job.plasma(&["destroy", "--stage", STAGE, "--yes"]).map(drop)
        })?;
        self.step("bootstrap", |job| {
            job.plasma(&["bootstrap", "--stage", STAGE]).map(drop)
        })?;
        self.step("bootstrap again", |job| {
            job.plasma(&["bootstrap", "--stage", STAGE]).map(drop)
        })?;
        self.step("deploy", Self::deploy)?;
        self.step("e2e", |job| {
            job.plasma(&["e2e", "--stage", STAGE, "--target", "cluster"])
                .map(drop)
        })?;
        self.step("helm test", |job| job.test_releases(context))?;
        self.step("lost pods", Self::lose_pods)?;
        self.step("rolling deploy", Self::roll)?;
        self.step("deploy again", Self::deploy_again)?;
        self.step("lost state", |job| {
            std::fs::remove_dir_all(job.state.join(CLUSTER)).context("cannot delete the state")?;
            job.plasma(&["bootstrap", "--stage", STAGE])?;
            job.plasma(&["deploy", "--stage", STAGE])?;
            job.plasma(&["e2e", "--stage", STAGE, "--target", "cluster"])
                .map(drop)
        })?;
        // Guesses at passwords close the service to this machine: nobody logs in after this.
        let slow = self.step("ingress", Self::visit)?;
        // What `bootstrap` is compared with.
        let second = self.step("kind alone", |job| {
            let bare = Bare::make(context, &job.state)?;
            bare.wait()?;
            Ok(bare)
        })?;
        let told = self.step("adopted stages", |job| job.adopt(context, &second.kubeconfig));
        second.delete()?;
        told?;
        self.step("slow upload", |_| {
            slow.join()
                .map_err(|_| anyhow::anyhow!("the slow upload panicked"))?
        })
    }

    /// What comes through the ingress, and what does not. Gives the slow upload, which goes on beside the next steps.
    fn visit(&mut self) -> anyhow::Result<JoinHandle<anyhow::Result<()>>> {
        let url = self.url("photos")?;
        let visitor = block_on(async {
            let visitor = Visitor::register(&url).await?;
            visitor.is_told_what_is_too_large().await?;
            visitor.guesses_passwords().await?;
            anyhow::Ok(visitor)
        })?;
        // Another address, the node's own, does not wait for the guesses of this one.
        let host = url.trim_start_matches("http://");
        let (node, host) = (NODE, format!("Host: {host}"));
        let guess = r#"{"username":"nobody","password":"a-guess-that-is-wrong"}"#;
        let (shell, shown) = (&self.shell, "%{http_code}");
        let status = cmd!(
            shell,
            "docker exec {node} curl --silent --output /dev/null --write-out {shown} --header {host} --header Content-Type:application/json --data {guess} http://127.0.0.1/api/v1/auth/token"
        )
        .read()?;
        if status != "401" {
            return Err(
                Failure::failed("another address waits for the guesses of this one")
                    .because(format!("it was answered {status} instead of 401"))
                    .into(),
            );
        }
        Ok(thread::spawn(move || block_on(visitor.uploads_slowly())))
    }

    /// What deploy says of releases that cannot be rolled out, and what guards production.
    fn adopt(&self, context: &Context, production: &Path) -> anyhow::Result<()> {
        let status = cargo::command(context)
            .args(["nextest", "run", "--workspace", "--test", "adopted"])
            .args(["--locked", "--no-fail-fast"])
            .env("PLASMA_STATE_DIR", &self.state)
            .env("PLASMA_TEST_KUBECONFIG", self.folder().join("kubeconfig"))
            .env("PLASMA_TEST_PRODUCTION_KUBECONFIG", production)
            .env("PLASMA_TEST_REGISTRY", REGISTRY)
            .status()
            .context("cannot start cargo")?;
        if status.success() {
            return Ok(());
        }
        Err(Failure::failed("a story of the adopted stages failed").into())
    }

    /// The tests that the charts bring.
    fn test_releases(&self, context: &Context) -> anyhow::Result<()> {
        let helm = Helm::at(locate(context, Tool::Helm)?.path);
        let (runner, kubeconfig) = (Runner::silent(), self.folder().join("kubeconfig"));
        let own = ["postgresql", "redis", "minio", "photos", "frontend"].map(|release| (release, CLUSTER));
        for (release, namespace) in own.into_iter().chain([("traefik", "traefik")]) {
            block_on(runner.run(&helm.test(release, namespace, &kubeconfig)))?;
        }
        Ok(())
    }

    /// A pod of photos, of PostgreSQL and of MinIO, one after the other, while people upload and look.
    fn lose_pods(&mut self) -> anyhow::Result<()> {
        block_on(async {
            let load = Load::start(&self.url("photos")?).await?;
            let client = self.client().await?;
            for (release, prefix) in [
                ("photos", "photos-"),
                ("postgresql", "postgresql-"),
                ("minio", "minio-"),
            ] {
                let before = load.tally();
                let pods: Api<Pod> = Api::namespaced(client.clone(), CLUSTER);
                let all = pods.list(&ListParams::default()).await?;
                let pod = all
                    .iter()
                    .map(ResourceExt::name_any)
                    .find(|name| name.starts_with(prefix));
                let pod = pod.with_context(|| format!("there is no pod of {release}"))?;
                pods.delete(&pod, &DeleteParams::default()).await?;
                self.available(&client, release, &pod).await?;
                load.succeeds().await?;
                eprintln!("  {pod} deleted: {}", load.tally().since(&before));
            }
            load.verify().await
        })
    }

    /// Another version takes over while people upload and look: nobody may notice.
    fn roll(&mut self) -> anyhow::Result<()> {
        let url = self.url("photos")?;
        block_on(async {
            let load = Load::start(&url).await?;
            load.succeeds().await?;
            let before = load.tally();
            let (plasma, root) = (self.plasma.clone(), self.shell.current_dir());
            let deployed = tokio::process::Command::new(plasma)
                .args(["deploy", "photos", "--stage", STAGE, "--explain"])
                .current_dir(root)
                .env("PLASMA_STATE_DIR", &self.state)
                .env("PS_LOG", "info,photos=debug")
                .status()
                .await
                .context("cannot start the deploy")?;
            load.succeeds().await?;
            let tally: Tally = load.tally().since(&before);
            eprintln!("  rolling deploy: {tally}");
            load.verify().await?;
            if !deployed.success() || tally.failed > 0 {
                return Err(Failure::failed("the rolling deploy was noticed")
                    .because(tally.to_string())
                    .into());
            }
            Ok(())
        })
    }

    /// Everything into the empty cluster. Docker does not keep the image of a deploy before.
    fn deploy(&mut self) -> anyhow::Result<()> {
        let shell = &self.shell;
        let before = format!("{REGISTRY}/photos:{:016x}", 1);
        cmd!(shell, "docker tag registry:2 {before}").run()?;
        self.plasma(&["deploy", "--stage", STAGE])?;
        let kept = cmd!(shell, "docker image ls --quiet {before}").read()?;
        if kept.is_empty() {
            return Ok(());
        }
        Err(
            Failure::failed("the deploy left an image of one before in Docker")
                .because(before)
                .into(),
        )
    }

    /// Back to the files' own environment, and then once more with nothing to do.
    fn deploy_again(&mut self) -> anyhow::Result<()> {
        self.plasma(&["deploy", "--stage", STAGE])?;
        let begin = Instant::now();
        let text = self.plasma(&["deploy", "--stage", STAGE, "--json"])?;
        eprintln!(
            "  a deploy with nothing to do: {:.2} s",
            begin.elapsed().as_secs_f64()
        );
        let report: serde_json::Value =
            serde_json::from_str(&text).context("deploy --json prints no JSON")?;
        let results = report["releases"].as_array().into_iter().flatten();
        let other: Vec<String> = results
            .filter(|release| release["result"] != "unchanged")
            .map(ToString::to_string)
            .collect();
        if other.is_empty() {
            return Ok(());
        }
        Err(Failure::failed("a deploy with nothing to do did something")
            .because(other.join("\n"))
            .into())
    }

    /// Waits until a pod is gone and the workloads of its release are available.
    async fn available(&self, client: &Client, release: &str, pod: &str) -> anyhow::Result<()> {
        let begin = Instant::now();
        let pods: Api<Pod> = Api::namespaced(client.clone(), CLUSTER);
        let mut seen = String::new();
        while begin.elapsed() < PATIENCE {
            let gone = match pods.get_opt(pod).await? {
                // A StatefulSet gives the name to the next one.
                Some(found) => {
                    found.metadata.deletion_timestamp.is_none() && begin.elapsed() > Duration::from_secs(1)
                }
                None => true,
            };
            let workloads = workload::of_release(&workload::read(client, CLUSTER).await?, release);
            if gone && !workloads.is_empty() && workloads.iter().all(workload::Workload::is_available) {
                return Ok(());
            }
            seen = format!("{workloads:?}");
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        Err(Failure::failed(format!(
            "{release} did not come back within {} s",
            PATIENCE.as_secs()
        ))
        .because(seen)
        .into())
    }

    async fn client(&self) -> anyhow::Result<Client> {
        Ok(crate::kube::client(&self.folder().join("kubeconfig")).await?)
    }

    fn folder(&self) -> PathBuf {
        self.state.join(CLUSTER).join(STAGE)
    }

    /// Where an app is reached, from the last report of `deploy`.
    fn url(&self, app: &str) -> anyhow::Result<String> {
        let text = self.plasma(&["deploy", "--stage", STAGE, "--json"])?;
        let report: serde_json::Value =
            serde_json::from_str(&text).context("deploy --json prints no JSON")?;
        let url = report["urls"][app]
            .as_str()
            .with_context(|| format!("{app} has no URL"))?;
        Ok(url.to_owned())
    }

    /// Runs plasma on the job's own state, and gives what it printed.
    fn plasma(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let (shell, plasma) = (&self.shell, &self.plasma);
        let run = cmd!(shell, "{plasma} {arguments...}").read();
        run.map_err(|_| Failure::failed(format!("`plasma {}` failed", arguments.join(" "))).into())
    }

    fn step<T>(
        &mut self,
        name: &'static str,
        work: impl FnOnce(&mut Self) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        eprintln!("--- {name}");
        let begin = Instant::now();
        let done = work(self);
        self.took.push((name, begin.elapsed()));
        done.with_context(|| format!("the step `{name}` of e2e-kind failed"))
    }

    fn summary(&self) -> String {
        let steps: Vec<String> = self
            .took
            .iter()
            .map(|(name, took)| format!("{name} {:.1} s", took.as_secs_f64()))
            .collect();
        let all: Duration = self.took.iter().map(|(_, took)| *took).sum();
        format!(
            "e2e-kind: {}; {:.0} s in all",
            steps.join(", "),
            all.as_secs_f64()
        )
    }
}
