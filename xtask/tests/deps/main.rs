//! `plasma deps`: the lock, downloads from a server that misbehaves, and tools on `PATH`.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod download;
mod faulty;
mod lock;
mod locked;
mod system;
