//! Rules for every Rust file: it says what it is for, it is not long, and it is finished.

use super::{Fault, Tree};

const MOST_LINES: usize = 400;

/// Put together here, so that this file does not break its own rule.
const UNFINISHED: [&str; 4] = [
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("todo", "!("),
    concat!("unimplemented", "!("),
];

/// The external programs, each of which has one module as its only caller.
const PROGRAMS: [&str; 6] = ["docker", "helm", "kind", "kubectl", "skaffold", "telepresence"];
const CALLERS: &str = "xtask/src/tools/";

/// Only the modules of `tools/` start the external programs. What tests start is their affair.
pub(super) fn check_callers(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (file, text) in tree.rust_files() {
        if !file.contains("/src/") || file.starts_with(CALLERS) {
            continue;
        }
        for (index, line) in text.lines().enumerate() {
            if line.trim() == "#[cfg(test)]" {
                break;
            }
            let calls = |program: &&&str| line.contains(&format!("{}(\"{program}\")", "Command::new"));
            if let Some(program) = PROGRAMS.iter().find(calls) {
                let message = format!("starts `{program}`, which is for {CALLERS} alone");
                faults.push(Fault::line(file, index + 1, message));
            }
        }
    }
    faults
}

pub(super) fn check(tree: &Tree) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (file, text) in tree.rust_files() {
        if !text.lines().next().is_some_and(|line| line.starts_with("//! ")) {
            faults.push(Fault::line(
                file,
                1,
                "must begin with a `//!` line that says what the module is for",
            ));
        }
        let lines = text.lines().count();
        if lines > MOST_LINES {
            faults.push(Fault::file(
                file,
                format!("has {lines} lines, more than {MOST_LINES}: divide it"),
            ));
        }
        for (index, line) in text.lines().enumerate() {
            if let Some(word) = UNFINISHED.iter().find(|word| line.contains(*word)) {
                faults.push(Fault::line(
                    file,
                    index + 1,
                    format!("`{word}` marks something unfinished"),
                ));
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finished_file_is_fine() {
        assert_eq!(check(&Tree::of([("a.rs", "//! Does a.\n")])), []);
    }

    #[test]
    fn an_external_program_has_one_caller() {
        let code = format!(
            "//! Starts it.\nfn main() {{ Command{}(\"kubectl\"); }}\n",
            "::new"
        );
        let tree = Tree::of([
            ("xtask/src/kube/mod.rs", &code),
            ("xtask/src/tools/kubectl.rs", &code),
        ]);
        let faults: Vec<String> = check_callers(&tree).iter().map(ToString::to_string).collect();
        assert_eq!(
            faults,
            ["xtask/src/kube/mod.rs:2: starts `kubectl`, which is for xtask/src/tools/ alone"]
        );
    }

    #[test]
    fn a_file_without_purpose_a_long_one_and_an_unfinished_one_are_found() {
        let long = format!("//! Long.\n{}", "\n".repeat(400));
        let unfinished = format!("//! Later.\nfn later() {{ {}) }}\n", UNFINISHED[2]);
        let tree = Tree::of([
            ("silent.rs", "fn main() {}\n"),
            ("long.rs", &long),
            ("later.rs", &unfinished),
        ]);
        let faults: Vec<String> = check(&tree).iter().map(ToString::to_string).collect();
        assert_eq!(faults.len(), 3, "{faults:?}");
        assert!(faults[0].starts_with("later.rs:2: "), "{faults:?}");
        assert!(faults[1].starts_with("long.rs: has 401 lines"), "{faults:?}");
        assert!(faults[2].starts_with("silent.rs:1: must begin"), "{faults:?}");
    }
}
