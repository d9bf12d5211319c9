//! Does what is to be done about a stage's cluster. Steps that need not wait for each other run together; each of them
//! looks first, so that the same command finishes what an interrupted one began.

use std::{
    collections::BTreeSet,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::time::sleep;

use super::{
    deployed,
    host::Host,
    inside::Cluster,
    plan::{Nodes, Registries, Tools},
    ready,
    site::Site,
    trouble,
};
use crate::{
    kube::identity::Identity,
    native::ports,
    outcome::Failure,
    progress::Progress,
    tools::runner::{Call, Runner},
};

/// How long Docker may take to finish what an interrupted run had begun.
const NAME_FREE_WITHIN: Duration = Duration::from_secs(20);
/// How long a container may take to show. One that Docker was not asked for yet never does.
const SHOWS_WITHIN: Duration = Duration::from_secs(3);
/// How often Docker is asked meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// One run of bootstrap.
pub(crate) struct Work<'a> {
    pub(super) site: &'a Site,
    pub(super) tools: &'a Tools,
    pub(super) runner: &'a Runner,
    pub(super) progress: &'a Progress,
    done: Mutex<Vec<String>>,
    /// Whether this run has made the cluster.
    pub(super) created: AtomicBool,
    /// The containers that are being made.
    making: Mutex<BTreeSet<String>>,
}

/// What a run did, for the last words of the command.
#[derive(Debug)]
pub(crate) struct Report {
    /// In the order in which it was done; empty if all was there.
    pub(crate) done: Vec<String>,
    pub(crate) identity: Identity,
    pub(crate) took: Duration,
}

impl<'a> Work<'a> {
    pub(crate) fn new(site: &'a Site, tools: &'a Tools, runner: &'a Runner, progress: &'a Progress) -> Self {
        Self {
            site,
            tools,
            runner,
            progress,
            done: Mutex::default(),
            created: AtomicBool::new(false),
            making: Mutex::default(),
        }
    }

    /// Makes the cluster whole.
    ///
    /// # Errors
    /// The first step that failed; the others are given up. The same command goes on from there.
    pub(crate) async fn run(&self) -> anyhow::Result<Report> {
        let begin = Instant::now();
        let host = Host::look(self.site, &self.tools.docker, self.runner).await?;
        self.free_ports(&host).await?;
        let cluster = async {
            match self.enter(&host).await? {
                Some(entered) => Ok(entered),
                None => self.create(&host).await,
            }
        };
        let (client, ()) = tokio::try_join!(cluster, self.registry(&host))?;
        let host = if self.has_done_nothing() {
            host
        } else {
            Host::look(self.site, &self.tools.docker, self.runner).await?
        };
        let cluster = Cluster::look(self.site, &client)
            .await
            .map_err(|error| self.silent(&error))?;
        // The ingress's image first: while its pod starts, the others follow.
        let images = async {
            let lacks = self.look_inside(&host).await?;
            self.give_images(&host, &lacks, true).await?;
            anyhow::Ok(lacks)
        };
        let objects = self.objects(&client, &cluster, &host);
        let (lacks, identity, ()) = tokio::try_join!(images, objects, self.join(&host))?;
        let rest = self.give_images(&host, &lacks, false);
        let serve = async {
            self.ingress(&client, &cluster, &self.site.kubeconfig).await?;
            let mut step = self.progress.step("wait until everything is ready");
            let starts = host.starts();
            ready::wait(
                self.site,
                &client,
                &starts,
                self.created.load(Ordering::Relaxed),
                &mut step,
            )
            .await?;
            step.done();
            let mut step = self.progress.step("wait until what is deployed is available");
            let missing = deployed::wait(self.site, &client, &starts, &mut step).await?;
            step.skip();
            if !missing.is_empty() {
                self.did(format!(
                    "what is deployed is not available yet: {}; `cargo xtask deploy{}` says why",
                    missing.join(", "),
                    self.site.flags
                ));
            }
            anyhow::Ok(())
        };
        tokio::try_join!(rest, serve)?;
        Ok(Report {
            done: self.done.lock().map(|done| done.clone()).unwrap_or_default(),
            identity,
            took: begin.elapsed(),
        })
    }

    /// Notes something for the last words.
    pub(super) fn did(&self, what: impl Into<String>) {
        if let Ok(mut done) = self.done.lock() {
            done.push(what.into());
        }
    }

    fn has_done_nothing(&self) -> bool {
        self.done.lock().is_ok_and(|done| done.is_empty())
    }

    pub(super) async fn call(&self, call: &Call) -> anyhow::Result<String> {
        self.runner.run(call).await.map_err(trouble::explain)
    }

    /// Makes a container of this name, in place of what an interrupted run had begun under it: Docker goes on with that, and it
    /// shows up a moment after it was looked for.
    pub(super) async fn make_container<T>(
        &self,
        name: &str,
        clear: &Call,
        mut make: impl AsyncFnMut() -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let begin = Instant::now();
        self.making(|making| making.insert(name.to_owned()));
        let made = loop {
            match make().await {
                Err(error) if trouble::is_name_taken(&error) && begin.elapsed() < NAME_FREE_WITHIN => {
                    self.call(clear).await?;
                    sleep(LOOK_EVERY).await;
                }
                made => break made,
            }
        };
        // One that failed may have been interrupted, before that is known here.
        if made.is_ok() {
            self.making(|making| making.remove(name));
        }
        made
    }

    fn making(&self, change: impl FnOnce(&mut BTreeSet<String>) -> bool) {
        if let Ok(mut making) = self.making.lock() {
            change(&mut making);
        }
    }

    /// After a run that was given up: waits until the containers that Docker was asked for show, so that whoever looks next
    /// sees them.
    pub(crate) async fn settle(&self) {
        let begin = Instant::now();
        let making = self
            .making
            .lock()
            .map(|making| making.clone())
            .unwrap_or_default();
        for name in making {
            let call = self.tools.docker.named(&name);
            let shows = async || self.runner.run(&call).await.is_ok_and(|named| !named.is_empty());
            while begin.elapsed() < SHOWS_WITHIN && !shows().await {
                sleep(LOOK_EVERY).await;
            }
        }
    }

    /// The error of an API server that answered before and does not now, or refuses.
    pub(super) fn silent(&self, error: &kube::Error) -> anyhow::Error {
        Failure::failed(format!("the API server of {} gave no answer", self.site.title))
            .because(error.to_string())
            .advise("run it again")
            .into()
    }

    /// Checks the ports that are about to be taken, before anything is made.
    async fn free_ports(&self, host: &Host) -> anyhow::Result<()> {
        let mut wanted = Vec::new();
        match Nodes::decide(host) {
            Nodes::Create => wanted.push((self.site.http_port, "http_port")),
            Nodes::Start(_) => {
                wanted.push((self.site.http_port, "http_port"));
                wanted.extend(host.api_port().map(|port| (port, "")));
            }
            Nodes::Run => {}
        }
        if Registries::decide(self.site, host) != Registries::Run {
            wanted.push((self.site.registry_port, "registry_port"));
        }
        for (port, key) in wanted {
            self.free_port(port, key).await?;
        }
        Ok(())
    }

    async fn free_port(&self, port: u16, key: &str) -> anyhow::Result<()> {
        if ports::is_free(port) {
            return Ok(());
        }
        let containers = self.call(&self.tools.docker.publishing(port)).await?;
        let containers: Vec<&str> = containers.lines().collect();
        let holder = if containers.is_empty() {
            ports::holder(port)
        } else {
            format!("the container {}", containers.join(", "))
        };
        let other = match key {
            "" => String::new(),
            key => format!(
                ", or give {} another {key} in clusters/{}/cluster.yaml",
                self.site.title, self.site.cluster
            ),
        };
        Err(Failure::failed(format!(
            "{} cannot have port {port} of 127.0.0.1",
            self.site.title
        ))
        .because(format!("it is taken by {holder}"))
        .advise(format!("stop it{other}"))
        .into())
    }
}
