//! Everything that a deploy is made of, and what the cluster has of it.

use std::{collections::BTreeMap, path::PathBuf};

use config::{App, Secrets, StageEnv};

use super::{
    diff::Diff,
    env::{self, AppEnv},
    healing,
    image::Image,
    secrets::secret_name,
    survey::Survey,
    toolbox::Tools,
    verdict::Verdict,
    wish::{self, Chosen, Wanted},
};
use crate::{commands::scope::Scope, context::Context, kube::Connection};

/// Everything that a deploy is made of, and what the cluster has of it.
pub(crate) struct Prepared {
    pub(crate) chosen: Vec<Chosen>,
    pub(crate) env: StageEnv,
    pub(crate) envs: BTreeMap<String, AppEnv>,
    pub(crate) images: Vec<Image>,
    pub(crate) waves: Vec<Vec<Wanted>>,
    pub(crate) survey: Survey,
}

/// Puts a deploy together and asks the cluster what it has of it; changes nothing.
///
/// # Errors
/// Exit code 2 with the faults of files; 1 when the cluster cannot be asked.
pub(crate) async fn prepare(
    context: &Context,
    scope: &Scope,
    chosen: Vec<Chosen>,
    connection: Option<&Connection>,
    programs: &BTreeMap<String, PathBuf>,
    secrets: Secrets,
) -> anyhow::Result<Prepared> {
    let env = env::load(context, scope, connection, secrets).await?;
    let images: Vec<Image> = chosen
        .iter()
        .filter_map(|app| {
            let name = &app.manifest.app;
            let program = programs.get(name).map(PathBuf::as_path);
            Some(Image::of(context, scope, name, app.repository.clone()?, program))
        })
        .collect::<Result<_, _>>()?;
    let waves = wish::waves(context, scope, &chosen, &images, &env)?;
    let envs: BTreeMap<String, AppEnv> = chosen
        .iter()
        .filter_map(|app| App::by_name(&app.manifest.app))
        .map(|app| (app.name.to_owned(), AppEnv::of(&env, app)))
        .collect();
    let survey = match connection {
        Some(connection) => Survey::make(connection, &waves, &envs).await?,
        None => Survey::of_nothing(&envs),
    };
    Ok(Prepared {
        chosen,
        env,
        envs,
        images,
        waves,
        survey,
    })
}

impl Prepared {
    /// What would change, of the releases that are not unchanged.
    ///
    /// # Errors
    /// When a chart cannot be rendered, or the cluster refuses an object.
    pub(crate) async fn diff(
        &self,
        connection: Option<&Connection>,
        tools: &Tools,
        context: &Context,
    ) -> anyhow::Result<Diff> {
        let mut diff = Diff::default();
        for (app, differences) in self.survey.secrets() {
            diff.secret(&secret_name(app), &differences.changes());
        }
        for wanted in self.waves.iter().flatten() {
            if !matches!(self.survey.verdict(wanted), Verdict::Deploy(_)) {
                continue;
            }
            let rendered = tools.runner.run(&tools.helm.template(&wanted.chart())).await?;
            let values = wanted.all_values(&context.root)?;
            diff.release(connection, wanted, &rendered, &values).await?;
            if let Some(connection) = connection {
                for (object, foreign) in healing::all_foreign(connection, &wanted.name).await? {
                    diff.healing(&object.title(), &foreign.to_string());
                }
            }
            for restart in self.survey.to_restart(wanted) {
                diff.healing(&restart.workload.title(), &restart.to_string());
            }
        }
        Ok(diff)
    }

    /// Stands for the differences, the values of the secrets, and the cluster.
    pub(crate) fn hash(&self, diff: &Diff, connection: &Connection) -> String {
        let uid = connection
            .identity
            .as_ref()
            .map(|identity| identity.uid.as_str())
            .unwrap_or_default();
        let secrets: Vec<String> = self.envs.values().map(AppEnv::checksum).collect();
        diff.hash(uid, &secrets)
    }

    /// The names of the secrets of each app.
    pub(crate) fn secret_names(&self, apps: &[&'static App]) -> Vec<(String, Vec<String>)> {
        let names = |app: &&App| {
            let secrets = app.variables.iter().filter(|variable| variable.secret);
            (
                app.name.to_owned(),
                secrets.map(|variable| variable.name.to_owned()).collect(),
            )
        };
        apps.iter().map(names).collect()
    }

    /// Where the apps are reached.
    pub(crate) fn urls(&self) -> Vec<(&str, String)> {
        let url = |app: &'_ Chosen| {
            let app = App::by_name(&app.manifest.app)?;
            let url = self.env.get(&format!("{}PUBLIC_URL", app.prefix))?.effective()?;
            Some((app.name, url))
        };
        self.chosen.iter().filter_map(url).collect()
    }
}
