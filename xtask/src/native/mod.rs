//! The supervisor behind `up`: build the apps, start them, wait until they are ready, and stop them.

pub(crate) mod build;
pub(crate) mod digest;
pub(crate) mod environment;
pub(crate) mod health;
pub(crate) mod logs;
pub(crate) mod plan;
pub(crate) mod ports;
pub(crate) mod process;
pub(crate) mod record;
pub(crate) mod seed;
pub(crate) mod supervisor;
