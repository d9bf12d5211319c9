//! Starts the apps one after the other, each when the one before is ready; watches them; stops them all.

use std::{future::Future, pin::pin, process::ExitStatus, process::Stdio, time::Duration};

use anyhow::Context as _;
use futures_util::future;
use nix::sys::signal::Signal;
use tokio::{
    process::Child,
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

use crate::{
    context::private_folder,
    native::{
        digest::{Cause, digest},
        health::{self, Readiness},
        logs::AppLog,
        plan::{AppPlan, Plan},
        ports, process,
        record::{self, AppRecord, Record},
    },
    outcome::{Failure, Outcome},
    signals::Signals,
};

/// How long an app may take from its start until it is ready.
const READY_WITHIN: Duration = Duration::from_secs(90);

/// Runs the plan until a signal or the end of an app. `once_ready` runs beside the apps when all are ready; its error
/// ends the run.
///
/// # Errors
/// The digest of the app that ended, or what else kept the run from starting. Everything is stopped by then.
pub(crate) async fn supervise(
    plan: &Plan,
    signals: &mut Signals,
    once_ready: impl Future<Output = anyhow::Result<()>>,
) -> Outcome {
    let own = process::Identity::of(std::process::id()).context("cannot read the own process")?;
    let mut run = Run {
        plan,
        record: Record::new(plan, own),
        apps: Vec::new(),
    };
    for folder in ["data", "logs"] {
        private_folder(&plan.folder.join(folder))?;
    }
    run.record.save(&plan.folder)?;
    let outcome = run.until_it_ends(signals, once_ready).await;
    run.stop(signals).await;
    record::remove(&plan.folder)?;
    outcome
}

struct Run<'a> {
    plan: &'a Plan,
    record: Record,
    apps: Vec<Running<'a>>,
}

struct Running<'a> {
    app: &'a AppPlan,
    child: Child,
    log: AppLog,
    /// The tasks that read what it prints.
    outputs: Vec<JoinHandle<()>>,
}

impl<'a> Run<'a> {
    async fn until_it_ends(
        &mut self,
        signals: &mut Signals,
        once_ready: impl Future<Output = anyhow::Result<()>>,
    ) -> Outcome {
        for (index, app) in self.plan.apps.iter().enumerate() {
            ports::check_free(&app.name, &app.listen_variable(), app.listen)?;
            ports::check_free(&app.name, &app.internal_listen_variable(), app.internal_listen)?;
            self.start(app, index)?;
            tokio::select! {
                exit = signals.next() => return Ok(exit),
                (index, status) = any_end(&mut self.apps) => {
                    return Err(self.digest(index, &Cause::Ended { status, was_ready: false }).await.into());
                }
                late = until_ready(app) => if let Err(cause) = late {
                    return Err(self.digest(index, &cause).await.into());
                },
            }
        }
        self.record.ready = true;
        self.record.save(&self.plan.folder)?;
        let mut once_ready = pin!(once_ready);
        let mut pending = true;
        loop {
            tokio::select! {
                exit = signals.next() => return Ok(exit),
                (index, status) = any_end(&mut self.apps) => {
                    return Err(self.digest(index, &Cause::Ended { status, was_ready: true }).await.into());
                }
                result = &mut once_ready, if pending => {
                    result?;
                    pending = false;
                }
            }
        }
    }

    fn start(&mut self, app: &'a AppPlan, index: usize) -> anyhow::Result<()> {
        let width = self
            .plan
            .apps
            .iter()
            .map(|app| app.name.len())
            .max()
            .unwrap_or_default();
        let log = AppLog::open(&self.plan.log_file(&app.name), &app.name, width, index)?;
        let mut command = process::guarded(&app.program, None, Signal::SIGTERM)?;
        command
            .envs(&app.env)
            .current_dir(&self.plan.folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot start {}", app.program.display()))?;
        let stdout = child
            .stdout
            .take()
            .map(|output| tokio::spawn(log.clone().follow(output)));
        let stderr = child
            .stderr
            .take()
            .map(|output| tokio::spawn(log.clone().follow(output)));
        let outputs = stdout.into_iter().chain(stderr).collect();
        let started = process::identity(&child);
        self.apps.push(Running {
            app,
            child,
            log,
            outputs,
        });
        if let Some(process) = started {
            self.record.apps.push(AppRecord {
                name: app.name.clone(),
                version: app.version.clone(),
                process,
                url: app.url(),
                internal_url: app.internal_url(),
            });
            self.record.save(&self.plan.folder)?;
        }
        Ok(())
    }

    /// Stops all apps together; a second signal kills what is still there.
    async fn stop(&mut self, signals: &mut Signals) {
        let ends = self.apps.iter_mut().map(|running| async {
            if let Some(process) = process::identity(&running.child) {
                process.send(Signal::SIGTERM);
            }
            if timeout(
                running.app.shutdown_timeout + Duration::from_secs(5),
                running.child.wait(),
            )
            .await
            .is_err()
            {
                eprintln!("{} did not end in time and is killed", running.app.name);
            }
        });
        tokio::select! {
            _ = future::join_all(ends) => {}
            _ = signals.next() => eprintln!("interrupted again: killing what still runs"),
        }
        for running in &mut self.apps {
            // It may have ended by itself, which is as good.
            let _ = running.child.kill().await;
        }
    }

    async fn digest(&mut self, index: usize, cause: &Cause) -> Failure {
        let Running {
            app, log, outputs, ..
        } = &mut self.apps[index];
        if matches!(cause, Cause::Ended { .. }) {
            // What it printed last may still be in the pipe; a process that it left behind may hold the pipe open.
            let _ = timeout(Duration::from_secs(1), future::join_all(outputs)).await;
        }
        digest(
            &app.name,
            cause,
            &log.last_lines(),
            &self.plan.log_file(&app.name),
        )
    }
}

/// Waits for the end of any of the apps; for ever if there is none.
async fn any_end(apps: &mut [Running<'_>]) -> (usize, ExitStatus) {
    let ends = apps.iter_mut().enumerate().map(|(index, running)| {
        Box::pin(async move {
            match running.child.wait().await {
                Ok(status) => (index, status),
                // Nobody else waits for this child, so the system has always an answer.
                Err(_) => future::pending().await,
            }
        })
    });
    let ends: Vec<_> = ends.collect();
    if ends.is_empty() {
        future::pending().await
    } else {
        future::select_all(ends).await.0
    }
}

async fn until_ready(app: &AppPlan) -> Result<(), Cause> {
    let not_ready = |after, last| Cause::NotReady { after, last };
    let client = health::client().map_err(|error| not_ready(Duration::ZERO, error.to_string()))?;
    let begin = Instant::now();
    loop {
        let last = match health::ask(&client, &app.internal_url()).await {
            Readiness::Ready => return Ok(()),
            Readiness::Waiting(last) => last,
        };
        if begin.elapsed() > READY_WITHIN {
            return Err(not_ready(begin.elapsed(), last));
        }
        sleep(Duration::from_millis(50)).await;
    }
}
