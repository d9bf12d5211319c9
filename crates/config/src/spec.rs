//! What is known about a variable without its value: the one definition that readers, checks and documentation share.

use crate::value::{Kind, Value};

/// The apps that have an environment, in the order of their pages.
pub static APPS: &[&App] = &[
    &crate::photos::APP,
    &crate::frontend::APP,
    &crate::rents::APP,
    &crate::bot::APP,
];

/// An app and its variables.
#[derive(Debug)]
pub struct App {
    /// The name in YAML and in host names.
    pub name: &'static str,
    /// The prefix of all its variables, with the underscore.
    pub prefix: &'static str,
    /// What the app is, from its definition.
    pub docs: &'static str,
    /// In the order of the definition.
    pub variables: &'static [Variable],
}

impl App {
    /// The app with this name.
    pub fn by_name(name: &str) -> Option<&'static Self> {
        APPS.iter().copied().find(|app| app.name == name)
    }

    /// The variable with this key in YAML.
    pub fn by_key(&self, key: &str) -> Option<&'static Variable> {
        self.variables.iter().find(|variable| variable.key == key)
    }

    /// The variable with this name in a process environment.
    pub fn by_variable(&self, name: &str) -> Option<&'static Variable> {
        self.variables.iter().find(|variable| variable.name == name)
    }
}

/// One variable of an app.
#[derive(Debug)]
pub struct Variable {
    /// In a process environment, with the app's prefix.
    pub name: &'static str,
    /// In YAML: lower case, without the prefix.
    pub key: &'static str,
    /// Its reference documentation.
    pub docs: &'static str,
    /// What may stand in it.
    pub kind: Kind,
    /// Whether its value must not be shown, nor stand in YAML.
    pub secret: bool,
    /// What holds when nothing sets it.
    pub fallback: Fallback,
    /// What a value must keep to besides its kind.
    pub rules: Rules,
    /// Reads a value and says what is wrong with it.
    pub check: fn(&str, &Rules) -> Result<(), String>,
}

impl Variable {
    /// When the variable must be set.
    pub const fn need(&self) -> Need {
        match (self.fallback, self.rules.belongs) {
            (Fallback::Required, _) => Need::Always,
            (
                _,
                Some(Belongs {
                    key,
                    scheme,
                    required: true,
                }),
            ) => Need::IfScheme { key, scheme },
            _ => Need::Never,
        }
    }
}

/// What holds when nothing sets a variable.
#[derive(Clone, Copy, Debug)]
pub enum Fallback {
    /// A fault: there is no default.
    Required,
    /// It stays unset.
    Absent,
    /// A fixed text.
    Text(&'static str),
    /// A text that depends on the machine: what it is, and how to get it.
    Computed(&'static str, fn() -> String),
}

/// When a variable must be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Without it nothing starts.
    Always,
    /// Only if the variable `key` of the same app is a URL whose scheme is `scheme`.
    IfScheme {
        /// The other variable's key.
        key: &'static str,
        /// How the scheme begins that asks for this one.
        scheme: &'static str,
    },
    /// It has a default, or may stay unset.
    Never,
}

/// What a value must keep to besides its type.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// The least and the greatest size, in the type's own measure: numbers themselves, milliseconds, bytes of a secret.
    pub range: Option<(u64, u64)>,
    /// The schemes that a URL may have; empty means any.
    pub schemes: &'static [&'static str],
    /// The URL without which the value says nothing.
    pub belongs: Option<Belongs>,
}

/// A variable that is part of what another one's URL names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Belongs {
    /// The other variable's key.
    pub key: &'static str,
    /// How its URL's scheme begins.
    pub scheme: &'static str,
    /// Whether such a URL is a fault without this variable.
    pub required: bool,
}

impl Rules {
    /// No rule at all.
    pub const NONE: Self = Self {
        range: None,
        schemes: &[],
        belongs: None,
    };

    /// Says what is wrong with a value of the right type.
    pub(crate) fn check<T: Value>(&self, value: &T) -> Result<(), String> {
        if let (Some((least, most)), Some(size)) = (self.range, value.size())
            && !(least..=most).contains(&size)
        {
            let [size, least, greatest] = [size, least, most].map(|size| T::KIND.show(size));
            return Err(if most == u64::MAX {
                format!("is {size}, must be at least {least}")
            } else {
                format!("is {size}, must be from {least} to {greatest}")
            });
        }
        if let Some(scheme) = value.scheme()
            && !self.schemes.is_empty()
            && !self.schemes.contains(&scheme)
        {
            let right: Vec<_> = self.schemes.iter().map(|scheme| format!("{scheme}://")).collect();
            return Err(format!(
                "begins with {scheme}://, must begin with {}",
                right.join(" or ")
            ));
        }
        Ok(())
    }
}

/// A size from `least` to `most`.
pub(crate) const fn range(least: u64, most: u64) -> Rules {
    Rules {
        range: Some((least, most)),
        ..Rules::NONE
    }
}

/// A size of at least `least`.
pub(crate) const fn at_least(least: u64) -> Rules {
    range(least, u64::MAX)
}

/// A URL with one of these schemes.
pub(crate) const fn schemes(schemes: &'static [&'static str]) -> Rules {
    Rules {
        schemes,
        ..Rules::NONE
    }
}

/// Needed if the URL in `key` has a scheme that begins so.
pub(crate) const fn needed_if(key: &'static str, scheme: &'static str) -> Rules {
    Rules {
        belongs: Some(Belongs {
            key,
            scheme,
            required: true,
        }),
        ..Rules::NONE
    }
}

/// Used only if the URL in `key` has a scheme that begins so, and optional even then.
pub(crate) const fn used_if(key: &'static str, scheme: &'static str) -> Rules {
    Rules {
        belongs: Some(Belongs {
            key,
            scheme,
            required: false,
        }),
        ..Rules::NONE
    }
}

/// A duration from `least` milliseconds to `most` seconds.
pub(crate) const fn lasting(least: u64, most: u64) -> Rules {
    range(least, most * 1_000)
}
