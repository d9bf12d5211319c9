//! `deps verify`: every tool that is here, held against the lock.

use clap::Args;
use comfy_table::{Table, presets};
use serde::Serialize;

use crate::{
    context::Context,
    deps::verify::{self, Finding, State},
    outcome::{Exit, Outcome},
};

/// Check every tool that is here against the lock. Downloads nothing.
///
/// Exits with 1 when one is there and does not fit.
#[derive(Args)]
pub(super) struct Verify {
    /// Print it as JSON.
    #[arg(long)]
    json: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Report {
    schema: u32,
    tools: Vec<Finding>,
}

impl Verify {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let tools = verify::verify(context)?;
        let wrong = tools.iter().any(|tool| tool.state == State::Wrong);
        if self.json {
            println!("{}", serde_json::to_string_pretty(&Report { schema: 1, tools })?);
        } else {
            println!("{}", table(&tools).trim_fmt());
        }
        Ok(if wrong { Exit::Failed } else { Exit::Done })
    }
}

fn table(tools: &[Finding]) -> Table {
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_header(["NAME", "LOCKED", "STATE", "PROGRAM"]);
    for tool in tools {
        let program = match (&tool.path, &tool.fault) {
            (_, Some(fault)) => fault.clone(),
            (Some(path), None) => path.display().to_string(),
            (None, None) => "-".to_owned(),
        };
        let state = format!("{:?}", tool.state).to_lowercase();
        table.add_row([tool.name, &tool.locked, &state, &program]);
    }
    table
}
