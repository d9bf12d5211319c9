//! What is wrong in an environment, and where: always all of it at once.

use std::fmt;
use std::path::PathBuf;

/// Where a value, or a fault, comes from. Sorts as people read: files by line first, then the rest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A mark in a file; line and column count from 1.
    File {
        /// The file, as the reader would find it.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column in characters, from 1.
        column: usize,
    },
    /// A file as a whole.
    WholeFile(PathBuf),
    /// A variable of the process environment.
    Process(String),
    /// The default written in the app's definition.
    Default,
    /// Nothing sets it.
    Nowhere,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line, column } => write!(f, "{}:{line}:{column}", path.display()),
            Self::WholeFile(path) => write!(f, "{}", path.display()),
            Self::Process(_) => f.write_str("process environment"),
            Self::Default => f.write_str("default"),
            Self::Nowhere => f.write_str("nowhere"),
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// Where to look.
    pub place: Place,
    /// The variable or key at fault, if it is one.
    pub subject: Option<String>,
    /// What is wrong and what to write instead. Never contains a secret's value.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A variable says by its own name where it is.
        if !matches!(self.place, Place::Process(_) | Place::Nowhere) {
            write!(f, "{}: ", self.place)?;
        }
        if let Some(subject) = &self.subject {
            write!(f, "{subject}: ")?;
        }
        f.write_str(&self.message)
    }
}

/// All faults of an environment; as an error it is never empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Adds a fault.
    pub fn push(&mut self, place: Place, subject: impl Into<Option<String>>, message: impl Into<String>) {
        self.0.push(Fault {
            place,
            subject: subject.into(),
            message: message.into(),
        });
    }

    /// Adds all of another's faults.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Whether nothing is wrong.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether a fault is about one of these.
    pub fn concern(&self, subjects: &[&str]) -> bool {
        self.0.iter().any(|fault| {
            fault
                .subject
                .as_deref()
                .is_some_and(|own| subjects.contains(&own))
        })
    }

    /// One line for each fault.
    pub fn list(&self) -> String {
        self.0.iter().map(Fault::to_string).collect::<Vec<_>>().join("\n")
    }

    /// The faults.
    pub fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.0.iter()
    }

    /// Fails with all faults in the order of their places, each once, unless there are none.
    ///
    /// # Errors
    /// The faults themselves.
    pub fn into_result(mut self) -> Result<(), Self> {
        self.0.sort();
        self.0.dedup();
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => f.write_str("1 fault in the environment:")?,
            count => write!(f, "{count} faults in the environment:")?,
        }
        for fault in &self.0 {
            write!(f, "\n  {fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}
