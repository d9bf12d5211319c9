//! The photos service.

pub mod db;
pub mod domain;
pub mod media;
pub mod store;
