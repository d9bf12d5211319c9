//! What may keep plasma from working on this machine: checks that measure, with evidence and a remedy for each finding.
//!
//! `doctor` runs all of them, `bootstrap` those that would make it fail half-way, before it begins.

mod clock;
pub(crate) mod cure;
mod disk;
pub(crate) mod engine;
pub(crate) mod finding;
mod inotify;
mod names;
mod ports;
mod stage;

use finding::{Finding, State};

use crate::{
    commands::scope::Scope,
    context::Context,
    deps::{self, verify},
    hosts,
    tools::runner::Runner,
};

/// Everything, for `doctor`.
///
/// # Errors
/// Exit code 2 when the lock, `PLASMA_DEPS` or the stage's environment is wrong.
pub(crate) async fn examine(context: &Context, scope: &Scope) -> anyhow::Result<Vec<Finding>> {
    let folder = scope.folder(context);
    let runner = Runner::silent();
    let names = hosts::names(&context.root)?;
    let file = hosts::file(context);
    let tools = tools(context)?;
    let native_ports = ports::native(context, scope)?;
    let (engine, cluster_ports, nodes, names, cluster) = tokio::join!(
        engine::look(&runner),
        ports::cluster(&runner, scope),
        stage::nodes(&runner, scope),
        names::look(&names, scope.stage, &file),
        stage::cluster(&runner, context, scope),
    );
    let mut findings = vec![engine.finding];
    findings.extend(tools);
    findings.push(inotify::look());
    findings.extend(disks(context, engine.info.as_ref()).iter().map(disk::look));
    findings.extend(native_ports);
    findings.extend(cluster_ports);
    findings.extend(names);
    findings.push(clock::look(engine.skew));
    findings.extend(stage::native(&folder, &scope.title()));
    findings.extend(nodes);
    findings.push(cluster);
    Ok(findings)
}

/// What must be right before the nodes of a kind cluster are made, and fails late and obscurely otherwise: the kernel's
/// limits and the disks. Nodes that are there have their share already, and an engine that does not answer is the error of
/// whoever asks it first. Returns the notes, a line each.
///
/// # Errors
/// Exit code 1 with the first fault: its evidence and its remedy.
pub(crate) async fn preflight(context: &Context, scope: &Scope) -> anyhow::Result<Vec<String>> {
    let runner = Runner::silent();
    if stage::nodes(&runner, scope).await.is_some() {
        return Ok(Vec::new());
    }
    let engine = engine::look(&runner).await;
    let mut findings = vec![inotify::look()];
    findings.extend(disks(context, engine.info.as_ref()).iter().map(disk::look));
    if let Some(fault) = findings.iter().find(|finding| finding.state == State::Fault) {
        return Err(fault.failure().into());
    }
    let notes = findings.iter().filter(|finding| finding.state == State::Note);
    Ok(notes
        .map(|finding| format!("{}: {}", finding.says, finding.evidence))
        .collect())
}

fn disks(context: &Context, engine: Option<&engine::Info>) -> Vec<disk::Place> {
    let docker = engine.map(|info| disk::Place::docker(&info.docker_root_dir));
    let own = [
        disk::Place::cache(&context.cache),
        disk::Place::state(&context.state),
    ];
    docker.into_iter().chain(own).collect()
}

fn tools(context: &Context) -> anyhow::Result<Vec<Finding>> {
    const CHECK: &str = "tools";
    let source = deps::Source::of(context)?;
    let findings = verify::verify(context)?.into_iter().map(|tool| {
        let (name, locked) = (tool.name, &tool.locked);
        let version = tool.version.unwrap_or_default();
        let path = tool
            .path
            .map(|path| path.display().to_string())
            .unwrap_or_default();
        match (tool.state, source) {
            (verify::State::Fits, _) => Finding::fine(CHECK, format!("{name} {version}"), path),
            (verify::State::Wrong, _) => Finding::fault(
                CHECK,
                format!("{name} must not be used"),
                tool.fault.unwrap_or_default(),
            )
            .remedy(match source {
                deps::Source::System => format!("install {name} {locked}, or unset PLASMA_DEPS"),
                _ => "delete it: the next command downloads it again".to_owned(),
            }),
            (verify::State::Missing, deps::Source::Download) => Finding::fine(
                CHECK,
                format!("{name} {locked} comes when it is needed"),
                "it is not in the cache yet",
            ),
            (verify::State::Missing, _) if tool.needed => {
                Finding::fault(CHECK, format!("{name} {locked} is missing"), source.evidence()).remedy(
                    format!("install {name} {locked}, or unset PLASMA_DEPS so that plasma downloads it"),
                )
            }
            (verify::State::Missing, _) => Finding::note(
                CHECK,
                format!("{name} {locked} is missing; only `cargo xtask {name}` needs it"),
                source.evidence(),
            ),
        }
    });
    Ok(findings.collect())
}
