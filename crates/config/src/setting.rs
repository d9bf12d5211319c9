//! A variable of a stage with every place that sets it.

use crate::fault::Place;
use crate::follow::Follow;
use crate::layer::Origin;
use crate::spec::{App, Fallback, Variable};

/// One variable of one app, and every place that sets it.
#[derive(Debug)]
pub struct Setting {
    /// The app.
    pub app: &'static App,
    /// The variable.
    pub variable: &'static Variable,
    /// The places that set it, each overriding the one before.
    pub chain: Vec<Origin>,
    /// The app whose address stands in the value, where the file says so: `http://{photos}`. Whoever moves that app to
    /// another port changes the value with it.
    pub follows: Option<Follow>,
}

impl Setting {
    /// The value that holds, unless nothing sets it; defaults are not set.
    pub fn value(&self) -> Option<&str> {
        self.chain.last().and_then(|origin| origin.value.as_deref())
    }

    /// The value that the app will see: the one that is set, or its default.
    pub fn effective(&self) -> Option<String> {
        self.value()
            .map(str::to_owned)
            .or_else(|| match self.variable.fallback {
                Fallback::Text(text) => Some(text.to_owned()),
                Fallback::Computed(_, compute) => Some(compute()),
                Fallback::Required | Fallback::Absent => None,
            })
    }

    /// Where the value that holds comes from, or what unset it.
    pub fn place(&self) -> Place {
        let last = self.chain.last().map(|origin| origin.place.clone());
        match self.variable.fallback {
            Fallback::Text(_) | Fallback::Computed(..) if self.value().is_none() => Place::Default,
            _ => last.unwrap_or(Place::Nowhere),
        }
    }
}
