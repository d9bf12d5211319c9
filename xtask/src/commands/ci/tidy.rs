//! `ci tidy`: the rules of `doc/architecture.md`.

use crate::{
    commands::ci::jobs,
    context::Context,
    outcome::{Exit, Failure, Outcome},
    tidy::{Tree, features},
};

pub(super) fn run(context: &Context) -> Outcome {
    let jobs = jobs();
    let jobs: Vec<&str> = jobs.iter().map(String::as_str).collect();
    let tree = Tree::read(&context.root)?;
    let mut faults = tree.faults(&jobs);
    let anew = features::check(context, &tree.packages())?;
    faults.extend(anew.faults);
    for fault in &faults {
        println!("{fault}");
    }
    if !anew.remarks.is_empty() {
        let packages = anew.remarks.iter();
        let packages: Vec<String> = packages
            .map(|(package, twice)| format!("{package} {}", twice.len()))
            .collect();
        eprintln!(
            "note: built alone with `-p`, packages compile dependencies again with other features ({}); build with --workspace",
            packages.join(", ")
        );
    }
    if faults.is_empty() {
        return Ok(Exit::Done);
    }
    Err(Failure::failed(format!(
        "{} places break the rules of doc/architecture.md",
        faults.len()
    ))
    .advise("correct them, or change the page if a rule is wrong")
    .into())
}
