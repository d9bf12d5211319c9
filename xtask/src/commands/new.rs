//! `new`: makes a cluster, or an app in one, that deploys at once.

use std::fs;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use config::{Cluster, Home, Stage};

use crate::{
    cargo,
    context::Context,
    outcome::{Exit, Failure, Outcome},
    scaffold::{self, Code, Name, Tree},
};

const PAGE: &str = "doc/configuration.md";

/// Make a cluster, or an app in one, that deploys at once
#[derive(Args)]
pub(crate) struct New {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Make a cluster with one app: its stages, kind cluster, ingress and environments
    Cluster {
        /// The name: its folder's, its namespace's, and the first part of its hosts
        #[arg(value_name = "NAME")]
        name: Name,
        /// The short code that its commands begin with; the first and last letter of the name by default
        #[arg(long)]
        code: Option<Code>,
        /// The name of its first app; `<NAME>-web` by default
        #[arg(long, value_name = "NAME")]
        app: Option<Name>,
        /// Print the files that would be made and changed, and do nothing
        #[arg(long)]
        plan: bool,
    },
    /// Make an app: a service of one page, its environment, chart, values and image
    App {
        /// The name: its crate's, its release's, and the second part of its hosts
        #[arg(value_name = "NAME")]
        name: Name,
        /// The cluster that it belongs to
        #[arg(long, default_value = "hmlet", value_name = "NAME")]
        cluster: String,
        /// The short code, in capitals the prefix of its variables; the first and last letter of the name by default
        #[arg(long)]
        code: Option<Code>,
        /// Print the files that would be made and changed, and do nothing
        #[arg(long)]
        plan: bool,
    },
}

impl New {
    pub(crate) fn run(&self, context: &Context) -> Outcome {
        let mut tree = Tree::new(&context.root);
        let (cluster, plan) = match &self.what {
            What::Cluster {
                name,
                code,
                app,
                plan,
            } => {
                let code = code.clone().unwrap_or_else(|| name.code());
                let homes = scaffold::cluster(&mut tree, &context.root, name, &code)?;
                let app = match app {
                    Some(app) => app.clone(),
                    None => format!("{name}-web").parse().map_err(|fault| {
                        Failure::usage(format!("{name}-web {fault}")).advise("name it with --app")
                    })?,
                };
                if app.code() == code {
                    return Err(scaffold::taken(&code, &format!("its app {app} would have it too")).into());
                }
                scaffold::app(&mut tree, &context.root, name.as_str(), &homes, &app, &app.code())?;
                (name.as_str(), *plan)
            }
            What::App {
                name,
                cluster,
                code,
                plan,
            } => {
                let code = code.clone().unwrap_or_else(|| name.code());
                let homes: Vec<(Stage, Home)> = Cluster::load(&context.root, cluster)
                    .map_err(|faults| {
                        Failure::usage(format!("the cluster {cluster} cannot be read")).because(faults.list())
                    })?
                    .stages
                    .into_iter()
                    .collect();
                scaffold::app(&mut tree, &context.root, cluster, &homes, name, &code)?;
                (cluster.as_str(), *plan)
            }
        };
        for line in tree.plan() {
            println!("{line}");
        }
        if plan {
            return Ok(Exit::Done);
        }
        tree.write()?;
        finish(context)?;
        eprintln!("next: cargo xtask up --cluster {cluster}");
        eprintln!(
            "  or: cargo xtask bootstrap --cluster {cluster} && cargo xtask deploy --cluster {cluster}"
        );
        Ok(Exit::Done)
    }
}

/// Formats what was written, compiles it, and puts the new variables into the reference.
fn finish(context: &Context) -> anyhow::Result<()> {
    let run = |arguments: &[&str]| -> anyhow::Result<String> {
        let output = cargo::command(context)
            .args(arguments)
            .stderr(std::process::Stdio::inherit())
            .output()
            .context("cannot start cargo")?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(Failure::failed(format!("`cargo {}` failed", arguments.join(" ")))
            .because("the files are written, and something in them does not fit")
            .advise("correct the places above, and go on from there")
            .into())
    };
    run(&["fmt", "--all"])?;
    eprintln!("compiling: the reference of all variables comes from their definitions");
    let reference = run(&["run", "--quiet", "--package", "plasma", "--", "env", "docs"])?;
    let path = context.root.join(PAGE);
    let page = fs::read_to_string(&path).with_context(|| format!("cannot read {PAGE}"))?;
    let page = scaffold::reference(&page, &reference)
        .with_context(|| format!("{PAGE} has no marks of a reference"))?;
    fs::write(&path, page).with_context(|| format!("cannot write {PAGE}"))
}
