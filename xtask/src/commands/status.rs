//! `status`: which apps run, in which state, and where.

use clap::Args;
use comfy_table::{Table, presets};
use config::{Secrets, Target};
use serde::Serialize;

use crate::{
    commands::scope::{Flags, Scope},
    context::{Context, block_on},
    kube::{self, identity, overview, overview::Workload, pods::PodState},
    native::{
        health::{self, Readiness, State},
        plan::Login,
        record::{AppRecord, Record},
    },
    outcome::{Exit, Outcome},
};

/// Show the apps of a stage: their state, version, pods and addresses.
///
/// Exits with 0 when everything is ready, else with 1. Without --target it is about the native run while `up` runs, else
/// about the stage's cluster if there is one.
#[derive(Args)]
pub(crate) struct Status {
    #[command(flatten)]
    flags: Flags,
    /// native or cluster [default: native while `up` runs, else the cluster if there is one].
    #[arg(long)]
    target: Option<Target>,
    /// Print it as JSON.
    #[arg(long)]
    json: bool,
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    schema: u32,
    cluster: String,
    stage: &'static str,
    target: &'static str,
    pub(crate) ready: bool,
    pub(crate) apps: Vec<AppReport>,
    /// What runs on the cluster behind the apps: PostgreSQL, Redis, MinIO.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    services: Vec<AppReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) login: Option<Login>,
}

/// One app. What a stopped app does not have is null.
#[derive(Debug, Serialize)]
pub(crate) struct AppReport {
    pub(crate) name: String,
    state: State,
    version: Option<String>,
    pub(crate) url: Option<String>,
    pub(crate) internal_url: Option<String>,
    restarts: u32,
    pub(crate) pid: Option<u32>,
    /// Empty for a process of this machine.
    pods: Vec<PodState>,
}

impl Status {
    /// The target that was asked for, else the one that has something to show.
    async fn target(&self, context: &Context) -> anyhow::Result<Target> {
        let scope = self.flags.resolve(context)?;
        if let Some(target) = self.target {
            return Ok(target);
        }
        let folder = scope.folder(context);
        let up = Record::load(&folder).await?.is_some();
        let bootstrapped = kube::kubeconfig(&folder).exists();
        let adopted = scope.stage.default_target() == Target::Cluster;
        Ok(if !up && (bootstrapped || adopted) {
            Target::Cluster
        } else {
            Target::Native
        })
    }

    pub(crate) fn run(&self, context: &Context) -> Outcome {
        let report = block_on(async {
            match self.target(context).await? {
                Target::Native => native(context, &self.flags.resolve(context)?).await,
                Target::Cluster => cluster(context, &self.flags.on(Target::Cluster, context)?).await,
            }
        })?;
        if self.json {
            println!("{}", serde_json::to_string_pretty(&report)?);
        } else {
            println!("{}", report.table().trim_fmt());
        }
        Ok(if report.ready { Exit::Done } else { Exit::Failed })
    }
}

/// Looks at what is deployed on the cluster of a stage.
///
/// # Errors
/// When the stage has no cluster, or it does not answer.
async fn cluster(context: &Context, scope: &Scope) -> anyhow::Result<Report> {
    let connection = kube::connect(context, scope).await?;
    let ((), mut workloads) = tokio::try_join!(identity::check(&connection), overview::look(&connection))?;
    let env = scope.env.load(context, Secrets::IfThere)?;
    let mut apps = Vec::new();
    for app in scope.cluster.apps() {
        let found = workloads.iter().position(|workload| workload.name == app.name);
        let public = env.get(&format!("{}PUBLIC_URL", app.prefix));
        let url = public.and_then(config::Setting::effective);
        apps.push(match found {
            Some(index) => on_cluster(workloads.remove(index), url),
            None => AppReport {
                name: app.name.to_owned(),
                state: State::Stopped,
                version: None,
                url: None,
                internal_url: None,
                restarts: 0,
                pid: None,
                pods: Vec::new(),
            },
        });
    }
    let services: Vec<AppReport> = workloads
        .into_iter()
        .map(|workload| on_cluster(workload, None))
        .collect();
    let mut all = apps.iter().chain(&services);
    Ok(Report {
        schema: 1,
        cluster: scope.cluster.name.clone(),
        stage: scope.stage.name(),
        target: Target::Cluster.name(),
        ready: !apps.is_empty() && all.all(|app| app.state == State::Ready),
        apps,
        services,
        login: None,
    })
}

fn on_cluster(workload: Workload, url: Option<String>) -> AppReport {
    AppReport {
        name: workload.name,
        state: workload.state,
        version: workload.version,
        url,
        internal_url: None,
        restarts: workload.pods.iter().map(|pod| pod.restarts).sum(),
        pid: None,
        pods: workload.pods,
    }
}

/// Looks at the processes of a stage and asks each whether it is ready.
///
/// # Errors
/// When the stage's folder cannot be read.
pub(crate) async fn native(context: &Context, scope: &Scope) -> anyhow::Result<Report> {
    let record = Record::load(&scope.folder(context)).await?;
    let client = health::client()?;
    let mut apps = Vec::new();
    for name in scope.cluster.apps().into_iter().map(|app| app.name.to_owned()) {
        let app = record
            .iter()
            .flat_map(|record| &record.apps)
            .find(|app| app.name == name);
        let state = match (app, &record) {
            (Some(app), Some(record)) => state(&client, app, record).await,
            (None, Some(record)) if !record.ready => State::Starting,
            _ => State::Stopped,
        };
        apps.push(AppReport {
            name,
            state,
            version: app.map(|app| app.version.clone()),
            url: app.map(|app| app.url.clone()),
            internal_url: app.map(|app| app.internal_url.clone()),
            restarts: 0,
            pid: app.map(|app| app.process.pid),
            pods: Vec::new(),
        });
    }
    Ok(Report {
        schema: 1,
        cluster: scope.cluster.name.clone(),
        stage: scope.stage.name(),
        target: Target::Native.name(),
        ready: !apps.is_empty() && apps.iter().all(|app| app.state == State::Ready),
        apps,
        services: Vec::new(),
        login: None,
    })
}

async fn state(client: &reqwest::Client, app: &AppRecord, record: &Record) -> State {
    if !app.process.is_alive() {
        return State::Failed;
    }
    match health::ask(client, &app.internal_url).await {
        Readiness::Ready => State::Ready,
        Readiness::Waiting(_) if record.ready => State::Failed,
        Readiness::Waiting(_) => State::Starting,
    }
}

impl Report {
    fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_preset(presets::NOTHING);
        let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        let state = |app: &AppReport| format!("{:?}", app.state).to_lowercase();
        if self.target == Target::Native.name() {
            table.set_header(["APP", "STATE", "VERSION", "URL", "INTERNAL", "PID"]);
            for app in &self.apps {
                table.add_row([
                    app.name.clone(),
                    state(app),
                    or_dash(&app.version),
                    or_dash(&app.url),
                    or_dash(&app.internal_url),
                    or_dash(&app.pid.map(|pid| pid.to_string())),
                ]);
            }
            return table;
        }
        table.set_header(["APP", "STATE", "VERSION", "RESTARTS", "PODS", "URL"]);
        for app in self.apps.iter().chain(&self.services) {
            let pods: Vec<String> = app.pods.iter().map(pod_line).collect();
            table.add_row([
                app.name.clone(),
                state(app),
                or_dash(&app.version),
                app.restarts.to_string(),
                or_dash(&(!pods.is_empty()).then(|| pods.join("\n"))),
                or_dash(&app.url),
            ]);
        }
        table
    }
}

fn pod_line(pod: &PodState) -> String {
    let how = match &pod.reason {
        Some(reason) => reason.as_str(),
        None if pod.ready => "ready",
        None => pod.phase.as_str(),
    };
    format!("{} {how}", pod.name)
}
