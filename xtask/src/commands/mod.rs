//! One file per command: its arguments, its plan without side effects, and its run.

pub(crate) mod completions;
pub(crate) mod deps;
pub(crate) mod env;
