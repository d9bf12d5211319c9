//! `logs`: what the pods of apps say.

use std::{
    io::{IsTerminal, stdout},
    time::Duration,
};

use anyhow::Context as _;
use clap::Args;
use config::{Target, Value};

use crate::{
    commands::scope::Flags,
    context::{Context, block_on},
    kube::{self, identity, logs},
    outcome::Outcome,
    signals::Signals,
};

/// Print the logs of all pods of apps as one, each line behind the name of its pod.
///
/// Without --follow the lines of all pods are in the order of their times. With it, lines are printed as they come, and pods
/// that come later are followed too.
#[derive(Args)]
#[command(after_help = "Examples:
  cargo xtask logs photos --follow --tail 20
  cargo xtask logs --since 10m                everything of the cluster")]
pub(crate) struct Logs {
    #[command(flatten)]
    flags: Flags,
    /// The apps, or services behind them, such as postgresql [default: all].
    #[arg(value_name = "APP")]
    apps: Vec<String>,
    /// Go on with what comes, until Ctrl-C.
    #[arg(long, short)]
    follow: bool,
    /// Only lines that are younger: 30s, 10m, 2h.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    since: Option<Duration>,
    /// Only so many of each pod's last lines.
    #[arg(long, value_name = "LINES")]
    tail: Option<u32>,
}

impl Logs {
    pub(crate) fn run(&self, context: &Context) -> Outcome {
        let scope = self.flags.on(Target::Cluster, context)?;
        let colour = stdout().is_terminal() && !context.is_set("NO_COLOR");
        let wanted = logs::Wanted {
            apps: self.apps.clone(),
            since: self.since,
            tail: self.tail,
        };
        block_on(async {
            let mut signals = Signals::listen().context("cannot listen to signals")?;
            let connection = kube::connect(context, &scope).await?;
            identity::check(&connection).await?;
            if !self.follow {
                return logs::show(&connection, &wanted, colour).await;
            }
            tokio::select! {
                ended = logs::follow(&connection, &wanted, colour) => ended,
                exit = signals.next() => Ok(exit),
            }
        })
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    <Duration as Value>::parse(text)
}
