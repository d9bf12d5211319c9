//! `ci charts`: the charts of all clusters with the values of all stages, without a cluster.

use anyhow::Context as _;

use super::skip;
use crate::{
    charts::{self, Releases},
    context::{Context, block_on},
    deps::{self, Tool},
    outcome::{Exit, Failure, Outcome, reason},
    tools::{helm::Helm, runner::Runner},
};

pub(super) fn run(context: &Context) -> Outcome {
    let mut releases = Releases::of(&context.root, &context.state);
    let helm = match deps::locate(context, Tool::Helm) {
        Ok(helm) => helm,
        Err(error) => {
            show(&releases.faults)?;
            let what = format!("the charts are not rendered: {}", reason(&error));
            return skip(context, &what, "`cargo xtask deps list` says what is missing");
        }
    };
    let logs = tempfile::tempdir().context("cannot make a folder")?;
    let runner = Runner::new(logs.path());
    let helm = Helm::at(helm.path);
    let findings = block_on(charts::check(&releases.renderings, &helm, &runner))?;
    releases.faults.extend(findings.faults);
    show(&releases.faults)?;
    eprintln!(
        "{} releases of all stages, {} objects: every field is known, and what they say of each other holds",
        releases.renderings.len(),
        findings.objects
    );
    Ok(Exit::Done)
}

fn show(faults: &[String]) -> anyhow::Result<()> {
    for fault in faults {
        println!("{fault}");
    }
    if faults.is_empty() {
        return Ok(());
    }
    Err(Failure::failed(match faults.len() {
        1 => "a fault in the charts or their values".to_owned(),
        several => format!("{several} faults in the charts or their values"),
    })
    .advise("correct what is named above")
    .into())
}
