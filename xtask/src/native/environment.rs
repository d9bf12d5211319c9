//! Turns the environment of a stage into the plan of its native run.

use std::{net::SocketAddr, time::Duration};

use config::{App, StageEnv, Value};

pub(crate) use config::Secrets;

use crate::{
    commands::scope::Scope,
    context::Context,
    native::plan::{AppPlan, Login, Plan},
    outcome::Failure,
};

/// An app that does not say how long it takes to end.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(30);

/// What `up` runs for this scope. With [`Secrets::Needed`], secrets are made if they are not there.
///
/// # Errors
/// Exit code 2 with all faults of the cluster's and the stage's files and of the process environment.
pub(crate) fn plan(context: &Context, scope: &Scope, secrets: Secrets) -> anyhow::Result<Plan> {
    let env = scope.env.load(context, secrets)?;
    let cluster = &scope.cluster;
    let apps: Vec<&App> = cluster.apps();
    Ok(Plan {
        cluster: cluster.name.clone(),
        stage: scope.stage.name().to_owned(),
        folder: scope.folder(context),
        login: apps.iter().find_map(|app| login(app, &env)),
        apps: apps
            .into_iter()
            .map(|app| app_plan(app, &env))
            .collect::<Result<_, _>>()?,
    })
}

fn app_plan(app: &App, env: &StageEnv) -> Result<AppPlan, Failure> {
    let own = || env.settings().filter(|setting| setting.app.name == app.name);
    let effective = |key: &str| {
        env.get(&format!("{}{key}", app.prefix))
            .and_then(config::Setting::effective)
    };
    let address = |key: &str| -> Result<SocketAddr, Failure> {
        let text = effective(key).unwrap_or_default();
        let wrong = |error| Failure::usage(format!("{}{key}=`{text}` is no address: {error}", app.prefix));
        text.parse().map_err(wrong)
    };
    Ok(AppPlan {
        name: app.name.to_owned(),
        prefix: app.prefix.to_owned(),
        program: Default::default(),
        version: String::new(),
        env: own()
            .filter_map(|set| Some((set.variable.name.to_owned(), set.value()?.to_owned())))
            .collect(),
        secrets: own()
            .filter(|set| set.variable.secret)
            .map(|set| set.variable.name.to_owned())
            .collect(),
        follows: own()
            .filter_map(|set| Some((set.variable.name.to_owned(), set.follows.clone()?)))
            .collect(),
        listen: address("LISTEN")?,
        internal_listen: address("INTERNAL_LISTEN")?,
        public_url: effective("PUBLIC_URL"),
        shutdown_timeout: effective("SHUTDOWN_TIMEOUT")
            .and_then(|text| <Duration as Value>::parse(&text).ok())
            .unwrap_or(SHUTDOWN_TIMEOUT),
    })
}

fn login(app: &App, env: &StageEnv) -> Option<Login> {
    let effective = |key: &str| env.get(&format!("{}{key}", app.prefix))?.effective();
    Some(Login {
        username: effective("ADMIN_USERNAME")?,
        password: effective("ADMIN_PASSWORD")?,
    })
}
