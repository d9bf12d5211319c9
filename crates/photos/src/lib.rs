//! The photos service.

pub mod media;

pub mod db;
pub mod domain;
