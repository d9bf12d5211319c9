//! The photos service.
