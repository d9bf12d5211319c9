//! The release build of the apps' programs, and where it puts them.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::{program, wish::Chosen};
use crate::{
    context::Context,
    native::{build, process::find_program},
};

/// The feature that makes pictures two to three times faster, of which package, and what it takes to build it.
const FAST: (&str, &str, [&str; 2]) = ("photos", "photos/turbo", ["cmake", "nasm"]);

/// The programs that go into images, by app.
///
/// # Errors
/// When the code does not compile.
pub(crate) async fn programs(
    context: &Context,
    chosen: &[Chosen],
) -> anyhow::Result<BTreeMap<String, PathBuf>> {
    let names = apps(chosen);
    if names.is_empty() || program::wrong_system().is_some() {
        return Ok(BTreeMap::new());
    }
    let (features, missing) = features(context, &names);
    if let Some(missing) = missing {
        eprintln!(
            "{} is built without its feature `turbo`, for there is no {missing}: pictures take two to three times as long",
            FAST.0
        );
    }
    let built = build::build(context, &names, &features, true).await?;
    Ok(built
        .into_iter()
        .map(|(name, built)| (name, built.program))
        .collect())
}

/// The programs of the last build that are not older than any of their sources: what a plan may name without building.
pub(crate) fn fresh_programs(context: &Context, chosen: &[Chosen]) -> BTreeMap<String, PathBuf> {
    let target = context
        .vars
        .get("CARGO_TARGET_DIR")
        .map_or_else(|| context.root.join("target"), PathBuf::from);
    let fresh = |app: &String| {
        let program = target.join("release").join(app);
        is_fresh(&context.root, &program).then(|| (app.clone(), program))
    };
    apps(chosen).iter().filter_map(fresh).collect()
}

/// The call of cargo, for a plan.
pub(crate) fn call(context: &Context, chosen: &[Chosen]) -> Option<String> {
    let names = apps(chosen);
    if names.is_empty() || program::wrong_system().is_some() {
        return None;
    }
    let bins: String = names.iter().map(|name| format!(" --bin {name}")).collect();
    let features: String = features(context, &names)
        .0
        .iter()
        .map(|name| format!(" --features {name}"))
        .collect();
    Some(format!("cargo build --release{bins}{features}"))
}

fn apps(chosen: &[Chosen]) -> Vec<String> {
    let with_image = chosen.iter().filter(|app| app.repository.is_some());
    with_image.map(|app| app.manifest.app.clone()).collect()
}

/// The features to build with, and what is missing for more.
pub(crate) fn features(context: &Context, names: &[String]) -> (Vec<String>, Option<String>) {
    let (package, feature, tools) = FAST;
    if !names.iter().any(|name| name == package) {
        return (Vec::new(), None);
    }
    let path = context.vars.get("PATH").map_or("", String::as_str);
    let missing: Vec<&str> = tools
        .into_iter()
        .filter(|tool| find_program(tool, path).is_none())
        .collect();
    if missing.is_empty() {
        (vec![feature.to_owned()], None)
    } else {
        (Vec::new(), Some(missing.join(" and no ")))
    }
}

/// Whether a program is newer than what cargo says it was made from, and than the manifests of the workspace.
fn is_fresh(root: &Path, program: &Path) -> bool {
    let changed = |path: &Path| fs::metadata(path).and_then(|file| file.modified()).ok();
    let (Some(made), Ok(sources)) = (changed(program), fs::read_to_string(program.with_extension("d")))
    else {
        return false;
    };
    // `/target/release/photos: /a.rs /b\ c.rs`
    let listed = sources
        .split_once(": ")
        .map_or("", |(_, list)| list)
        .replace("\\ ", "\u{0}");
    let listed = listed
        .split_whitespace()
        .map(|path| PathBuf::from(path.replace('\u{0}', " ")));
    let manifests = ["Cargo.toml", "Cargo.lock", "rust-toolchain.toml"].map(|name| root.join(name));
    let older = |path: &PathBuf| changed(path).is_some_and(|time: SystemTime| time <= made);
    listed.chain(manifests).all(|path| older(&path))
}
