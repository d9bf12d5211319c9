//! `ci turbo`: the feature `turbo`, which no other job compiles: libjpeg-turbo instead of the Rust codecs.

use super::{cargo, skip};
use crate::{
    context::Context,
    native::process::find_program,
    outcome::{Exit, Outcome},
};

pub(super) fn run(context: &Context) -> Outcome {
    let path = context.vars.get("PATH").map_or("", String::as_str);
    let missing: Vec<&str> = ["cmake", "nasm"]
        .into_iter()
        .filter(|tool| find_program(tool, path).is_none())
        .collect();
    if !missing.is_empty() {
        let missing = missing.join(" and ");
        return skip(
            context,
            &format!("the feature `turbo` is not tested, for there is no {missing}"),
            &format!("install {missing}"),
        );
    }
    let lints = [
        "clippy",
        "--workspace",
        "--features",
        "photos/turbo",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ];
    let tests = [
        "test",
        "--quiet",
        "--package",
        "imaging",
        "--features",
        "turbo",
        "--locked",
    ];
    match cargo(context, &lints, "correct the places above")? {
        Exit::Done => cargo(context, &tests, "correct the places above"),
        other => Ok(other),
    }
}
