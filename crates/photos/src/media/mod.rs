//! An upload's way from the socket to the ledger, and variants on demand: memory admission, the CPU pool, the spool.

pub mod body;
pub mod budget;
mod error;
pub mod form;
pub mod pool;
pub mod spool;

pub use error::MediaError;
