//! One file per command: its arguments, its plan without side effects, and its run.

pub(crate) mod bench;
pub(crate) mod bootstrap;
pub(crate) mod ci;
pub(crate) mod completions;
pub(crate) mod confirm;
pub(crate) mod deploy;
pub(crate) mod deps;
pub(crate) mod destroy;
pub(crate) mod down;
pub(crate) mod e2e;
pub(crate) mod env;
pub(crate) mod forward;
pub(crate) mod guard;
pub(crate) mod logs;
pub(crate) mod new;
pub(crate) mod reload;
pub(crate) mod run;
pub(crate) mod scope;
pub(crate) mod shell;
pub(crate) mod skaffold;
pub(crate) mod status;
pub(crate) mod supervise;
pub(crate) mod telepresence;
pub(crate) mod terminal;
pub(crate) mod test;
pub(crate) mod up;
