//! `deploy`: the apps of a stage and what they need, on the stage's cluster.

use std::{
    cell::Cell,
    io::{self, IsTerminal},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::Args;
use config::{Secrets, Stage, Target};

use crate::{
    commands::{
        confirm::ask,
        scope::{Flags, Scope},
    },
    context::{Context, block_on},
    kube::{self, identity, snapshot::Watch},
    lock::ClusterLock,
    outcome::{Exit, Failure, Outcome},
    progress::Progress,
    release::{
        build,
        diff::Diff,
        env,
        install::Site,
        listing::Listing,
        prepared::{Prepared, prepare},
        report::Report,
        roll::Work,
        toolbox::Tools,
        wish,
    },
    signals::Signals,
    tools::helm::Helm,
};

/// Bring a stage's cluster up to date: images, environment, backing services and apps.
///
/// Builds the apps in release mode, gives their images to the stage's registry, installs or upgrades the helm releases
/// with the stage's values, and shows the pods until all are ready. What has not changed is skipped and said. Production
/// shows what would change first and asks for the stage's name.
#[derive(Args)]
#[command(after_help = "Examples:
  cargo xtask deploy                      all apps of hmlet, on stage local
  cargo xtask deploy photos --explain     one app, and why it is deployed
  cargo xtask deploy --plan               the commands and the differences
  cargo xtask deploy --stage production --approve 5f3c0a8e92b17d46")]
pub(crate) struct Deploy {
    /// The apps [default: all of the cluster].
    #[arg(value_name = "APP")]
    apps: Vec<String>,
    #[command(flatten)]
    flags: Flags,
    /// Print the commands and what would change, and change nothing.
    #[arg(long, conflicts_with_all = ["json", "approve"])]
    plan: bool,
    /// Say for each release that is deployed what changed.
    #[arg(long)]
    explain: bool,
    /// The hash of the differences that production was shown and approved with.
    #[arg(long, value_name = "HASH")]
    approve: Option<String>,
    /// Do not ask on staging. Production is never deployed by this alone.
    #[arg(long)]
    yes: bool,
    /// Print what was done as JSON.
    #[arg(long)]
    json: bool,
}

impl Deploy {
    pub(crate) fn run(&self, context: &Context) -> Outcome {
        let scope = self.flags.on(Target::Cluster, context)?;
        block_on(async {
            if self.plan {
                return self.show(context, &scope).await;
            }
            let mut signals = Signals::listen().context("cannot listen to signals")?;
            let begun = Cell::new(false);
            let deployed = signals.unless(self.start(context, &scope, &begun)).await;
            deployed.unwrap_or_else(|| {
                let interrupted =
                    Failure::interrupted(format!("the deploy of {} was interrupted", scope.title()));
                Err(if begun.get() {
                    interrupted
                        .because("what was begun stays as far as it is")
                        .advise(format!("`cargo xtask deploy{}` goes on from there", scope.flags))
                } else {
                    interrupted.because("nothing was changed on the cluster yet")
                }
                .into())
            })
        })
    }

    /// `--plan`.
    async fn show(&self, context: &Context, scope: &Scope) -> Outcome {
        let chosen = wish::choose(context, scope, &self.apps)?;
        let connection = if kube::kubeconfig(&scope.folder(context)).exists() {
            Some(kube::connect(context, scope).await?)
        } else {
            None
        };
        if let Some(connection) = &connection {
            identity::check(connection).await?;
        }
        let programs = build::fresh_programs(context, &chosen);
        let prepared = prepare(
            context,
            scope,
            chosen,
            connection.as_ref(),
            &programs,
            Secrets::IfThere,
        )
        .await?;
        let found = Tools::at_hand(context, scope);
        let has_helm = found.is_some();
        let tools = found.unwrap_or_else(|| Tools::with(context, scope, Helm::at("helm")));
        let listing = Listing {
            title: scope.title(),
            namespace: &scope.cluster.name,
            build: build::call(context, &prepared.chosen),
            images: &prepared.images,
            dock: &tools.dock(context),
            helm: &tools.helm,
            waves: &prepared.waves,
            survey: &prepared.survey,
            secrets: prepared.secret_names(&scope.cluster.apps()),
            envs: &prepared.envs,
        };
        print!("{listing}");
        if connection.is_none() {
            println!(
                "\n# no cluster is known, so everything counts as new; `cargo xtask bootstrap{}` makes one, or finds the \
                 one that is there",
                scope.flags
            );
            return Ok(Exit::Done);
        }
        if !has_helm {
            println!(
                "\n# without the differences from what runs: they need helm, which is fetched by `cargo xtask bootstrap`"
            );
            return Ok(Exit::Done);
        }
        let diff = prepared.diff(connection.as_ref(), &tools, context).await?;
        if diff.text.is_empty() {
            println!("\n# no differences from what runs");
            return Ok(Exit::Done);
        }
        let built = prepared.images.iter().all(|image| image.tag.is_some());
        let made = prepared.envs.values().all(|env| env.unmade.is_empty());
        let text = if made {
            diff.text.clone()
        } else {
            without_checksums(&diff.text)
        };
        println!("\n# differences from what runs\n{text}");
        match (built, &connection) {
            (true, Some(connection)) if made => {
                println!("# their hash: {}", prepared.hash(&diff, connection));
            }
            (true, Some(_)) => println!("# without the secrets that are not made yet, and so without a hash"),
            _ => println!("# without the tags of images that are not built yet, and so without a hash"),
        }
        Ok(Exit::Done)
    }

    async fn start(&self, context: &Context, scope: &Scope, begun: &Cell<bool>) -> Outcome {
        let chosen = wish::choose(context, scope, &self.apps)?;
        // First: a command that is at work may just change how the cluster is reached.
        let _lock = ClusterLock::take(context, scope, "deploy")?;
        let connection = kube::connect(context, scope).await?;
        let (programs, ()) =
            tokio::try_join!(build::programs(context, &chosen), identity::guard(&connection))?;
        let prepared = prepare(
            context,
            scope,
            chosen,
            Some(&connection),
            &programs,
            Secrets::Needed,
        )
        .await?;
        let work = Work {
            waves: &prepared.waves,
            images: &prepared.images,
            envs: &prepared.envs,
            survey: &prepared.survey,
            explain: self.explain,
        };
        let progress = Progress::new();
        if !work.is_done() {
            let tools = Tools::find(context, scope)?;
            if work.changes() && !scope.stage.makes_secrets() {
                let diff = prepared.diff(Some(&connection), &tools, context).await?;
                self.confirm(scope, &diff, &prepared.hash(&diff, &connection))
                    .await?;
            }
            begun.set(true);
            env::ensure_namespace(&connection).await?;
            let site = Site {
                connection: &connection,
                helm: &tools.helm,
                runner: &tools.runner,
                watch: &Watch::start(&connection.client, &connection.namespace).await?,
                env_file: &env_file(scope),
            };
            work.tell_unchanged(&progress);
            work.run(&site, &tools.dock(context), &progress).await?;
        } else {
            work.tell_unchanged(&progress);
        }
        self.announce(scope, &prepared)?;
        Ok(Exit::Done)
    }

    /// Shows what changes on a stage that is not this machine's, and asks.
    async fn confirm(&self, scope: &Scope, diff: &Diff, hash: &str) -> anyhow::Result<()> {
        let name = scope.stage.name();
        let refused =
            |why: String| Failure::refused(format!("{} is left as it is", scope.title())).because(why);
        match &self.approve {
            Some(approved) if approved == hash => return Ok(()),
            Some(approved) => {
                eprint!("{}", diff.text);
                return Err(refused(format!(
                    "{approved} was approved, and the differences now are {hash}: something changed since, here or there"
                ))
                .advise(format!("read the differences above; `--approve {hash}` approves them"))
                .into());
            }
            None if self.yes && scope.stage == Stage::Staging => return Ok(()),
            None => eprint!("{}", diff.text),
        }
        let (word, remedy) = if scope.stage == Stage::Production {
            (
                name,
                format!("`--approve {hash}` approves exactly the differences above"),
            )
        } else {
            ("yes", "add --yes".to_owned())
        };
        if !io::stdin().is_terminal() {
            return Err(refused("there is no terminal to ask on".to_owned())
                .advise(remedy)
                .into());
        }
        let question = format!(
            "{} deploy this to {}? Type `{word}`: ",
            scope.stage.emoji(),
            scope.title()
        );
        if ask(&question).await? == word {
            return Ok(());
        }
        Err(refused(format!("the answer was not `{word}`")).into())
    }

    /// What was done and where it is: for a program, or for a person.
    fn announce(&self, scope: &Scope, prepared: &Prepared) -> anyhow::Result<()> {
        if self.json {
            println!("{}", serde_json::to_string_pretty(&Report::of(scope, prepared))?);
            return Ok(());
        }
        let urls = prepared.urls();
        let width = urls.iter().map(|(app, _)| app.len()).max().unwrap_or_default();
        println!("\n{} {} is deployed", scope.stage.emoji(), scope.title());
        for (app, url) in urls {
            println!("  {app:width$}  {url}");
        }
        Ok(())
    }
}

fn env_file(scope: &Scope) -> PathBuf {
    Path::new("envs")
        .join(&scope.cluster.name)
        .join(format!("{}.yaml", scope.stage))
}

/// A difference in which the new checksums of the pods' environment are left open: secrets that are not made yet are in them.
fn without_checksums(text: &str) -> String {
    const KEY: &str = "checksum/env: ";
    let open = |line: &str| match line.split_once(KEY) {
        Some((before, _)) if before.trim() == "+" => format!("{before}{KEY}{}\n", env::UNMADE),
        _ => format!("{line}\n"),
    };
    text.lines().map(open).collect()
}
