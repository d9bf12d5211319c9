//! Builds the apps with cargo, which shows its own progress and errors, and finds the programs it made.

use std::{collections::BTreeMap, path::PathBuf, process::Stdio};

use anyhow::Context as _;
use cargo_metadata::Message;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};

use crate::{cargo, context::Context, outcome::Failure};

/// A program that cargo made.
pub(crate) struct Built {
    pub(crate) program: PathBuf,
    /// The version of its package.
    pub(crate) version: String,
}

/// Builds the binaries of these packages, each named as its package, with features as `package/feature`.
///
/// # Errors
/// When cargo cannot be started, the code does not compile, or a package has no binary of its name.
pub(crate) async fn build(
    context: &Context,
    packages: &[String],
    features: &[String],
    release: bool,
) -> anyhow::Result<BTreeMap<String, Built>> {
    let mut command = Command::from(cargo::command(context));
    command.arg("build").stdin(Stdio::null()).stdout(Stdio::piped());
    command.kill_on_drop(true);
    command
        .arg("--message-format=json-render-diagnostics")
        .args(release.then_some("--release"));
    for package in packages {
        command.arg("--bin").arg(package);
    }
    for feature in features {
        command.arg("--features").arg(feature);
    }
    let mut child = command.spawn().context("cannot start cargo")?;
    let mut lines = BufReader::new(child.stdout.take().context("cargo has no output")?).lines();
    let mut built = BTreeMap::new();
    while let Some(line) = lines.next_line().await.context("cannot read what cargo says")? {
        let Ok(Message::CompilerArtifact(artifact)) = serde_json::from_str(&line) else {
            continue;
        };
        if let Some(program) = artifact
            .executable
            .filter(|_| packages.contains(&artifact.target.name))
        {
            let version = artifact
                .package_id
                .repr
                .rsplit(['#', '@'])
                .next()
                .unwrap_or_default()
                .to_owned();
            built.insert(
                artifact.target.name,
                Built {
                    program: program.into(),
                    version,
                },
            );
        }
    }
    let names = packages.join(", ");
    let status = child.wait().await.context("cannot wait for cargo")?;
    if !status.success() {
        return Err(Failure::failed(format!("{names} cannot be built"))
            .because("cargo reports the errors above")
            .advise("correct them and run the command again")
            .into());
    }
    match packages.iter().find(|package| !built.contains_key(*package)) {
        Some(missing) => {
            Err(Failure::usage(format!("the package {missing} has no binary of that name")).into())
        }
        None => Ok(built),
    }
}
