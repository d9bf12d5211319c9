//! Cargo inside of cargo: `cargo xtask` sets variables about the package `plasma`, which build scripts of dependencies look
//! at. Handed on, they would make every second build compile those dependencies again.

use std::{collections::BTreeMap, path::Path, process::Command};

use crate::context::Context;

/// Cargo in the workspace's root, with the `PATH` of the context, without what `cargo run` set for this process.
pub(crate) fn command(context: &Context) -> Command {
    let mut command = Command::new(context.vars.get("CARGO").map_or("cargo", String::as_str));
    command.current_dir(&context.root);
    if let Some(path) = context.vars.get("PATH") {
        command.env("PATH", path);
    }
    for name in context.vars.keys().filter(|name| is_about_a_package(name)) {
        command.env_remove(name);
    }
    command
}

/// What `cargo run` and rustup have put into this process' environment for its sake, with the value to go back to, if there
/// is one. A shell that goes on for hours must not carry it: a `cargo` in another folder would use this one's toolchain.
pub(crate) fn traces(vars: &BTreeMap<String, String>) -> Vec<(String, Option<String>)> {
    let by_cargo = vars.contains_key("CARGO") && vars.contains_key("CARGO_PKG_NAME");
    if !by_cargo {
        return Vec::new();
    }
    let chosen_by_the_person = vars
        .get("RUSTUP_TOOLCHAIN_SOURCE")
        .is_some_and(|source| source == "env");
    let goes = |name: &str| match name {
        "CARGO" | "RUST_RECURSION_COUNT" | "RUSTUP_TOOLCHAIN_SOURCE" => true,
        "RUSTUP_TOOLCHAIN" => vars.contains_key("RUST_RECURSION_COUNT") && !chosen_by_the_person,
        name => is_about_a_package(name),
    };
    let mut traces: Vec<_> = vars
        .keys()
        .filter(|name| goes(name))
        .map(|name| (name.clone(), None))
        .collect();
    for name in ["LD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"] {
        if let Some(value) = vars.get(name) {
            traces.push((name.to_owned(), without_builds(value)));
        }
    }
    traces
}

/// A path of libraries without cargo's target folders and Rust's own libraries.
fn without_builds(path: &str) -> Option<String> {
    let is_cargos = |folder: &&str| {
        let folder = Path::new(folder);
        let built = ["debug", "release", "debug/deps", "release/deps", "out"];
        built.iter().any(|end| folder.ends_with(end))
            || folder.components().any(|part| part.as_os_str() == "toolchains")
    };
    let kept: Vec<&str> = path.split(':').filter(|folder| !is_cargos(folder)).collect();
    (!kept.is_empty()).then(|| kept.join(":"))
}

fn is_about_a_package(name: &str) -> bool {
    const NAMES: [&str; 4] = [
        "CARGO_MANIFEST_DIR",
        "CARGO_MANIFEST_PATH",
        "CARGO_MANIFEST_LINKS",
        "CARGO_PRIMARY_PACKAGE",
    ];
    name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_BIN_") || NAMES.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_the_user_are_kept_and_facts_of_the_package_are_not() {
        assert!(is_about_a_package("CARGO_PKG_VERSION") && is_about_a_package("CARGO_MANIFEST_DIR"));
        assert!(!is_about_a_package("CARGO_HOME") && !is_about_a_package("CARGO_TARGET_DIR"));
    }

    #[test]
    fn a_shell_is_rid_of_what_cargo_run_has_set_and_of_nothing_else() {
        let vars = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            let pairs = pairs.iter();
            pairs
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect()
        };
        let mut own = vars(&[
            ("CARGO_HOME", "/home/ann/.cargo"),
            ("CARGO_TARGET_DIR", "/home/ann/target"),
            ("LD_LIBRARY_PATH", "/opt/lib"),
        ]);
        assert_eq!(traces(&own), []);
        own.extend(vars(&[
            ("CARGO", "/home/ann/.cargo/bin/cargo"),
            ("CARGO_PKG_NAME", "plasma"),
            ("RUST_RECURSION_COUNT", "1"),
            ("RUSTUP_TOOLCHAIN", "1.95"),
            ("RUSTUP_TOOLCHAIN_SOURCE", "toolchain-file"),
            (
                "LD_LIBRARY_PATH",
                "/home/ann/target/debug/deps:/home/ann/.rustup/toolchains/1.95/lib:/opt/lib",
            ),
        ]));
        let mut gone: Vec<_> = traces(&own)
            .into_iter()
            .filter(|(_, value)| value.is_none())
            .map(|(name, _)| name)
            .collect();
        gone.sort();
        assert_eq!(
            gone,
            [
                "CARGO",
                "CARGO_PKG_NAME",
                "RUSTUP_TOOLCHAIN",
                "RUSTUP_TOOLCHAIN_SOURCE",
                "RUST_RECURSION_COUNT"
            ]
        );
        assert!(traces(&own).contains(&("LD_LIBRARY_PATH".to_owned(), Some("/opt/lib".to_owned()))));
        own.insert("RUSTUP_TOOLCHAIN_SOURCE".to_owned(), "env".to_owned());
        assert!(!traces(&own).iter().any(|(name, _)| name == "RUSTUP_TOOLCHAIN"));
    }
}
