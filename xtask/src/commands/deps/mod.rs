//! `deps`: the lock of the external tools and container images, `deps/tools.yaml`, and the programs that it stands for.

mod fetch;
mod list;
mod lock;
mod verify;

use clap::{Args, Subcommand};

use self::{fetch::Fetch, list::List, lock::Lock, verify::Verify};
use crate::{context::Context, outcome::Outcome};

/// Show, fetch and check the locked external tools: kubectl, helm, kind, skaffold, telepresence.
///
/// PLASMA_DEPS says where they come from: download (the default), system (PATH) or offline (the cache alone).
#[derive(Args)]
pub(crate) struct Deps {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    List(List),
    Fetch(Fetch),
    Verify(Verify),
    Lock(Lock),
}

impl Deps {
    pub(crate) fn run(&self, context: &Context) -> Outcome {
        match &self.action {
            Action::List(list) => list.run(context),
            Action::Fetch(fetch) => fetch.run(context),
            Action::Verify(verify) => verify.run(context),
            Action::Lock(lock) => lock.run(context),
        }
    }
}
