//! Installs or upgrades one release and follows it until its pods are ready.

use std::{cell::RefCell, collections::BTreeSet};

use k8s_openapi::api::core::v1::Pod;
use kube::{Api, api::DeleteParams};
use tokio::time::{Duration, Instant, sleep, timeout};

use super::{
    healing::{self, Restart},
    objects,
    record::{self, Record},
    remake, revision,
    wish::Wanted,
};
use crate::{
    kube::{
        Connection,
        diagnosis::{Diagnosis, Files},
        identity,
        readers::Source,
        rollout::{self, Trouble},
        snapshot::Watch,
        workload,
    },
    outcome::Failure,
    progress::Step,
    tools::{
        helm::{self, Releases},
        runner::Runner,
    },
};

/// How often the cluster is asked whether it is there, and how long it may be silent in a rollout.
const ASK_EVERY: Duration = Duration::from_secs(5);
const SILENCE: Duration = Duration::from_secs(60);
/// How long the cluster may take to tell why helm failed.
const AFTERMATH: Duration = Duration::from_secs(2);

/// What the work on a release needs.
pub(crate) struct Site<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) helm: &'a Releases,
    pub(crate) runner: &'a Runner,
    pub(crate) watch: &'a Watch,
    /// The environment's file of the stage, for messages.
    pub(crate) env_file: &'a std::path::Path,
}

impl Site<'_> {
    /// Installs or upgrades a release, waits until it is available, and keeps what it was made from.
    ///
    /// # Errors
    /// The digest of what went wrong.
    pub(crate) async fn install(
        &self,
        wanted: &Wanted,
        restarts: &[Restart],
        step: &mut Step,
    ) -> anyhow::Result<()> {
        record::keep(self.connection, &wanted.name, None).await?;
        let mut sources = Vec::new();
        for (object, foreign) in healing::all_foreign(self.connection, &wanted.name).await? {
            healing::reclaim(self.connection, &object, &foreign).await?;
            step.line(format!("  {}: {}: {foreign}", wanted.name, object.title()));
            if object.kind == "ConfigMap" && foreign.is_of_content() {
                sources.push(Source::ConfigMap { name: object.name });
            }
        }
        step.says("helm applies it");
        let old = rollout::known_hooks(self.watch, &wanted.name);
        let failing_hook = rollout::failing_hook(self.watch, &wanted.name, &old);
        tokio::pin!(failing_hook);
        let failed = tokio::select! {
            done = self.upgrade(wanted, step) => match done {
                Ok(()) => None,
                // helm knows only that a hook failed; the pod's end may be told a moment later.
                Err(error) => match timeout(AFTERMATH, &mut failing_hook).await {
                    Ok(trouble) => Some(trouble),
                    Err(_) => return Err(error),
                },
            },
            trouble = &mut failing_hook => Some(trouble),
        };
        if let Some(trouble) = failed {
            return Err(self.digest(wanted, trouble).await.into());
        }
        let mut anew: Vec<Restart> = restarts
            .iter()
            .filter(|restart| !restart.is_for_secret())
            .cloned()
            .collect();
        if !sources.is_empty() {
            let found = Restart::of_readers(&workload::look(self.connection).await?, &wanted.name, &sources);
            let is_new = |one: &Restart| anew.iter().all(|other| other.workload != one.workload);
            let new: Vec<Restart> = found.into_iter().filter(is_new).collect();
            anew.extend(new);
        }
        for restart in anew {
            healing::restart(self.connection, &restart.workload).await?;
            step.line(format!(
                "  {}: {}: {restart}",
                wanted.name,
                restart.workload.title()
            ));
        }
        // Before the rollout, which takes its time: what somebody changes meanwhile is a change.
        let record = self.record(wanted).await?;
        self.follow(wanted, step).await?;
        record::keep(self.connection, &wanted.name, Some(&record)).await
    }

    /// What a release has just been made from, and its objects as they are.
    async fn record(&self, wanted: &Wanted) -> anyhow::Result<Record> {
        let (installed, revisions) = tokio::try_join!(
            revision::installed(self.connection, &wanted.name),
            revision::newest(self.connection)
        )?;
        let names = objects::of_manifest(&installed.unwrap_or_default().manifest)?;
        let marks = objects::marks(self.connection, names.keys()).await?;
        let number = revisions
            .get(&wanted.name)
            .map(|revision| revision.number)
            .unwrap_or_default();
        Ok(Record::new(wanted.inputs.clone(), number, marks))
    }

    /// Waits until the workloads of a release are available.
    ///
    /// # Errors
    /// The digest of what keeps them from it.
    pub(crate) async fn follow(&self, wanted: &Wanted, step: &mut Step) -> anyhow::Result<()> {
        let name = &wanted.name;
        let snapshot = workload::look(self.connection).await?;
        let expected = workload::of_release(&snapshot, name);
        let step = RefCell::new(step);
        let says = |what: &str| step.borrow_mut().says(what);
        loop {
            let ready = tokio::select! {
                ready = rollout::wait(self.watch, name, &expected, says) => ready,
                never = self.unblock(name) => never,
                error = self.silence(says) => return Err(error),
            };
            if let Err(trouble) = ready {
                return Err(self.digest(wanted, trouble).await.into());
            }
            // A watch does not know which nodes have just started, and believes what they said before.
            let snapshot = workload::look(self.connection).await?;
            let unconfirmed = workload::of_release(&snapshot, name)
                .into_iter()
                .find(|it| !it.is_available());
            let Some(unconfirmed) = unconfirmed else {
                return Ok(());
            };
            says(&format!(
                "waiting for the node to tell of {} {}",
                unconfirmed.kind, unconfirmed.name
            ));
            sleep(Duration::from_millis(500)).await;
        }
    }

    async fn upgrade(&self, wanted: &Wanted, step: &mut Step) -> anyhow::Result<()> {
        let chart = wanted.chart();
        let call = self.helm.upgrade(&chart, false);
        let mut ended = self.runner.capture(&call).await?;
        let conflicts = helm::conflicts(&ended.stderr);
        if !ended.is_ok() && !conflicts.is_empty() {
            for conflict in &conflicts {
                step.line(format!("  {}: taken back: {conflict}", wanted.name));
            }
            let call = self.helm.upgrade(&chart, true);
            ended = self.runner.capture(&call).await?;
        }
        if remake::is_kept(&ended.stderr) {
            for set in remake::unborn(self.connection, &wanted.name).await? {
                step.line(format!("  {}: StatefulSet {set} {}", wanted.name, remake::ANEW));
                remake::delete(self.connection, &set).await?;
                ended = self.runner.capture(&self.helm.upgrade(&chart, true)).await?;
            }
        }
        if ended.is_ok() {
            return Ok(());
        }
        if ended.stderr.trim().is_empty() {
            // It was killed.
            return Err(call
                .failed(&ended)
                .advise("run it again: the release is repaired then")
                .into());
        }
        Err(refused(wanted, &ended.stderr).into())
    }

    /// Returns when the cluster has not answered for too long: a watch alone goes on with what it knew.
    async fn silence(&self, says: impl Fn(&str)) -> anyhow::Error {
        let mut since = None;
        loop {
            sleep(ASK_EVERY).await;
            let why = match timeout(ASK_EVERY, identity::ask(&self.connection.client)).await {
                // Whatever it says, it is there.
                Ok(Ok(_) | Err(kube::Error::Api(_))) => {
                    if since.take().is_some() {
                        says("the cluster answers again");
                    }
                    continue;
                }
                Ok(Err(error)) => self.connection.failed("asking the cluster who it is", &error),
                Err(late) => self.connection.silent(&late.to_string()),
            };
            let silent = since.get_or_insert_with(Instant::now).elapsed();
            if silent > SILENCE {
                return why.into();
            }
            says(&format!(
                "the cluster does not answer, for {} s now",
                silent.as_secs()
            ));
        }
    }

    /// A StatefulSet waits for a broken pod of its last version before it makes one of the new: such pods are deleted.
    /// Never returns.
    async fn unblock(&self, release: &str) -> Result<(), Trouble> {
        let pods: Api<Pod> = Api::namespaced(self.connection.client.clone(), &self.connection.namespace);
        let mut deleted = BTreeSet::new();
        loop {
            let blocking = rollout::blocking(&self.watch.look(), release);
            for (uid, name) in blocking {
                if deleted.insert(uid) {
                    // If it cannot be deleted, the rollout says what it waits for.
                    let _ = pods.delete(&name, &DeleteParams::default()).await;
                }
            }
            sleep(Duration::from_millis(500)).await;
        }
    }

    async fn digest(&self, wanted: &Wanted, trouble: Trouble) -> Failure {
        let Connection {
            client, namespace, ..
        } = self.connection;
        let installed = revision::installed(self.connection, &wanted.name)
            .await
            .ok()
            .flatten()
            .unwrap_or_default();
        let files = Files {
            chart: wanted.chart.clone(),
            values: wanted.values.clone(),
            env: self.env_file.to_owned(),
            manifest: installed.documents(),
        };
        let snapshot = self.watch.look();
        Diagnosis::make(client, namespace, &snapshot, &wanted.name, trouble, &files)
            .await
            .failure()
    }
}

/// The error of a release that helm could not install.
fn refused(wanted: &Wanted, said: &str) -> Failure {
    let failure = Failure::failed(format!("helm cannot install {}", wanted.name));
    if remake::is_kept(said) {
        return remake::kept(failure, wanted);
    }
    failure.because(helm::complaint(said)).advise(wanted.sources())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::inputs::Inputs;

    fn wanted() -> Wanted {
        Wanted {
            name: "minio".into(),
            chart: "charts/minio".into(),
            values: "values/local/minio.yaml".into(),
            generated: String::new(),
            inputs: Inputs::default(),
        }
    }

    #[test]
    fn a_volume_of_another_size_is_told_once_and_with_what_to_do() {
        let said = "level=WARN msg=\"upgrade failed\" error=\"StatefulSet.apps \\\"minio\\\" is invalid: spec: Forbidden: \
                    updates to statefulset spec for fields other than 'replicas' are forbidden\"\n\
                    Error: UPGRADE FAILED: StatefulSet.apps \"minio\" is invalid: spec: Forbidden: updates to statefulset \
                    spec for fields other than 'replicas' are forbidden\n";
        let failure = refused(&wanted(), said);
        assert!(
            failure
                .why()
                .starts_with("a StatefulSet keeps what it was made with"),
            "{}",
            failure.why()
        );
        assert!(!failure.why().contains("Forbidden"), "{}", failure.why());
    }

    #[test]
    fn what_helm_says_twice_is_told_once() {
        let said =
            "level=WARN msg=\"upgrade failed\" error=\"no such kind\"\nError: UPGRADE FAILED: no such kind\n";
        assert_eq!(refused(&wanted(), said).why(), "UPGRADE FAILED: no such kind");
        assert_eq!(refused(&wanted(), "killed\n").why(), "killed");
    }
}
