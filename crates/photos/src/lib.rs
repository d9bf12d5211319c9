//! The photos service: uploads, thumbnails, lists, users.
//!
//! [`app::App`] is built once from the environment and passed everywhere. `doc/architecture.md` says which module may
//! know what.

mod admin;
pub mod app;
pub mod auth;
pub mod cli;
pub mod db;
pub mod domain;
pub mod error;
pub mod http;
pub mod jobs;
pub mod logging;
pub mod media;
pub mod store;
