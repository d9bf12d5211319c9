//! Single fields of `cluster.yaml` and `app.yaml`: names, and keys that nobody knows or that are missing.

use crate::environment::unknown;
use crate::fault::{Faults, Place};
use crate::trap::{Reading, reading};
use crate::yaml::{Body, Entry, File};

/// The text of a value that must be one word. What other readers of YAML take for something else wants quotes.
pub(crate) fn scalar<'e>(file: &File, entry: &'e Entry, faults: &mut Faults) -> Option<&'e str> {
    let message = match &entry.value.body {
        Body::Scalar { text, plain: true } if reading(text) == Reading::Null => "is empty".to_owned(),
        Body::Scalar { text, plain: true } if matches!(reading(text), Reading::Text | Reading::Integer) => {
            return Some(text);
        }
        Body::Scalar { text, plain: false } => return Some(text),
        Body::Scalar { text, .. } => {
            let reading = reading(text).describe();
            format!("`{text}` without quotes is {reading} to some readers of YAML: write \"{text}\"")
        }
        other => format!("is {}, must be one value", other.describe()),
    };
    faults.push(file.place(entry.value.mark), entry.key.clone(), message);
    None
}

/// The fault of a key that is none of the known ones.
pub(crate) fn refuse(file: &File, entry: &Entry, known: &[&str], faults: &mut Faults) {
    faults.push(
        file.place(entry.key_mark),
        entry.key.clone(),
        unknown(&entry.key, known.iter().copied()),
    );
}

/// The faults of keys that the root of a file must have. What a broken file lacks says nothing.
pub(crate) fn require(file: &File, keys: &[&str], faults: &mut Faults) {
    for key in keys {
        let found = file.entries(faults).iter().any(|entry| entry.key == *key);
        if !found && file.whole {
            let place = Place::WholeFile(file.path.clone());
            faults.push(place, (*key).to_owned(), "is missing");
        }
    }
}
