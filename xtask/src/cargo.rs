//! Cargo inside of cargo: `cargo xtask` sets variables about the package `plasma`, which build scripts of dependencies look
//! at. Handed on, they would make every second build compile those dependencies again.

use std::process::Command;

use crate::context::Context;

/// Cargo in the workspace's root, without what `cargo run` set for this process.
pub(crate) fn command(context: &Context) -> Command {
    let mut command = Command::new(context.vars.get("CARGO").map_or("cargo", String::as_str));
    command.current_dir(&context.root);
    for name in context.vars.keys().filter(|name| is_about_a_package(name)) {
        command.env_remove(name);
    }
    command
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
}
