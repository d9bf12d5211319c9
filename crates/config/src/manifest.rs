//! Reads `clusters/<cluster>/<app>/app.yaml`: the short code of an app, and the helm releases that it is made of.

use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::environment::unknown;
use crate::fault::{Faults, Place};
use crate::fields::{refuse, require, scalar};
use crate::spec::App;
use crate::stage::Stage;
use crate::yaml::{Body, Entry, File, Node};

/// helm's own limit for the name of a release.
const LONGEST_NAME: usize = 53;

/// An app of a cluster, as it is deployed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppManifest {
    /// Its name, which is its folder's.
    pub app: String,
    /// The short code that its commands begin with (`ps` in `ps.logs`).
    pub code: String,
    /// In the order in which they are installed: what the app needs, then the app.
    pub releases: Vec<Release>,
}

/// One helm release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Its name, unique in the namespace of the cluster.
    pub name: String,
    /// The folder of its chart, relative to the app's folder.
    pub chart: PathBuf,
    /// The name of its values file, which is `values/<stage>/<values>` in the app's folder.
    pub values: String,
    /// The stages that have it; none: all stages of the cluster.
    pub stages: Option<Vec<Stage>>,
}

impl AppManifest {
    /// Reads the manifest of an app below the workspace's root.
    ///
    /// # Errors
    /// All faults of the file at once.
    pub fn load(root: &Path, cluster: &str, app: &str) -> Result<Self, Faults> {
        let path = Self::folder(cluster, app).join("app.yaml");
        match fs::read_to_string(root.join(&path)) {
            Ok(text) => Self::parse(&path, app, &text),
            Err(error) => {
                let message = match error.kind() {
                    std::io::ErrorKind::NotFound => {
                        format!("there is no such file, and cluster `{cluster}` lists the app `{app}`")
                    }
                    _ => format!("cannot be read: {error}"),
                };
                let mut faults = Faults::default();
                faults.push(Place::WholeFile(path), None, message);
                Err(faults)
            }
        }
    }

    /// The folder of an app, relative to the workspace's root: what the paths of its manifest are relative to.
    pub fn folder(cluster: &str, app: &str) -> PathBuf {
        Path::new("clusters").join(cluster).join(app)
    }

    /// The releases that a stage has, in order.
    pub fn releases_of(&self, stage: Stage) -> impl Iterator<Item = &Release> {
        self.releases.iter().filter(move |release| release.is_in(stage))
    }

    fn parse(path: &Path, app: &str, text: &str) -> Result<Self, Faults> {
        const KEYS: [&str; 3] = ["app", "code", "releases"];
        let mut faults = Faults::default();
        let file = File::parse(path, text, &mut faults);
        let mut manifest = Self {
            app: app.to_owned(),
            code: String::new(),
            releases: Vec::new(),
        };
        for entry in file.entries(&mut faults) {
            match entry.key.as_str() {
                "app" => {
                    let given = scalar(&file, entry, &mut faults);
                    if given.is_some_and(|given| given != app) {
                        let message = format!("must be the folder's name, `{app}`");
                        faults.push(file.place(entry.value.mark), "app".to_owned(), message);
                    }
                }
                "code" => manifest.code = code(&file, entry, app, &mut faults),
                "releases" => manifest.releases = releases(&file, entry, &mut faults),
                _ => refuse(&file, entry, &KEYS, &mut faults),
            }
        }
        require(&file, &KEYS, &mut faults);
        faults.into_result().map(|()| manifest)
    }
}

impl Release {
    /// Whether a stage has it.
    pub fn is_in(&self, stage: Stage) -> bool {
        self.stages.as_ref().is_none_or(|stages| stages.contains(&stage))
    }

    /// Its chart's folder, relative to the workspace's root and without `..`.
    pub fn chart_folder(&self, cluster: &str, app: &str) -> PathBuf {
        let mut folder = AppManifest::folder(cluster, app);
        for part in self.chart.components() {
            match part {
                Component::ParentDir => {
                    folder.pop();
                }
                part => folder.push(part),
            }
        }
        folder
    }

    /// Its values file of a stage, relative to the workspace's root.
    pub fn values_file(&self, cluster: &str, app: &str, stage: Stage) -> PathBuf {
        AppManifest::folder(cluster, app)
            .join("values")
            .join(stage.name())
            .join(&self.values)
    }
}

/// The code, which an app that has an environment shares with its prefix.
fn code(file: &File, entry: &Entry, app: &str, faults: &mut Faults) -> String {
    let Some(code) = scalar(file, entry, faults) else {
        return String::new();
    };
    let prefix = App::by_name(app).map(|app| app.prefix.trim_end_matches('_').to_lowercase());
    let message = match prefix {
        Some(prefix) if prefix != code => {
            format!("`{code}` is not the prefix of the app's variables in small letters, `{prefix}`")
        }
        None if !is_label(code) => format!("`{code}` is no code: write a few of a-z and 0-9"),
        _ => return code.to_owned(),
    };
    faults.push(file.place(entry.value.mark), "code".to_owned(), message);
    code.to_owned()
}

fn releases(file: &File, entry: &Entry, faults: &mut Faults) -> Vec<Release> {
    let items = match &entry.value.body {
        Body::Sequence(items) if !items.is_empty() => items,
        body => {
            let given = match body {
                Body::Sequence(_) => "an empty list",
                other => other.describe(),
            };
            let message = format!(
                "is {given}, must be a list like [{{name: photos, chart: chart, values: backend.yaml}}]"
            );
            faults.push(file.place(entry.value.mark), "releases".to_owned(), message);
            return Vec::new();
        }
    };
    let mut releases: Vec<Release> = Vec::new();
    for item in items {
        let Some(release) = release(file, item, faults) else {
            continue;
        };
        if releases.iter().any(|earlier| earlier.name == release.name) {
            let subject = format!("release `{}`", release.name);
            faults.push(file.place(item.mark), subject, "is listed twice");
        }
        releases.push(release);
    }
    releases
}

fn release(file: &File, item: &Node, faults: &mut Faults) -> Option<Release> {
    const KEYS: [&str; 4] = ["name", "chart", "values", "stages"];
    let before = faults.len();
    let (mut name, mut chart, mut values, mut stages) = (None, None, None, None);
    for entry in file.mapping(item, Some("releases"), faults) {
        match entry.key.as_str() {
            "name" => {
                name = checked(
                    file,
                    entry,
                    faults,
                    is_release_name,
                    "a release's name: a-z, 0-9 and `-`",
                );
            }
            "chart" => chart = checked(file, entry, faults, is_folder, "a folder relative to this file's"),
            "values" => values = checked(file, entry, faults, is_values, "a file name like backend.yaml"),
            "stages" => stages = Some(stages_of(file, entry, faults)),
            _ => refuse(file, entry, &KEYS, faults),
        }
    }
    match (name, chart, values) {
        (Some(name), Some(chart), Some(values)) => Some(Release {
            name,
            chart: PathBuf::from(chart),
            values,
            stages,
        }),
        _ if faults.len() > before => None,
        _ => {
            let message = "must be {name: <release>, chart: <folder>, values: <file>}, with stages: [<stage>] or without";
            faults.push(file.place(item.mark), "releases".to_owned(), message);
            None
        }
    }
}

fn checked(
    file: &File,
    entry: &Entry,
    faults: &mut Faults,
    fits: fn(&str) -> bool,
    wanted: &str,
) -> Option<String> {
    let text = scalar(file, entry, faults)?;
    if !fits(text) {
        let message = format!("`{text}` is not {wanted}");
        faults.push(file.place(entry.value.mark), entry.key.clone(), message);
        return None;
    }
    Some(text.to_owned())
}

fn stages_of(file: &File, entry: &Entry, faults: &mut Faults) -> Vec<Stage> {
    let items = match &entry.value.body {
        Body::Sequence(items) if !items.is_empty() => items,
        _ => {
            let message = "must be a list like [local, test]; without it all stages have the release";
            faults.push(file.place(entry.value.mark), "stages".to_owned(), message);
            return Vec::new();
        }
    };
    let mut stages = Vec::new();
    for item in items {
        let message = match &item.body {
            Body::Scalar { text, .. } => match Stage::ALL.into_iter().find(|stage| stage.name() == text) {
                Some(stage) if stages.contains(&stage) => format!("`{text}` is listed twice"),
                Some(stage) => {
                    stages.push(stage);
                    continue;
                }
                None => format!(
                    "`{text}` {}",
                    unknown(text, Stage::ALL.map(Stage::name).into_iter())
                ),
            },
            other => format!("is {}, must be a stage's name", other.describe()),
        };
        faults.push(file.place(item.mark), "stages".to_owned(), message);
    }
    stages
}

/// A label of a host name, as Kubernetes and helm want names.
fn is_label(text: &str) -> bool {
    let inner = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'-';
    text.bytes().all(inner) && !text.is_empty() && !text.starts_with('-') && !text.ends_with('-')
}

fn is_release_name(text: &str) -> bool {
    is_label(text) && text.len() <= LONGEST_NAME
}

fn is_folder(text: &str) -> bool {
    !text.is_empty() && Path::new(text).is_relative()
}

fn is_values(text: &str) -> bool {
    let plain = Path::new(text)
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    plain && !text.contains('/') && (text.ends_with(".yaml") || text.ends_with(".yml"))
}
