//! `ci`: the jobs of the pipeline, each of them runnable here.

mod browser;
mod charts;
mod deny;
mod e2e;
mod e2e_kind;
mod gitlab;
mod kind;
mod tidy;
mod turbo;

use anyhow::Context as _;
use clap::{Args, ValueEnum};

use crate::{
    cargo,
    commands::test::Test,
    context::Context,
    outcome::{Exit, Failure, Outcome},
};

/// Run a job of the pipeline. `.gitlab-ci.yml` calls these and nothing else.
#[derive(Args)]
pub(crate) struct Ci {
    /// The job.
    #[arg(value_name = "JOB")]
    job: Job,
}

/// The jobs, in the order in which a failure is found soonest.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Job {
    /// The code is formatted.
    Fmt,
    /// The architecture's rules hold: imports, inherited lints, a purpose and an owner for every file.
    Tidy,
    /// GitLab's own rules hold for `.gitlab-ci.yml`.
    Gitlab,
    /// Licences, sources, duplicates and, where the database is reachable, advisories of all dependencies.
    Deny,
    /// Every chart with the values of every stage: linted, rendered, each field known to Kubernetes.
    Charts,
    /// No warnings from the compiler or clippy.
    Clippy,
    /// All tests, as `cargo xtask test`, but those of the job `browser`.
    Test,
    /// The stories of the frontend in a real headless Chromium.
    Browser,
    /// The feature `turbo`, which the container image has on: its lints and the tests of pictures.
    Turbo,
    /// The end-to-end story against a fresh native run.
    E2e,
    /// The commands on a kind cluster: made, made whole, used, destroyed; needs Docker.
    Kind,
    /// The product on a kind cluster, from nothing to nothing; needs Docker.
    E2eKind,
}

impl Ci {
    pub(crate) fn run(&self, context: &Context) -> Outcome {
        let context = &context.with_built_tools();
        match self.job {
            Job::Fmt => cargo(context, &["fmt", "--all", "--check"], "run `cargo fmt --all`"),
            Job::Tidy => tidy::run(context),
            Job::Gitlab => gitlab::run(context),
            Job::Deny => deny::run(context),
            Job::Charts => charts::run(context),
            Job::Clippy => cargo(
                context,
                &[
                    "clippy",
                    "--workspace",
                    "--all-targets",
                    "--locked",
                    "--",
                    "-D",
                    "warnings",
                ],
                "correct the places above",
            ),
            Job::Test => Test::without(browser::TESTS).run(context),
            Job::Browser => browser::run(context),
            Job::Turbo => turbo::run(context),
            Job::E2e => e2e::run(context),
            Job::Kind => kind::run(context),
            Job::E2eKind => e2e_kind::run(context),
        }
    }
}

/// The names of all jobs.
fn jobs() -> Vec<String> {
    let names = Job::value_variants()
        .iter()
        .filter_map(ValueEnum::to_possible_value);
    names.map(|value| value.get_name().to_owned()).collect()
}

fn cargo(context: &Context, arguments: &[&str], advice: &str) -> Outcome {
    let status = cargo::command(context)
        .args(arguments)
        .status()
        .context("cannot start cargo")?;
    if status.success() {
        return Ok(Exit::Done);
    }
    Err(Failure::failed(format!("`cargo {}` failed", arguments.join(" ")))
        .advise(advice)
        .into())
}

/// Says that a job did less than it could, or fails where nothing may be skipped.
fn skip(context: &Context, what: &str, advice: &str) -> Outcome {
    if context.is_set("CI") {
        return Err(Failure::failed(what)
            .because("CI=true: there nothing may be skipped")
            .advise(advice)
            .into());
    }
    eprintln!("skipped: {what}; {advice}");
    Ok(Exit::Done)
}
