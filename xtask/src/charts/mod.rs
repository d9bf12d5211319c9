//! The charts without a cluster: what each stage would install is rendered, and every object is held against Kubernetes'
//! own types and against the environment. A cluster would take a misspelt field and do without it.

mod completeness;
mod hardening;
mod object;
mod releases;
mod rendering;
mod typed;
mod wiring;

use futures_util::{StreamExt as _, stream};

use crate::tools::{helm::Helm, runner::Runner};

pub(crate) use releases::{Releases, Rendering};

/// Renderings at once: helm is a process of its own, and short.
const AT_ONCE: usize = 4;

/// What was looked at, and what is wrong with it.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// Objects that were rendered.
    pub(crate) objects: usize,
    /// One line each, with the file that is to be corrected.
    pub(crate) faults: Vec<String>,
}

/// Lints and renders each release and checks every object of it.
///
/// # Errors
/// When helm cannot be started.
pub(crate) async fn check(
    renderings: &[Rendering],
    helm: &Helm,
    runner: &Runner,
) -> anyhow::Result<Findings> {
    let mut all: Vec<(usize, anyhow::Result<Findings>)> = stream::iter(renderings.iter().enumerate())
        .map(|(at, rendering)| async move { (at, check_one(rendering, helm, runner).await) })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    all.sort_by_key(|(at, _)| *at);
    let mut findings = Findings::default();
    for (_, found) in all {
        let found = found?;
        findings.objects += found.objects;
        findings.faults.extend(found.faults);
    }
    Ok(findings)
}

async fn check_one(rendering: &Rendering, helm: &Helm, runner: &Runner) -> anyhow::Result<Findings> {
    let objects = match rendering::render(rendering, helm, runner).await? {
        Ok(objects) => objects,
        Err(refusal) => {
            return Ok(Findings {
                objects: 0,
                faults: vec![refusal],
            });
        }
    };
    let mut faults = Vec::new();
    for object in &objects {
        let typed = typed::faults(&object.body).into_iter();
        faults.extend(typed.map(|fault| rendering.fault(object, &fault)));
    }
    // What refers to what is only worth a look once every field is known.
    if faults.is_empty() {
        let rules = [
            wiring::faults(&objects, rendering.app),
            hardening::faults(&objects),
            completeness::of_release(&objects),
        ];
        faults.extend(
            rules
                .into_iter()
                .flatten()
                .map(|(object, fault)| rendering.fault(object, &fault)),
        );
    }
    Ok(Findings {
        objects: objects.len(),
        faults,
    })
}
