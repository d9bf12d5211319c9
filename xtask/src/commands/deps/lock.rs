//! `deps lock`: another version of a tool.

use clap::Args;

use crate::{
    context::Context,
    deps::{
        Tool,
        relock::{Change, Relock},
    },
    outcome::{Exit, Outcome},
};

/// Lock another version of a tool: download it for every platform and write its sums into deps/tools.yaml.
///
/// The sums are those of what comes now: compare them with what the release states before you commit the file. Without a
/// version, the locked one is downloaded again and compared.
#[derive(Args)]
pub(super) struct Lock {
    /// The tool.
    #[arg(value_enum)]
    tool: Tool,
    /// Its new version, like 1.34.5 [default: the locked one, which is then only checked].
    #[arg(value_name = "VERSION")]
    to: Option<String>,
    /// Print what would be downloaded, and do nothing.
    #[arg(long)]
    plan: bool,
}

impl Lock {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let relock = Relock::new(context, self.tool, self.to.as_deref())?;
        if self.plan {
            for line in relock.plan(context)? {
                println!("{line}");
            }
            return Ok(Exit::Done);
        }
        let title = format!("{} {}", relock.tool, relock.version);
        match relock.run(context)? {
            Change::Same => eprintln!("{title} is what deps/tools.yaml says, on every platform"),
            Change::Written => eprintln!(
                "{title} is locked in deps/tools.yaml: compare the sums with what the release states before you commit it"
            ),
        }
        Ok(Exit::Done)
    }
}
