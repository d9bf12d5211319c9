//! Reads one YAML file of a cluster's environment: which variables it sets, and all that is wrong with it.

use std::net::SocketAddr;
use std::path::Path;

use crate::environment::unknown;
use crate::fault::{Faults, Place};
use crate::follow::Follow;
use crate::spec::{APPS, App, Variable};
use crate::trap::{Reading, reading};
use crate::value::Kind;
use crate::yaml::{Body, Entry, File, Node};

/// One place that sets a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The file and line, or the process environment.
    pub place: Place,
    /// The value, or `None` where the place unsets it.
    pub value: Option<String>,
}

/// What a file sets, in its order.
pub(crate) type Settings = Vec<(&'static Variable, Origin)>;

/// How a file is to be read.
pub(crate) struct Layer<'a> {
    /// The apps of the cluster.
    pub(crate) apps: &'a [&'static App],
    /// What replaces `{state}`; in a file of secrets nothing is replaced.
    pub(crate) state: &'a Path,
    /// Whether `{photos}` may stand for the address of that app: it is good on one machine only.
    pub(crate) native: bool,
    /// Whether the file holds secrets and nothing else, or everything but secrets.
    pub(crate) secrets: bool,
}

/// The text that stands for the stage's state folder.
const STATE: &str = "{state}";

impl Layer<'_> {
    /// Every name in braces stands for something.
    fn refuse_strangers(&self, text: &str) -> Result<(), String> {
        for part in text.split('{').skip(1) {
            let Some((name, _)) = part.split_once('}') else {
                return Err("has a `{` that no `}` closes".into());
            };
            if format!("{{{name}}}") != STATE && !self.apps.iter().any(|app| app.name == name) {
                return Err(format!(
                    "`{{{name}}}` is neither `{STATE}` nor an app of this cluster"
                ));
            }
        }
        Ok(())
    }

    /// Reads a file's text; the flag says whether it was readable to its end.
    pub(crate) fn read(&self, path: &Path, text: &str, faults: &mut Faults) -> (Settings, bool) {
        let file = File::parse(path, text, faults);
        let mut settings = Vec::new();
        for section in file.entries(faults) {
            let Some(app) = self.app(&file, section, faults) else {
                continue;
            };
            for entry in file.mapping(&section.value, Some(app.name), faults) {
                settings.extend(self.setting(&file, app, entry, faults));
            }
        }
        (settings, file.whole)
    }

    fn app(&self, file: &File, section: &Entry, faults: &mut Faults) -> Option<&'static App> {
        let name = section.key.as_str();
        let found = self.apps.iter().copied().find(|app| app.name == name);
        if found.is_none() {
            let message = if APPS.iter().any(|app| app.name == name) {
                "is no app of this cluster: add it to `apps` in its cluster.yaml, or remove this section"
                    .into()
            } else {
                unknown(name, self.apps.iter().map(|app| app.name))
            };
            faults.push(file.place(section.key_mark), format!("app `{name}`"), message);
        }
        found
    }

    fn setting(
        &self,
        file: &File,
        app: &'static App,
        entry: &Entry,
        faults: &mut Faults,
    ) -> Option<(&'static Variable, Origin)> {
        let subject = format!("{}.{}", app.name, entry.key);
        let known = app
            .variables
            .iter()
            .filter(|variable| variable.secret == self.secrets);
        let Some(variable) = app.by_key(&entry.key) else {
            let message = match app.by_variable(&entry.key) {
                Some(variable) => format!("is unknown; keys have no prefix: write `{}`", variable.key),
                None => unknown(&entry.key, known.map(|variable| variable.key)),
            };
            faults.push(file.place(entry.key_mark), subject, message);
            return None;
        };
        let wrong_file = match (variable.secret, self.secrets) {
            (true, false) => Some(format!(
                "is a secret: take it out of this file (and change it, if it was ever committed); {} comes from the \
                 process environment, or is made for test and local",
                variable.name
            )),
            (false, true) => Some("is no secret: write it in the cluster's env files".to_owned()),
            _ => None,
        };
        if let Some(message) = wrong_file {
            faults.push(file.place(entry.key_mark), subject, message);
            return None;
        }
        let place = file.place(entry.value.mark);
        match self.value(variable, &entry.value) {
            Ok(value) => Some((variable, Origin { place, value })),
            Err(message) => {
                faults.push(place, subject, message);
                None
            }
        }
    }

    fn value(&self, variable: &Variable, node: &Node) -> Result<Option<String>, String> {
        let Body::Scalar { text, plain } = &node.body else {
            let kind = variable.kind.describe();
            let hint = match variable.kind {
                Kind::Networks | Kind::Presets => ": write one text, separated by commas",
                _ => "",
            };
            return Err(format!(
                "is {}, must be one value ({kind}){hint}",
                node.body.describe()
            ));
        };
        if *plain && crate::trap::is_null(text) {
            return Ok(None);
        }
        if text.is_empty() {
            return Err("is empty: write `null` to unset it".into());
        }
        if text.contains('\0') {
            return Err("contains a NUL character, which no environment can hold".into());
        }
        if *plain {
            refuse_trap(variable, text)?;
        }
        if variable.kind == Kind::Url {
            self.refuse_strangers(text)?;
        }
        let text = if self.secrets {
            text.clone()
        } else {
            text.replace(STATE, &self.state.to_string_lossy())
        };
        let follow = (variable.kind == Kind::Url)
            .then(|| Follow::find(self.apps, &text))
            .flatten();
        if let Some(follow) = follow {
            if !self.native {
                return Err(format!(
                    "follows {} to its address on this machine, which only native.yaml can",
                    follow.app
                ));
            }
            // Its address comes later; any will do to look at the rest.
            (variable.check)(
                &follow.value(SocketAddr::from(([127, 0, 0, 1], 80))),
                &variable.rules,
            )?;
        } else {
            (variable.check)(&text, &variable.rules)?;
        }
        Ok(Some(text))
    }
}

/// Refuses a text without quotes that some reader takes for something else than what is meant.
fn refuse_trap(variable: &Variable, text: &str) -> Result<(), String> {
    let reading = reading(text);
    let number = variable.kind == Kind::Number;
    let meant = match (variable.kind, reading) {
        // These say better themselves what they want.
        (Kind::Bool | Kind::Duration | Kind::Choice(_), _) | (_, Reading::Text | Reading::Null) => true,
        (_, Reading::Integer | Reading::Float) => number,
        _ => false,
    };
    if meant {
        return Ok(());
    }
    let shown = if variable.secret {
        "the value".to_owned()
    } else {
        format!("`{text}`")
    };
    let advice = if number {
        "write plain decimal digits".to_owned()
    } else if variable.secret {
        "write it in quotes".to_owned()
    } else {
        format!("write it in quotes, \"{text}\"")
    };
    Err(format!(
        "{shown} without quotes is {} to some readers of YAML: {advice}",
        reading.describe()
    ))
}
