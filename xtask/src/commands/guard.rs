//! `guard` (hidden): becomes another program that dies with the process that started it.
//!
//! The kernel sends the program a signal when its parent is gone, however that happened, so that no server outlives a
//! supervisor that was killed. A program cannot ask for this on behalf of another, so this small step runs in between
//! and then is replaced: the process id stays the same.

use std::{ffi::OsString, os::unix::process::CommandExt, process::Command};

use anyhow::Context as _;
use clap::Args;
use nix::{
    sys::signal::Signal,
    unistd::{Gid, Uid},
};

use crate::outcome::Outcome;

/// Become a program that ends when its parent does.
#[derive(Args)]
pub(crate) struct Guard {
    /// The process that the program must not outlive.
    #[arg(long)]
    parent: u32,
    /// What the program gets when its parent ends.
    #[arg(long)]
    signal: Signal,
    /// Run as this user: `uid:gid`, both numbers.
    #[arg(long, value_parser = parse_owner)]
    owner: Option<(u32, u32)>,
    /// The program and its arguments.
    #[arg(last = true, required = true)]
    program: Vec<OsString>,
}

fn parse_owner(text: &str) -> Result<(u32, u32), String> {
    let (user, group) = text.split_once(':').ok_or("write uid:gid")?;
    let number = |part: &str| part.parse::<u32>().map_err(|error| error.to_string());
    Ok((number(user)?, number(group)?))
}

impl Guard {
    pub(crate) fn run(&self) -> Outcome {
        if let Some((user, group)) = self.owner {
            nix::unistd::setgroups(&[]).context("cannot drop the groups")?;
            nix::unistd::setgid(Gid::from_raw(group)).context("cannot change the group")?;
            nix::unistd::setuid(Uid::from_raw(user)).context("cannot change the user")?;
        }
        // After the change of user, which would clear it.
        #[cfg(target_os = "linux")]
        nix::sys::prctl::set_pdeathsig(self.signal).context("cannot ask to end with the parent")?;
        if nix::unistd::getppid().as_raw().unsigned_abs() != self.parent {
            anyhow::bail!("the parent process {} is gone already", self.parent);
        }
        let (program, arguments) = self.program.split_first().context("no program was given")?;
        let error = Command::new(program).args(arguments).exec();
        Err(error).with_context(|| format!("cannot start {}", program.display()))
    }
}
