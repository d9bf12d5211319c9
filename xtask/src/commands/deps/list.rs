//! `deps list`: what the lock holds.

use clap::Args;
use comfy_table::{Table, presets};

use crate::{
    context::Context,
    deps::{Source, lock::Lock},
    outcome::{Exit, Outcome},
};

/// List every locked tool with its version and platforms, and every image with its digest.
#[derive(Args)]
pub(super) struct List {
    /// Print the whole lock as JSON.
    #[arg(long)]
    json: bool,
}

impl List {
    pub(super) fn run(&self, context: &Context) -> Outcome {
        // A word that no command knows is said by this one too.
        Source::of(context)?;
        let lock = Lock::load(&context.root)?;
        if self.json {
            println!("{}", serde_json::to_string_pretty(&lock)?);
        } else {
            println!("{}", table(&lock).trim_fmt());
        }
        Ok(Exit::Done)
    }
}

fn table(lock: &Lock) -> Table {
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_header(["NAME", "VERSION", "FOR"]);
    for (name, tool) in &lock.tools {
        let platforms: Vec<&str> = tool.sha256.keys().map(String::as_str).collect();
        table.add_row([name.as_str(), &tool.version, &platforms.join(" ")]);
    }
    for (tag, digest) in &lock.images {
        let (name, version) = tag.rsplit_once(':').unwrap_or((tag, ""));
        table.add_row([name, version, &digest[..digest.len().min(19)]]);
    }
    table
}
