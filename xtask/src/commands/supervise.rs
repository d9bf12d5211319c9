//! `supervise` (hidden): the part of `up --detach` that stays. It reads the plan from standard input.

use std::io;

use anyhow::Context as _;
use clap::Args;

use crate::{
    context::block_on,
    native::{plan::Plan, record::Lock, supervisor::supervise},
    outcome::{Failure, Outcome},
    signals::Signals,
};

/// Run the plan on standard input until a signal ends it.
#[derive(Args)]
pub(crate) struct Supervise;

impl Supervise {
    pub(crate) fn run(&self) -> Outcome {
        let plan: Plan = serde_json::from_reader(io::stdin()).context("standard input is not a plan")?;
        // A session of its own: the terminal's end and its Ctrl-C no longer reach it. Who leads one already, stays in it.
        let _ = nix::unistd::setsid();
        block_on(async {
            let mut signals = Signals::listen().context("cannot listen to signals")?;
            let Some(_lock) = Lock::take(&plan.folder)? else {
                return Err(Failure::refused(format!("{} is already up", plan.title())).into());
            };
            supervise(&plan, &mut signals, async { Ok(()) }).await
        })
    }
}
