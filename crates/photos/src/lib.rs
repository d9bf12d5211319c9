//! The photos service.

pub mod media;
