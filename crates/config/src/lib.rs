//! Stages, typed environments of the apps, and the layers that fill them.
//!
//! An app reads its environment with [`PhotosEnv::from_map`] and nothing else; plasma reads the YAML layers of a stage
//! and checks them against the same definitions.

mod access;
mod environment;
mod fault;
mod frontend;
mod photos;
mod preset;
mod secret;
mod spec;
mod stage;
mod value;

pub use access::{DatabaseUrl, LogFormat, Registration, StoreUrl};
pub use environment::process_environment;
pub use fault::{Fault, Faults, Place};
pub use frontend::FrontendEnv;
pub use photos::PhotosEnv;
pub use preset::{Preset, PresetMode};
pub use secret::Secret;
pub use spec::{APPS, App, Fallback, Need, Rules, Variable};
pub use stage::{Stage, Target, UnknownName};
pub use value::{Kind, Value};
