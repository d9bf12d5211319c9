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

#[allow(unused_imports, reason = "bootstrap comes next")]
pub(crate) use locate::{Program, Provided, locate, provide};
pub(crate) use locate::{locate_all, plan};
pub(crate) use tool::Tool;
