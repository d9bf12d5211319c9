//! `deps fetch`: bring tools into the cache before they are needed.

use clap::Args;
use serde::Serialize;

use crate::{
    context::Context,
    deps::{self, Tool},
    outcome::{Exit, Outcome},
};

/// Download the locked tools into the cache, all at once. What is there already is left alone.
#[derive(Args)]
pub(super) struct Fetch {
    /// Which tools [default: all].
    #[arg(value_name = "TOOL", value_enum)]
    tools: Vec<Tool>,
    /// Print what would be downloaded, and do nothing.
    #[arg(long)]
    plan: bool,
    /// Print where the programs are as JSON.
    #[arg(long)]
    json: bool,
}

/// What `--json` prints of one tool.
#[derive(Serialize)]
struct Row {
    name: &'static str,
    version: String,
    path: std::path::PathBuf,
}

impl Fetch {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        let tools = if self.tools.is_empty() {
            &Tool::ALL[..]
        } else {
            &self.tools
        };
        if self.plan {
            for line in deps::plan(context, tools)? {
                println!("{line}");
            }
            return Ok(Exit::Done);
        }
        let programs = deps::locate_all(context, tools)?;
        let rows: Vec<Row> = tools
            .iter()
            .zip(programs)
            .map(|(tool, program)| Row {
                name: tool.name(),
                version: program.version,
                path: program.path,
            })
            .collect();
        if self.json {
            let report = serde_json::json!({"schema": 1, "tools": rows});
            println!("{}", serde_json::to_string_pretty(&report)?);
        } else {
            for row in rows {
                println!("{} {} {}", row.name, row.version, row.path.display());
            }
        }
        Ok(Exit::Done)
    }
}
