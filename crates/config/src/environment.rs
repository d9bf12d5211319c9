//! Fills an app's struct from a map of variables. The struct, the list of its variables and their documentation are
//! one definition, written with [`environment!`].

use std::collections::BTreeMap;
use std::ffi::OsString;

use crate::fault::{Faults, Place};
use crate::spec::{App, Fallback, Need, Variable};
use crate::value::Value;

/// Defines an app's environment: a struct whose doc comments are its reference documentation, the static `APP` that
/// describes it, and `from_map`.
///
/// `NAME => field: Type = "default", rules;` A field without a default is required unless it is an `Option`.
macro_rules! environment {
    (
        $(#[doc = $docs:literal])+
        $struct:ident, $app:literal, $prefix:literal {
            $(
                $(#[doc = $doc:literal])+
                $name:ident => $field:ident: $type:ty $(= $default:expr)? $(, $rules:expr)?;
            )+
        }
    ) => {
        $(#[doc = $docs])+
        #[derive(Clone, Debug)]
        pub struct $struct {
            $($(#[doc = $doc])+ pub $field: $type,)+
        }

        /// The app and its variables.
        pub(crate) static APP: $crate::spec::App = $crate::spec::App {
            name: $app,
            prefix: $prefix,
            docs: concat!($($docs, "\n"),+),
            variables: &[$($crate::spec::Variable {
                name: stringify!($name),
                key: stringify!($field),
                docs: concat!($($doc, "\n"),+),
                kind: <$type as $crate::value::Value>::KIND,
                secret: matches!(<$type as $crate::value::Value>::KIND, $crate::value::Kind::Secret),
                fallback: $crate::environment::fallback!($type $(, $default)?),
                rules: $crate::environment::rules!($($rules)?),
                check: $crate::environment::check::<$type>,
            }),+],
        };

        impl $struct {
            /// Reads the environment from a map of variables. Variables of other prefixes are not looked at; an empty
            /// value counts as not set.
            ///
            /// # Errors
            /// All unknown, missing and wrong variables of the app at once.
            pub fn from_map(
                variables: &std::collections::BTreeMap<String, String>,
            ) -> Result<Self, $crate::Faults> {
                let mut reader = $crate::environment::Reader::new(&APP, variables);
                $(let $field = reader.read::<$type>(stringify!($name));)+
                let faults = reader.finish();
                if let ($(Some($field),)+) = ($($field,)+) && faults.is_empty() {
                    return Ok(Self { $($field),+ });
                }
                faults.into_result()?;
                Err($crate::Faults::default())
            }
        }
    };
}

macro_rules! fallback {
    ($type:ty) => {
        if <$type as $crate::value::Value>::OPTIONAL {
            $crate::spec::Fallback::Absent
        } else {
            $crate::spec::Fallback::Required
        }
    };
    ($type:ty, $default:literal) => {
        $crate::spec::Fallback::Text($default)
    };
    ($type:ty, $default:expr) => {
        $default
    };
}

macro_rules! rules {
    () => {
        $crate::spec::Rules::NONE
    };
    ($rules:expr) => {
        $rules
    };
}

pub(crate) use {environment, fallback, rules};

/// Reads a value and says what is wrong with it.
pub(crate) fn check<T: Value>(text: &str, rules: &crate::spec::Rules) -> Result<(), String> {
    T::parse(text).and_then(|value| rules.check(&value))
}

/// Reads one variable after the other and gathers what is wrong.
pub(crate) struct Reader<'a> {
    app: &'static App,
    variables: &'a BTreeMap<String, String>,
    faults: Faults,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(app: &'static App, variables: &'a BTreeMap<String, String>) -> Self {
        let mut faults = Faults::default();
        for name in variables.keys() {
            if name.starts_with(app.prefix) && app.by_variable(name).is_none() {
                let place = Place::Process(name.clone());
                faults.push(
                    place,
                    name.clone(),
                    unknown(name, app.variables.iter().map(|known| known.name)),
                );
            }
        }
        Self {
            app,
            variables,
            faults,
        }
    }

    /// The value of a variable, or its default; `None` only together with a fault.
    pub(crate) fn read<T: Value>(&mut self, name: &str) -> Option<T> {
        let variable = self.app.by_variable(name)?;
        let text = match (set(self.variables, name), variable.fallback) {
            (Some(text), _) => text.to_owned(),
            (None, Fallback::Text(text)) => text.to_owned(),
            (None, Fallback::Computed(_, compute)) => compute(),
            (None, Fallback::Required | Fallback::Absent) => return self.unset(variable),
        };
        match T::parse(&text).and_then(|value| variable.rules.check(&value).map(|()| value)) {
            Ok(value) => Some(value),
            Err(message) => {
                self.faults
                    .push(Place::Process(name.to_owned()), name.to_owned(), message);
                None
            }
        }
    }

    fn unset<T: Value>(&mut self, variable: &Variable) -> Option<T> {
        match missing(self.app, variable, |name| set(self.variables, name)) {
            Some(message) => {
                self.faults
                    .push(Place::Nowhere, variable.name.to_owned(), message);
                None
            }
            None => T::absent(),
        }
    }

    pub(crate) fn finish(self) -> Faults {
        self.faults
    }
}

/// Why an unset variable is a fault, if it is one.
pub(crate) fn missing<'v>(
    app: &App,
    variable: &Variable,
    value: impl Fn(&str) -> Option<&'v str>,
) -> Option<String> {
    match variable.need() {
        Need::Always => Some("is not set, but required".into()),
        Need::Never => None,
        Need::IfScheme { key, scheme } => {
            let other = app.by_key(key)?;
            let asks = value(other.name)?.starts_with(scheme);
            asks.then(|| {
                format!(
                    "is not set, but required because {} begins with {scheme}",
                    other.name
                )
            })
        }
    }
}

/// A name that nobody knows, with the nearest known one if it is near enough to be meant.
pub(crate) fn unknown<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> String {
    match nearest(name, known) {
        Some(candidate) => format!("is unknown; did you mean `{candidate}`?"),
        None => "is unknown".into(),
    }
}

/// The known name that a wrong one was probably meant to be.
pub fn nearest<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    known
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .min()
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 4)
        .map(|(_, candidate)| candidate)
}

fn set<'v>(variables: &'v BTreeMap<String, String>, name: &str) -> Option<&'v str> {
    variables
        .get(name)
        .map(String::as_str)
        .filter(|text| !text.is_empty())
}

/// Turns `std::env::vars_os()` into the map that `from_map` reads. Variables that are not UTF-8 are left out, unless
/// they belong to an app.
///
/// # Errors
/// When a variable of an app is not UTF-8.
pub fn process_environment(
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<BTreeMap<String, String>, Faults> {
    let mut faults = Faults::default();
    let mut map = BTreeMap::new();
    for (name, value) in variables {
        let Ok(name) = name.into_string() else { continue };
        match value.into_string() {
            Ok(value) => {
                map.insert(name, value);
            }
            Err(_) if crate::spec::APPS.iter().any(|app| name.starts_with(app.prefix)) => {
                faults.push(Place::Process(name.clone()), name, "is not UTF-8");
            }
            Err(_) => {}
        }
    }
    faults.into_result().map(|()| map)
}
