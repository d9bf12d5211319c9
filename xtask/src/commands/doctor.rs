//! `doctor`: what may keep plasma from working on this machine, and the safe part of mending it.

use std::io::IsTerminal;

use clap::Args;
use config::Target;
use owo_colors::{OwoColorize, Style};
use serde::Serialize;

use crate::{
    commands::scope::Flags,
    context::{Context, block_on},
    doctor::{
        self, cure,
        finding::{Finding, State},
    },
    outcome::{Exit, Outcome},
};

/// Look for what may keep plasma from working: Docker, tools, limits, disks, ports, names, clock, the stage's cluster.
///
/// Exits with 0 when there is no fault, else with 1. A note is no fault.
#[derive(Args)]
pub(crate) struct Doctor {
    #[command(flatten)]
    flags: Flags,
    /// Mend what can be mended safely: raise inotify limits, start stopped nodes, remove what a dead `up` left.
    #[arg(long)]
    fix: bool,
    /// With --fix: print what it would do, and do nothing.
    #[arg(long, requires = "fix")]
    plan: bool,
    /// Print it as JSON.
    #[arg(long)]
    json: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Report {
    schema: u32,
    cluster: String,
    stage: &'static str,
    healthy: bool,
    findings: Vec<Finding>,
}

impl Doctor {
    pub(crate) fn run(&self, context: &Context) -> Outcome {
        let scope = self.flags.on(Target::Cluster, context)?;
        block_on(async {
            let mut findings = doctor::examine(context, &scope).await?;
            if self.plan {
                for cure in findings.iter().filter_map(|finding| finding.cure.as_ref()) {
                    println!("{cure}");
                }
                return Ok(Exit::Done);
            }
            if self.fix && cure::all(context, &scope, &mut findings).await {
                let fixed: Vec<Finding> = findings
                    .into_iter()
                    .filter(|finding| finding.fixed.is_some())
                    .collect();
                findings = doctor::examine(context, &scope).await?;
                findings.extend(fixed);
            }
            let healthy = findings.iter().all(|finding| finding.state != State::Fault);
            if self.json {
                let report = Report {
                    schema: 1,
                    cluster: scope.cluster.name.clone(),
                    stage: scope.stage.name(),
                    healthy,
                    findings,
                };
                println!("{}", serde_json::to_string_pretty(&report)?);
            } else {
                print(&findings);
            }
            Ok(if healthy { Exit::Done } else { Exit::Failed })
        })
    }
}

fn print(findings: &[Finding]) {
    let colour =
        std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let mut faults = 0;
    for finding in findings {
        let (word, style) = match finding.state {
            State::Fine if finding.fixed.is_some() => ("fixed", Style::new().green()),
            State::Fine => ("fine", Style::new().green()),
            State::Note => ("note", Style::new().yellow()),
            State::Unknown => ("unknown", Style::new().yellow()),
            State::Fault => ("fault", Style::new().red().bold()),
        };
        let style = if colour { style } else { Style::new() };
        faults += usize::from(finding.state == State::Fault);
        println!(
            "{} {:8} {}",
            format!("{word:7}").style(style),
            finding.check,
            finding.says
        );
        println!("{:16} {}", "", finding.evidence);
        if let Some(fixed) = &finding.fixed {
            println!("{:16} did: {fixed}", "");
        } else if let Some(remedy) = &finding.remedy {
            println!("{:16} do: {remedy}", "");
        }
    }
    match faults {
        0 => println!("\nno fault found"),
        1 => println!("\n1 fault found"),
        faults => println!("\n{faults} faults found"),
    }
}
