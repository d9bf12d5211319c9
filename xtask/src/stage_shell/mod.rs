//! The stage shell: the person's own shell in the environment of a stage, and single commands in the same environment.
//!
//! `shell` writes a session folder with a start file for bash, zsh or fish, starts the shell on it, waits, and removes the
//! folder. The start file lets the person's own files run as always, then puts the stage's sign before their prompt and
//! looks, before each prompt, whether a file of the environment has changed. Only if so it starts a process, `plasma
//! reload`, and runs what that prints.

pub(crate) mod dialect;
pub(crate) mod environment;
pub(crate) mod folder;
pub(crate) mod launch;
pub(crate) mod prompt;
pub(crate) mod reload;
pub(crate) mod scope;
pub(crate) mod seen;
pub(crate) mod session;
pub(crate) mod shortcut;
