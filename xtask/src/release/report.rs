//! What `deploy --json` prints.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{prepared::Prepared, verdict::Verdict, wish::Wanted};
use crate::commands::scope::Scope;

/// The whole document.
#[derive(Serialize)]
pub(crate) struct Report<'a> {
    schema: u32,
    cluster: &'a str,
    stage: &'static str,
    releases: Vec<ReleaseReport<'a>>,
    urls: BTreeMap<&'a str, String>,
}

/// One release.
#[derive(Serialize)]
pub(crate) struct ReleaseReport<'a> {
    name: &'a str,
    /// `unchanged`, `available` (unchanged, and waited for) or `deployed`.
    result: &'static str,
    /// Why it was deployed.
    causes: Vec<String>,
}

impl<'a> Report<'a> {
    /// What was done, by the verdicts before it was.
    pub(crate) fn of(scope: &'a Scope, prepared: &'a Prepared) -> Self {
        let release = |wanted: &'a Wanted| {
            let (result, causes) = match prepared.survey.verdict(wanted) {
                Verdict::Unchanged => ("unchanged", Vec::new()),
                Verdict::Wait(_) => ("available", Vec::new()),
                Verdict::Deploy(causes) => ("deployed", causes),
            };
            ReleaseReport {
                name: &wanted.name,
                result,
                causes,
            }
        };
        Self {
            schema: 1,
            cluster: &scope.cluster.name,
            stage: scope.stage.name(),
            releases: prepared.waves.iter().flatten().map(release).collect(),
            urls: prepared.urls().into_iter().collect(),
        }
    }
}
