//! Which chart is rendered with which values: the clusters' files, the apps' manifests and the files below `values/` must
//! agree about it.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use config::{App, AppManifest, Cluster, Faults, Request, Secrets, Stage, StageEnv, Target};
use serde_json::{Value, json};

use super::{completeness, object::Object};

/// A release as a stage would install it, or a chart with its own values only.
#[derive(Debug)]
pub(crate) struct Rendering {
    /// The root of the workspace, which the paths are relative to.
    pub(super) root: PathBuf,
    pub(super) release: String,
    pub(super) namespace: String,
    pub(super) chart: PathBuf,
    pub(super) values: Option<PathBuf>,
    /// The values that deploy adds: a tag, and the environment of the stage less its secrets.
    pub(super) added: Value,
    /// The app whose environment it has, if it is an app's own release.
    pub(super) app: Option<&'static App>,
}

/// All renderings of a workspace.
#[derive(Debug, Default)]
pub(crate) struct Releases {
    /// In the order of clusters, apps and stages.
    pub(crate) renderings: Vec<Rendering>,
    /// Where the files do not agree, one line each.
    pub(crate) faults: Vec<String>,
}

impl Rendering {
    /// The file to look at first: the values of the stage, or the chart.
    pub(super) fn place(&self) -> String {
        let path = match &self.values {
            Some(values) => values.clone(),
            None => self.chart.join("values.yaml"),
        };
        path.display().to_string()
    }

    /// A fault of one object, as a line.
    pub(super) fn fault(&self, object: &Object, fault: &str) -> String {
        let template = self.chart.join(&object.source);
        format!("{}: {fault} (rendered with {})", template.display(), self.place())
    }
}

impl Releases {
    /// Reads the files of all clusters below the root. `state` is where secrets would lie; none is needed or made.
    pub(crate) fn of(root: &Path, state: &Path) -> Self {
        let mut releases = Self::default();
        for name in config::cluster_names(root) {
            match Cluster::load(root, &name) {
                Ok(cluster) => releases.add_cluster(root, state, &cluster),
                Err(faults) => releases.add_faults(&faults),
            }
        }
        releases
    }

    fn add_cluster(&mut self, root: &Path, state: &Path, cluster: &Cluster) {
        let mut charts = BTreeSet::new();
        let mut names = BTreeSet::new();
        for app in &cluster.app_names {
            let manifest = match AppManifest::load(root, &cluster.name, app) {
                Ok(manifest) => manifest,
                Err(faults) => {
                    self.add_faults(&faults);
                    continue;
                }
            };
            for release in &manifest.releases {
                charts.insert(release.chart_folder(&cluster.name, app));
                if !names.insert(release.name.clone()) {
                    self.faults.push(format!(
                        "clusters/{}/{app}/app.yaml: release `{}`: another app of the cluster has it too",
                        cluster.name, release.name
                    ));
                }
            }
            for &stage in cluster.stages.keys() {
                self.add_stage(root, state, cluster, &manifest, stage);
            }
            self.find_leftovers(root, cluster, &manifest);
        }
        let shared = Path::new("clusters").join(&cluster.name).join("charts");
        let mut all = charts.clone();
        all.extend(
            folders(&root.join(&shared))
                .iter()
                .map(|chart| shared.join(chart)),
        );
        for chart in all.iter().filter(|chart| root.join(chart).is_dir()) {
            self.faults.extend(completeness::of_files(root, chart));
            let values = chart.join("values.yaml");
            self.faults.extend(completeness::of_values(root, &values));
        }
        // Charts that no app asks for, such as the ingress controller's, are rendered with their own values.
        for chart in folders(&root.join(&shared)) {
            let folder = shared.join(&chart);
            if !charts.contains(&folder) {
                self.renderings.push(Rendering {
                    root: root.to_owned(),
                    release: chart.clone(),
                    namespace: chart,
                    chart: folder,
                    values: None,
                    added: json!({}),
                    app: None,
                });
            }
        }
    }

    fn add_stage(
        &mut self,
        root: &Path,
        state: &Path,
        cluster: &Cluster,
        manifest: &AppManifest,
        stage: Stage,
    ) {
        let request = Request {
            root,
            state,
            cluster,
            stage,
            target: Target::Cluster,
            process: &Default::default(),
            secrets: Secrets::IfThere,
        };
        let env = match StageEnv::load(&request) {
            Ok(env) => env,
            Err(faults) => return self.add_faults(&faults),
        };
        for release in manifest.releases_of(stage) {
            let chart = release.chart_folder(&cluster.name, &manifest.app);
            let values = release.values_file(&cluster.name, &manifest.app, stage);
            let mut there = true;
            for (path, what) in [(chart.join("Chart.yaml"), "chart"), (values.clone(), "values")] {
                if !root.join(&path).is_file() {
                    there = false;
                    self.faults.push(format!(
                        "{}: there is no such file, and the release `{}` of stage {stage} has its {what} there",
                        path.display(),
                        release.name
                    ));
                }
            }
            self.faults.extend(completeness::of_values(root, &values));
            let app = App::by_name(&manifest.app).filter(|app| app.name == release.name);
            if there {
                self.renderings.push(Rendering {
                    root: root.to_owned(),
                    release: release.name.clone(),
                    namespace: cluster.name.clone(),
                    chart,
                    values: Some(values),
                    added: app.map_or_else(|| json!({}), |app| added(&env, app)),
                    app,
                });
            }
        }
    }

    /// Values that no release reads are values that somebody believes to hold.
    fn find_leftovers(&mut self, root: &Path, cluster: &Cluster, manifest: &AppManifest) {
        let folder = AppManifest::folder(&cluster.name, &manifest.app).join("values");
        for stage in folders(&root.join(&folder)) {
            let known = cluster.stages.keys().find(|known| known.name() == stage);
            for file in files(&root.join(&folder).join(&stage)) {
                let read = known
                    .is_some_and(|&known| manifest.releases_of(known).any(|release| release.values == file));
                if !read {
                    self.faults.push(format!(
                        "{}: no release of stage {stage} reads it: see app.yaml",
                        folder.join(&stage).join(&file).display()
                    ));
                }
            }
        }
    }

    fn add_faults(&mut self, faults: &Faults) {
        for line in faults.list().lines().map(str::to_owned) {
            if !self.faults.contains(&line) {
                self.faults.push(line);
            }
        }
    }
}

/// What deploy adds to the values of an app's own release.
fn added(env: &StageEnv, app: &App) -> Value {
    let config: serde_json::Map<String, Value> = env
        .settings()
        .filter(|setting| setting.app.name == app.name && !setting.variable.secret)
        .filter_map(|setting| Some((setting.variable.name.to_owned(), setting.value()?.into())))
        .collect();
    json!({"image": {"tag": "0000000000000000"}, "config": config})
}

fn folders(path: &Path) -> Vec<String> {
    entries(path, |path| path.is_dir())
}

fn files(path: &Path) -> Vec<String> {
    entries(path, |path| path.is_file())
}

/// The names in a folder, in order; none if it cannot be read.
fn entries(path: &Path, wanted: fn(&Path) -> bool) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(path)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| wanted(&entry.path()))
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}
