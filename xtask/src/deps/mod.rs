//! The external tools (kubectl, helm, kind, skaffold, telepresence): their lock, the downloads, and where each program is.

mod cache;
mod download;
mod edit;
mod fetch;
mod locate;
pub(crate) mod lock;
mod mirror;
mod progress;
pub(crate) mod relock;
mod tool;
pub(crate) mod verify;
mod version;

pub(crate) use locate::{Source, locate, locate_all, path_with, places, plan, provide};
pub(crate) use tool::Tool;
