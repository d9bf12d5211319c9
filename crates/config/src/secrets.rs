//! The secrets of test and local: made once by plasma, and kept in the stage's state folder where only its owner reads
//! them. Staging and production never come here.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

use rand::distr::{Alphanumeric, SampleString};

use crate::fault::{Faults, Place};
use crate::layer::{Layer, Settings};
use crate::spec::{APPS, App};

/// Characters of a secret: 190 random bits, readable by every URL, shell and server.
const LENGTH: usize = 32;

const HEADER: &str =
    "# Made by plasma for this stage alone. What is changed here is kept; what is missing is made again.\n";

/// The file's name in the stage's state folder.
pub(crate) const NAME: &str = "secrets.yaml";

/// The secrets of one stage.
pub(crate) struct SecretsFile<'a> {
    /// The stage's state folder, as an absolute path.
    pub(crate) folder: &'a Path,
    /// The file, as faults and chains name it.
    pub(crate) shown: &'a Path,
    /// The apps whose secrets it holds.
    pub(crate) apps: &'a [&'static App],
}

impl SecretsFile<'_> {
    /// Reads the secrets that exist.
    pub(crate) fn read(&self, faults: &mut Faults) -> Settings {
        match load(&self.folder.join(NAME)) {
            Ok(text) => self.parse(&text.unwrap_or_default(), faults).0,
            Err(error) => {
                faults.push(
                    Place::WholeFile(self.shown.to_owned()),
                    None,
                    format!("cannot be read: {error}"),
                );
                Settings::new()
            }
        }
    }

    /// Reads the secrets and makes those that do not exist. Callers at the same moment get the same ones.
    pub(crate) fn keep(&self, faults: &mut Faults) -> Settings {
        // In the usual case everything is there, and nobody waits for a lock.
        let mut silent = Faults::default();
        let settings = self.read(&mut silent);
        if silent.is_empty() && missing(self.apps, &settings).next().is_none() {
            return settings;
        }
        self.complete(faults).unwrap_or_else(|error| {
            let message = format!("cannot be kept: {error}");
            faults.push(Place::WholeFile(self.shown.to_owned()), None, message);
            Settings::new()
        })
    }

    fn complete(&self, faults: &mut Faults) -> io::Result<Settings> {
        make(self.folder)?;
        // The lock lies on the folder itself and goes with this handle.
        let folder = File::open(self.folder)?;
        folder.lock()?;

        let path = self.folder.join(NAME);
        let text = load(&path)?.unwrap_or_default();
        let mut wrong = Faults::default();
        let (settings, _) = self.parse(&text, &mut wrong);
        let absent: Vec<_> = missing(self.apps, &settings).collect();
        if !wrong.is_empty() || absent.is_empty() {
            faults.extend(wrong);
            return Ok(settings);
        }
        let mut values = by_app(&settings);
        for (app, key) in absent {
            let secret = Alphanumeric.sample_string(&mut rand::rng(), LENGTH);
            values.entry(app).or_default().insert(key, secret);
        }
        let text = render(&values);
        replace(&path, self.folder, &text)?;
        Ok(self.parse(&text, faults).0)
    }

    fn parse(&self, text: &str, faults: &mut Faults) -> (Settings, bool) {
        Layer {
            apps: self.apps,
            state: Path::new(""),
            native: false,
            secrets: true,
        }
        .read(self.shown, text, faults)
    }
}

/// Writes secrets of a stage that were found elsewhere (by variable, in its cluster) into its file: those that the file
/// lacks, or, with `all`, those that differ too. What the file has besides is kept. Gives the names of what was written.
///
/// # Errors
/// When the folder cannot be made, or the file in it cannot be read or written; a file that is not valid is kept as it is.
pub fn restore(
    folder: &Path,
    apps: &[&'static App],
    found: &BTreeMap<String, String>,
    all: bool,
) -> io::Result<Vec<String>> {
    make(folder)?;
    let handle = File::open(folder)?;
    handle.lock()?;
    let path = folder.join(NAME);
    let kept = SecretsFile {
        folder,
        shown: Path::new(NAME),
        apps,
    };
    let mut faults = Faults::default();
    let (settings, _) = kept.parse(&load(&path)?.unwrap_or_default(), &mut faults);
    if !faults.is_empty() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, faults.list()));
    }
    let mut values = by_app(&settings);
    let mut written = Vec::new();
    for app in apps {
        for variable in app.variables.iter().filter(|variable| variable.secret) {
            let Some(value) = found.get(variable.name).filter(|value| !value.is_empty()) else {
                continue;
            };
            let own = values.entry(app.name).or_default();
            let differs = match own.get(variable.key) {
                None => true,
                Some(kept) => all && kept != value,
            };
            if differs {
                own.insert(variable.key, value.clone());
                written.push(variable.name.to_owned());
            }
        }
    }
    if !written.is_empty() {
        values.retain(|_, secrets| !secrets.is_empty());
        replace(&path, folder, &render(&values))?;
    }
    Ok(written)
}

/// The values of a file, by app and key.
fn by_app(settings: &Settings) -> BTreeMap<&'static str, BTreeMap<&'static str, String>> {
    let mut values: BTreeMap<&str, BTreeMap<&str, String>> = BTreeMap::new();
    for (variable, origin) in settings {
        let app = APPS.iter().find(|app| app.by_variable(variable.name).is_some());
        if let (Some(app), Some(value)) = (app, &origin.value) {
            values
                .entry(app.name)
                .or_default()
                .insert(variable.key, value.clone());
        }
    }
    values
}

fn make(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// The secrets of the apps that are not set, as app and key.
fn missing<'a>(
    apps: &'a [&'static App],
    settings: &'a Settings,
) -> impl Iterator<Item = (&'static str, &'static str)> + 'a {
    apps.iter().flat_map(move |app| {
        let secrets = app.variables.iter().filter(|variable| variable.secret);
        let absent = secrets.filter(move |variable| {
            !settings
                .iter()
                .any(|(set, origin)| std::ptr::eq(*set, *variable) && origin.value.is_some())
        });
        absent.map(|variable| (app.name, variable.key))
    })
}

fn render(values: &BTreeMap<&str, BTreeMap<&str, String>>) -> String {
    let mut text = HEADER.to_owned();
    for (app, secrets) in values {
        text.push_str(&format!("{app}:\n"));
        for (key, secret) in secrets {
            // A JSON string is a YAML string.
            text.push_str(&format!(
                "  {key}: {}\n",
                serde_json::Value::from(secret.as_str())
            ));
        }
    }
    text
}

/// Writes the file as a whole: a reader sees the old one or the new one. A temporary file has mode 0600.
fn replace(path: &Path, folder: &Path, text: &str) -> io::Result<()> {
    let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
    temporary.write_all(text.as_bytes())?;
    temporary.as_file().sync_all()?;
    temporary.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// The file's text, if there is one; takes from others the right to read it.
fn load(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => {
            if fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
                fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
            }
            Ok(Some(text))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
