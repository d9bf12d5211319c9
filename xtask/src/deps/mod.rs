//! The external tools (kubectl, helm, kind, skaffold, telepresence): their lock, the downloads, and where each program is.

mod cache;
mod download;
mod fetch;
mod locate;
pub(crate) mod lock;
mod mirror;
mod progress;
mod tool;
pub(crate) mod verify;
mod version;

pub(crate) use locate::{locate, locate_all, places, plan, provide};
pub(crate) use tool::Tool;
