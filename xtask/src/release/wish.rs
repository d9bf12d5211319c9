//! What a deploy wants: the releases of the chosen apps with everything that they are made from, in the order in which they
//! are installed. Nothing here asks the cluster or runs a program.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use config::{App, AppManifest, Release, StageEnv};
use serde_json::{Value, json};

use super::{
    env::AppEnv,
    image::{self, Image},
    inputs::Inputs,
    secrets::secret_name,
};
use crate::{commands::scope::Scope, context::Context, outcome::Failure, tools::helm::Chart};

/// A release as it should be.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) name: String,
    /// Relative to the workspace's root.
    pub(crate) chart: PathBuf,
    /// As `chart`.
    pub(crate) values: PathBuf,
    /// What plasma adds to the values, as JSON.
    pub(crate) generated: String,
    pub(crate) inputs: Inputs,
}

/// An app of the deploy.
pub(crate) struct Chosen {
    pub(crate) manifest: AppManifest,
    /// Where its image is kept, if it has one.
    pub(crate) repository: Option<String>,
}

impl Wanted {
    /// As helm takes it.
    pub(crate) fn chart(&self) -> Chart<'_> {
        Chart {
            release: &self.name,
            folder: &self.chart,
            values: &self.values,
            generated: &self.generated,
        }
    }

    /// The remedy of what its objects lack: where they come from.
    pub(crate) fn sources(&self) -> String {
        format!("look at {} and {}", self.chart.display(), self.values.display())
    }

    /// The values that helm gets: the file's, with the generated ones over them.
    ///
    /// # Errors
    /// When the file is no YAML.
    pub(crate) fn all_values(&self, root: &Path) -> anyhow::Result<Value> {
        let mut values = read_yaml(&root.join(&self.values))?;
        lay(&mut values, serde_json::from_str(&self.generated)?);
        Ok(values)
    }
}

/// The apps to deploy: those that are named, else all of the cluster.
///
/// # Errors
/// Exit code 2: an unknown app, or all faults of a manifest.
pub(crate) fn choose(context: &Context, scope: &Scope, names: &[String]) -> anyhow::Result<Vec<Chosen>> {
    let known = &scope.cluster.app_names;
    if let Some(unknown) = names.iter().find(|name| !known.contains(name)) {
        return Err(
            Failure::usage(format!("{} has no app `{unknown}`", scope.cluster.name))
                .advise(format!("choose one of: {}", known.join(", ")))
                .into(),
        );
    }
    let chosen = known
        .iter()
        .filter(|name| names.is_empty() || names.contains(name));
    chosen.map(|name| one(context, scope, name)).collect()
}

fn one(context: &Context, scope: &Scope, app: &str) -> anyhow::Result<Chosen> {
    let cluster = &scope.cluster.name;
    let manifest = AppManifest::load(&context.root, cluster, app).map_err(|faults| {
        Failure::usage(format!("the app {app} of {cluster} cannot be used"))
            .because(faults.list())
            .advise("correct what is listed and try again")
    })?;
    let own = manifest
        .releases_of(scope.stage)
        .find(|release| release.name == app);
    let repository = own
        .map(|release| {
            let file = release.values_file(cluster, app, scope.stage);
            let values = read_yaml(&context.root.join(&file))?;
            image::repository(scope, app, &values, &file)
        })
        .transpose()?;
    Ok(Chosen { manifest, repository })
}

/// The releases, in waves: those of a wave are installed together, each wave after the one before. First what the apps
/// need, then the apps one after the other.
///
/// # Errors
/// Exit code 2 when a chart or a values file is not there.
pub(crate) fn waves(
    context: &Context,
    scope: &Scope,
    chosen: &[Chosen],
    images: &[Image],
    env: &StageEnv,
) -> anyhow::Result<Vec<Vec<Wanted>>> {
    let (mut backing, mut apps) = (Vec::new(), Vec::new());
    for app in chosen {
        let name = &app.manifest.app;
        let own_env = App::by_name(name)
            .map(|app| AppEnv::of(env, app))
            .unwrap_or_default();
        let image = images.iter().find(|image| image.app == *name);
        for release in app.manifest.releases_of(scope.stage) {
            let wanted = wanted(context, scope, name, release, image, &own_env)?;
            if release.name == *name {
                apps.push(vec![wanted]);
            } else {
                backing.push(wanted);
            }
        }
    }
    Ok(std::iter::once(backing)
        .chain(apps)
        .filter(|wave| !wave.is_empty())
        .collect())
}

fn wanted(
    context: &Context,
    scope: &Scope,
    app: &str,
    release: &Release,
    image: Option<&Image>,
    env: &AppEnv,
) -> anyhow::Result<Wanted> {
    let cluster = &scope.cluster.name;
    let chart = release.chart_folder(cluster, app);
    let values = release.values_file(cluster, app, scope.stage);
    for (what, path, file) in [
        ("chart", &chart, chart.join("Chart.yaml")),
        ("values file", &values, values.clone()),
    ] {
        if !context.root.join(file).is_file() {
            return Err(
                Failure::usage(format!("the release {} has no {what}", release.name))
                    .because(format!("there is no {}", path.display()))
                    .advise(format!("write it, or correct clusters/{cluster}/{app}/app.yaml"))
                    .into(),
            );
        }
    }
    let mut inputs = Inputs::default();
    inputs.folder(&context.root, &chart)?;
    inputs.folder(&context.root, &values)?;
    let defaults = read_yaml(&context.root.join(&chart).join("values.yaml"))?;
    let mut generated = json!({});
    if let (true, Some(image)) = (release.name == app, image) {
        generated["image"] =
            json!({"repository": image.repository, "tag": image.tag.as_deref().unwrap_or(image::UNBUILT)});
        generated["config"] = json!(env.config);
        generated["secretName"] = json!(secret_name(app));
        generated["secretChecksum"] = json!(env.checksum());
        inputs.shown("image", image.reference());
        for (name, value) in &env.config {
            let place = env.places.get(name).map(String::as_str).unwrap_or_default();
            inputs.digest(format!("{name} ({})", without_line(place)), value);
        }
        inputs.secret(app, env.checksum());
    } else if defaults.get("secretChecksum").is_some() {
        let checksum = used(&defaults, &read_yaml(&context.root.join(&values))?, env).checksum();
        generated["secretChecksum"] = json!(checksum);
        inputs.secret(&release.name, checksum);
    }
    Ok(Wanted {
        name: release.name.clone(),
        chart,
        values,
        generated: serde_json::to_string_pretty(&generated)?,
        inputs,
    })
}

/// The secrets that a chart's values name: a backing service is not started anew because another secret changed.
fn used(defaults: &Value, values: &Value, env: &AppEnv) -> AppEnv {
    let named = |name: &String| is_named(defaults, name) || is_named(values, name);
    let secrets: BTreeMap<_, _> = env
        .secrets
        .iter()
        .filter(|(name, _)| named(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    AppEnv {
        secrets,
        unmade: env.unmade.iter().filter(|name| named(name)).cloned().collect(),
        ..AppEnv::default()
    }
}

fn is_named(value: &Value, name: &str) -> bool {
    match value {
        Value::String(text) => text == name,
        Value::Array(items) => items.iter().any(|item| is_named(item, name)),
        Value::Object(fields) => fields.values().any(|item| is_named(item, name)),
        _ => false,
    }
}

/// Lays values over others, as helm does.
fn lay(under: &mut Value, over: Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            for (key, value) in over {
                lay(under.entry(key).or_insert(Value::Null), value);
            }
        }
        (under, over) => *under = over,
    }
}

/// A place in a file without line and column: those move without a change.
fn without_line(place: &str) -> &str {
    place.split(':').next().unwrap_or(place)
}

fn read_yaml(path: &Path) -> anyhow::Result<Value> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Value::Null),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    serde_yaml::from_str(&text).map_err(|error| {
        Failure::usage(format!("{} is no YAML", path.display()))
            .because(error.to_string())
            .into()
    })
}
