//! Reads `clusters/<cluster>/cluster.yaml`: which apps a cluster has, and where its stages run.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::environment::{nearest, unknown};
use crate::fault::{Faults, Place};
use crate::fields::{refuse, require, scalar};
use crate::spec::{APPS, App};
use crate::stage::Stage;
use crate::value::Value;
use crate::yaml::{Body, Entry, File};

/// A cluster.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// Its name, which is its folder's and its namespace's.
    pub name: String,
    /// The short code that its commands begin with.
    pub code: String,
    /// The names of its apps, in the order in which they are deployed. Not all of them need an environment.
    pub app_names: Vec<String>,
    /// Where its stages run.
    pub stages: BTreeMap<Stage, Home>,
}

/// Where a stage of a cluster runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Home {
    /// On a kind cluster of this machine.
    Kind {
        /// kind's own configuration, beside `cluster.yaml`.
        config: PathBuf,
        /// The port of the ingress on 127.0.0.1.
        http_port: u16,
        /// The port of the image registry on 127.0.0.1.
        registry_port: u16,
    },
    /// On a cluster that exists, and that plasma never creates or destroys.
    Adopted,
}

impl Cluster {
    /// Reads a cluster's file below the workspace's root.
    ///
    /// # Errors
    /// All faults of the file at once; for an unknown cluster, the known ones.
    pub fn load(root: &Path, name: &str) -> Result<Self, Faults> {
        let path = Path::new("clusters").join(name).join("cluster.yaml");
        match fs::read_to_string(root.join(&path)) {
            Ok(text) => Self::parse(&path, name, &text),
            Err(error) => {
                let mut faults = Faults::default();
                let message = match error.kind() {
                    std::io::ErrorKind::NotFound => no_such(name, &names(root)),
                    _ => format!("cannot be read: {error}"),
                };
                faults.push(Place::WholeFile(path), None, message);
                faults.into_result()?;
                Err(Faults::default())
            }
        }
    }

    /// The apps of the cluster that have an environment.
    pub fn apps(&self) -> Vec<&'static App> {
        self.app_names
            .iter()
            .filter_map(|name| App::by_name(name))
            .collect()
    }

    fn parse(path: &Path, name: &str, text: &str) -> Result<Self, Faults> {
        let mut faults = Faults::default();
        let file = File::parse(path, text, &mut faults);
        let mut cluster = Self {
            name: name.to_owned(),
            code: String::new(),
            app_names: Vec::new(),
            stages: BTreeMap::new(),
        };
        for entry in file.entries(&mut faults) {
            match entry.key.as_str() {
                "cluster" => {
                    let given = scalar(&file, entry, &mut faults);
                    if given.is_some_and(|given| given != name) {
                        let message = format!("must be the folder's name, `{name}`");
                        faults.push(file.place(entry.value.mark), "cluster".to_owned(), message);
                    }
                }
                "code" => cluster.code = scalar(&file, entry, &mut faults).unwrap_or_default().to_owned(),
                "apps" => cluster.app_names = apps(&file, entry, &mut faults),
                "stages" => cluster.stages = stages(&file, entry, &mut faults),
                _ => refuse(&file, entry, &["cluster", "code", "apps", "stages"], &mut faults),
            }
        }
        require(&file, &["cluster", "code", "apps", "stages"], &mut faults);
        faults.into_result().map(|()| cluster)
    }
}

fn no_such(name: &str, names: &[String]) -> String {
    let meant = match nearest(name, names.iter().map(String::as_str)) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("the clusters are: {}", names.join(", ")),
    };
    format!("there is no cluster `{name}`; {meant}")
}

/// The clusters of a workspace.
pub fn names(root: &Path) -> Vec<String> {
    let folders = fs::read_dir(root.join("clusters"))
        .into_iter()
        .flatten()
        .flatten();
    let mut names: Vec<String> = folders
        .filter(|folder| folder.path().join("cluster.yaml").is_file())
        .filter_map(|folder| folder.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}

fn apps(file: &File, entry: &Entry, faults: &mut Faults) -> Vec<String> {
    let Body::Sequence(items) = &entry.value.body else {
        let message = format!("is {}, must be a list like [photos]", entry.value.body.describe());
        faults.push(file.place(entry.value.mark), "apps".to_owned(), message);
        return Vec::new();
    };
    let mut names: Vec<String> = Vec::new();
    for item in items {
        let message = match &item.body {
            Body::Scalar { text, .. } if App::by_name(text).is_none() => {
                unknown(text, APPS.iter().map(|app| app.name))
            }
            Body::Scalar { text, .. } if names.contains(text) => "is listed twice".into(),
            Body::Scalar { text, .. } => {
                names.push(text.clone());
                continue;
            }
            other => format!("is {}, must be an app's name", other.describe()),
        };
        let subject = match &item.body {
            Body::Scalar { text, .. } => format!("app `{text}`"),
            _ => "apps".to_owned(),
        };
        faults.push(file.place(item.mark), subject, message);
    }
    names
}

fn stages(file: &File, entry: &Entry, faults: &mut Faults) -> BTreeMap<Stage, Home> {
    let mut stages = BTreeMap::new();
    for entry in file.mapping(&entry.value, Some("stages"), faults) {
        let Some(stage) = Stage::ALL.into_iter().find(|stage| stage.name() == entry.key) else {
            refuse(file, entry, &Stage::ALL.map(Stage::name), faults);
            continue;
        };
        if let Some(home) = home(file, entry, faults) {
            stages.insert(stage, home);
        }
    }
    stages
}

fn home(file: &File, stage: &Entry, faults: &mut Faults) -> Option<Home> {
    let before = faults.len();
    let (mut config, mut http_port, mut registry_port, mut adopt) = (None, None, None, None);
    for entry in file.mapping(&stage.value, Some(&stage.key), faults) {
        match entry.key.as_str() {
            "kind" => config = scalar(file, entry, faults).map(PathBuf::from),
            "http_port" => http_port = port(file, entry, faults),
            "registry_port" => registry_port = port(file, entry, faults),
            "adopt" => adopt = scalar_adopt(file, entry, faults),
            _ => refuse(
                file,
                entry,
                &["kind", "http_port", "registry_port", "adopt"],
                faults,
            ),
        }
    }
    match (config, http_port, registry_port, adopt) {
        (Some(config), Some(http_port), Some(registry_port), None) => Some(Home::Kind {
            config,
            http_port,
            registry_port,
        }),
        (None, None, None, Some(true)) => Some(Home::Adopted),
        _ if faults.len() > before => None,
        _ => {
            let message = "must be {kind: <file>, http_port: <port>, registry_port: <port>} or {adopt: true}";
            faults.push(
                file.place(stage.value.mark),
                format!("stages.{}", stage.key),
                message,
            );
            None
        }
    }
}

fn scalar_adopt(file: &File, entry: &Entry, faults: &mut Faults) -> Option<bool> {
    match &entry.value.body {
        Body::Scalar { text, plain: true } if text == "true" => Some(true),
        _ => {
            faults.push(
                file.place(entry.value.mark),
                "adopt".to_owned(),
                "can only be `true`",
            );
            None
        }
    }
}

fn port(file: &File, entry: &Entry, faults: &mut Faults) -> Option<u16> {
    let text = scalar(file, entry, faults)?;
    let port = <u32 as Value>::parse(text)
        .ok()
        .and_then(|port| u16::try_from(port).ok())
        .filter(|port| *port > 0);
    if port.is_none() {
        let message = format!("`{text}` is no port: write a number from 1 to 65535");
        faults.push(file.place(entry.value.mark), entry.key.clone(), message);
    }
    port
}
