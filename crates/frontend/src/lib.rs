//! The pages of hmlet: server-rendered, on the typed client of the photos service and nothing else.
//!
//! [`app::App`] is built once from the environment and passed everywhere. Every call goes through [`shell`], which finds
//! out who calls ([`visit`]) and turns whatever goes wrong into a page. `doc/frontend.md` has the reasons.

pub mod app;
pub mod logging;
pub mod server;
pub mod signals;

mod assets;
mod bidi;
mod caption;
mod cookies;
mod csrf;
mod error;
mod flash;
mod form;
mod internal;
mod layout;
mod links;
mod metrics;
mod packing;
mod pages;
mod pictures;
mod placeholder;
mod renewal;
mod seal;
mod session;
mod shell;
mod shown;
mod spool;
mod theme;
mod tile;
mod visit;
