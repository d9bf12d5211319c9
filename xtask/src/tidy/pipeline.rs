//! `.gitlab-ci.yml` and `cargo xtask ci` agree: every job of the one is a job of the other, and nothing more.

use std::collections::BTreeSet;

use serde_yaml::{Mapping, Value};

use super::Fault;

pub(super) const FILE: &str = ".gitlab-ci.yml";

/// Keys of the file that are no jobs.
const KEYWORDS: [&str; 5] = ["default", "include", "stages", "variables", "workflow"];

pub(super) fn check(text: &str, jobs: &[&str]) -> Vec<Fault> {
    let pipeline: Mapping = match serde_yaml::from_str(text) {
        Ok(pipeline) => pipeline,
        Err(error) => return vec![Fault::file(FILE, error.to_string())],
    };
    let mut faults = Vec::new();
    let mut found = BTreeSet::new();
    for (name, job) in &pipeline {
        let Some(name) = name
            .as_str()
            .filter(|name| !name.starts_with('.') && !KEYWORDS.contains(name))
        else {
            continue;
        };
        found.insert(name);
        let expected = format!("cargo xtask ci {name}");
        let script: Vec<&str> = match job.get("script") {
            Some(Value::String(line)) => vec![line],
            Some(Value::Sequence(lines)) => lines.iter().filter_map(Value::as_str).collect(),
            _ => vec![],
        };
        if script != [expected.as_str()] {
            faults.push(Fault::file(
                FILE,
                format!("the script of `{name}` must be `{expected}` and nothing else"),
            ));
        }
        if !jobs.contains(&name) {
            faults.push(Fault::file(
                FILE,
                format!("`{name}` is no job of `cargo xtask ci`"),
            ));
        }
    }
    let absent = jobs.iter().filter(|job| !found.contains(*job));
    faults.extend(
        absent.map(|job| Fault::file(FILE, format!("the job `{job}` of `cargo xtask ci` is missing"))),
    );
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_with_exactly_the_jobs_is_fine() {
        let text = "default: {image: rust}\n.cache: {}\nfmt: {script: cargo xtask ci fmt}\ntest:\n  script: [cargo xtask ci test]\n";
        assert_eq!(check(text, &["fmt", "test"]), []);
    }

    #[test]
    fn a_missing_an_unknown_and_a_cleverer_job_are_found() {
        let text = "fmt: {script: cargo fmt}\nship: {script: cargo xtask ci ship}\n";
        let messages: Vec<String> = check(text, &["fmt", "test"])
            .into_iter()
            .map(|fault| fault.message)
            .collect();
        assert_eq!(
            messages,
            [
                "the script of `fmt` must be `cargo xtask ci fmt` and nothing else",
                "`ship` is no job of `cargo xtask ci`",
                "the job `test` of `cargo xtask ci` is missing"
            ]
        );
    }

    #[test]
    fn an_unreadable_file_is_found() {
        assert_eq!(check("fmt: [", &[]).len(), 1);
    }
}
