//! `status`: which apps run, in which state, and where.

use clap::Args;
use comfy_table::{Table, presets};
use serde::Serialize;

use crate::{
    commands::scope::{Flags, Scope},
    context::{Context, block_on},
    native::{
        health::{self, Readiness, State},
        plan::Login,
        record::{AppRecord, Record},
    },
    outcome::{Exit, Outcome},
};

/// Show the apps of a stage: their state, version and addresses.
///
/// Exits with 0 when every app is ready, else with 1.
#[derive(Args)]
pub(crate) struct Status {
    #[command(flatten)]
    flags: Flags,
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
    /// Empty: a process of this machine has no pods.
    pods: [(); 0],
}

impl Status {
    pub(crate) fn run(&self, context: &Context) -> Outcome {
        let report = block_on(native(context, &self.flags.resolve(context)?))?;
        if self.json {
            println!("{}", serde_json::to_string_pretty(&report)?);
        } else {
            println!("{}", report.table());
        }
        Ok(if report.ready { Exit::Done } else { Exit::Failed })
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
            pods: [],
        });
    }
    Ok(Report {
        schema: 1,
        cluster: scope.cluster.name.clone(),
        stage: scope.stage.name(),
        target: "native",
        ready: !apps.is_empty() && apps.iter().all(|app| app.state == State::Ready),
        apps,
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
        table
            .load_preset(presets::NOTHING)
            .set_header(["APP", "STATE", "VERSION", "URL", "INTERNAL", "PID"]);
        for app in &self.apps {
            let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
            table.add_row([
                app.name.clone(),
                format!("{:?}", app.state).to_lowercase(),
                or_dash(&app.version),
                or_dash(&app.url),
                or_dash(&app.internal_url),
                or_dash(&app.pid.map(|pid| pid.to_string())),
            ]);
        }
        table
    }
}
