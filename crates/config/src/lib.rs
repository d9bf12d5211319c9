//! Stages, typed environments of the apps, and the layers that fill them.
//!
//! An app reads its environment with [`PhotosEnv::from_map`] and nothing else; plasma reads the YAML layers of a stage
//! and checks them against the same definitions.

mod access;
mod bot;
mod causes;
mod cluster;
mod environment;
mod export;
mod fault;
mod fields;
mod follow;
mod frontend;
mod handover;
mod keys;
mod known;
mod layer;
mod logging;
mod manifest;
mod photos;
mod preset;
mod reference;
mod rents;
mod request;
mod secret;
mod secrets;
mod setting;
mod shell;
mod spec;
mod stage;
mod stage_env;
mod trap;
mod value;
mod yaml;

pub use access::{DatabaseUrl, Registration, StoreUrl, Username};
pub use bot::BotEnv;
pub use causes::with_causes;
pub use cluster::{Cluster, Home, names as cluster_names};
pub use environment::{nearest, process_environment};
pub use export::Format;
pub use fault::{Fault, Faults, Place};
pub use follow::{Follow, reachable};
pub use frontend::FrontendEnv;
pub use handover::Handover;
pub use keys::check_same_keys;
pub use layer::Origin;
pub use logging::{LogFormat, LogLevels};
pub use manifest::{AppManifest, Release};
pub use photos::PhotosEnv;
pub use preset::{Preset, PresetMode};
pub use reference::reference;
pub use rents::RentsEnv;
pub use request::{Request, Secrets};
pub use secret::Secret;
pub use secrets::restore as restore_secrets;
pub use setting::Setting;
pub use shell::{SHELL_VARS, Shell, shell_vars, strip_shell_vars};
pub use spec::{APPS, App, Belongs, Fallback, Need, Rules, Variable};
pub use stage::{Stage, Target, UnknownName};
pub use stage_env::StageEnv;
pub use value::{Kind, Value};
