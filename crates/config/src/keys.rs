//! Whether all stages of a cluster speak of the same keys: a key that one stage sets and another forgets is the usual
//! way in which production surprises.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::cluster::Cluster;
use crate::fault::{Faults, Place};
use crate::layer::Layer;
use crate::stage::Stage;

/// Checks that every key which the file of one stage sets is set by the files of all stages, or by `comm.yaml`. `null`
/// counts as set: the stage has been thought of. Faults inside the files are left to those who load them.
///
/// # Errors
/// Every key that a stage's file lacks.
pub fn check_same_keys(root: &Path, cluster: &Cluster) -> Result<(), Faults> {
    let folder = Path::new("envs").join(&cluster.name);
    let apps = cluster.apps();
    let layer = Layer {
        apps: &apps,
        state: Path::new(""),
        native: false,
        secrets: false,
    };
    let keys = |file: &str| {
        let path = folder.join(file);
        let text = fs::read_to_string(root.join(&path)).unwrap_or_default();
        let mut wrong = Faults::default();
        let (settings, _) = layer.read(&path, &text, &mut wrong);
        let right = settings.into_iter().map(|(variable, _)| variable.name);
        (right.collect::<BTreeSet<_>>(), wrong)
    };
    let (common, _) = keys("comm.yaml");
    let by_stage: BTreeMap<Stage, _> = Stage::ALL
        .into_iter()
        .map(|stage| (stage, keys(&format!("{stage}.yaml"))))
        .collect();

    let mut faults = Faults::default();
    for app in &apps {
        for variable in app
            .variables
            .iter()
            .filter(|variable| !common.contains(variable.name))
        {
            let subject = format!("{}.{}", app.name, variable.key);
            let (with, without): (Vec<Stage>, Vec<Stage>) = Stage::ALL.into_iter().partition(|stage| {
                by_stage
                    .get(stage)
                    .is_some_and(|(right, _)| right.contains(variable.name))
            });
            // What is there and wrong is told as wrong; what stands behind bad YAML, nobody knows.
            let without = without.into_iter().filter(|stage| {
                let wrong = by_stage.get(stage).map(|(_, wrong)| wrong);
                !wrong.is_some_and(|wrong| {
                    wrong.concern(&[&subject, variable.name])
                        || wrong.iter().any(|fault| fault.subject.is_none())
                })
            });
            if with.is_empty() {
                continue;
            }
            for stage in without {
                let place = Place::WholeFile(folder.join(format!("{stage}.yaml")));
                let others: Vec<_> = with.iter().map(|stage| stage.name()).collect();
                let message = format!(
                    "is set for {} and not here: set it, or write `null` if it is meant to be unset",
                    others.join(", ")
                );
                faults.push(place, subject.clone(), message);
            }
        }
    }
    faults.into_result()
}
