//! The external programs. Each has one module, the only caller of it, whose functions turn a wish into a [`runner::Call`]
//! without running anything, so that a plan can be shown, and tested, where the program is not installed.

mod call;
mod calls;
pub(crate) mod docker;
pub(crate) mod helm;
pub(crate) mod kind;
mod pipe;
pub(crate) mod quote;
pub(crate) mod runner;
pub(crate) mod skaffold;
pub(crate) mod telepresence;
