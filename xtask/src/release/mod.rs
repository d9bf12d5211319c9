//! What `deploy` does: images, the environment of the apps in their cluster, and helm releases, each only if something that
//! it is made from has changed.
//!
//! Wish (what should be) → survey (what is) → verdicts → install, release by release. The first three change nothing.

pub(crate) mod build;
pub(crate) mod diff;
pub(crate) mod env;
pub(crate) mod healing;
pub(crate) mod image;
pub(crate) mod inputs;
pub(crate) mod install;
pub(crate) mod listing;
pub(crate) mod objects;
pub(crate) mod ownership;
pub(crate) mod prepared;
pub(crate) mod program;
pub(crate) mod record;
pub(crate) mod registry;
pub(crate) mod remake;
pub(crate) mod report;
pub(crate) mod revision;
pub(crate) mod roll;
pub(crate) mod secrets;
pub(crate) mod ship;
pub(crate) mod survey;
pub(crate) mod toolbox;
pub(crate) mod verdict;
pub(crate) mod wish;
