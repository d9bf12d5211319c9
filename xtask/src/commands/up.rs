//! `up`: build and run all apps of a cluster as processes of this machine.

use std::{fs, process::Stdio, time::Duration};

use anyhow::Context as _;
use clap::Args;
use config::Stage;
use tokio::{io::AsyncWriteExt, process::Command, time::sleep};

use crate::{
    commands::{
        scope::{Flags, Scope},
        status,
    },
    context::{Context, block_on, private_folder},
    native::{
        build, environment,
        plan::{Listing, Login, Plan},
        process,
        record::{Lock, Record},
        seed,
        supervisor::supervise,
    },
    outcome::{Exit, Failure, Outcome},
    signals::Signals,
};

/// Build and run the whole product on this machine, with nothing else to install.
///
/// Every app of the cluster becomes a process with SQLite and files under `.plasma/`. The command prints the addresses
/// and the administrator's login when all of them are ready, last the one to open in a browser, then shows their logs until
/// Ctrl-C stops everything.
#[derive(Args)]
#[command(after_help = "Examples:
  cargo xtask up --seed                    with a few users and photos
  cargo xtask up --detach --json           for scripts: returns when ready
  PS_LISTEN=127.0.0.1:0 cargo xtask up     photos on any free port")]
pub(crate) struct Up {
    #[command(flatten)]
    flags: Flags,
    /// Return when everything is ready and leave it running; `down` stops it.
    #[arg(long)]
    detach: bool,
    /// With --detach: print the status as JSON, with the administrator's login.
    #[arg(long, requires = "detach")]
    json: bool,
    /// Add a few users and photos, unless they are there.
    #[arg(long)]
    seed: bool,
    /// Print what would be run, and run nothing.
    #[arg(long)]
    plan: bool,
}

impl Up {
    pub(crate) fn run(&self, context: &Context) -> Outcome {
        let scope = self.flags.resolve(context)?;
        let stage = scope.stage;
        if !stage.makes_secrets() {
            return Err(Failure::refused(format!("{stage} does not run natively"))
                .because(format!(
                    "{stage} lives on its own cluster, with data and secrets that are not on this machine"
                ))
                .advise("name the stage local or test")
                .into());
        }
        if self.plan {
            let plan = environment::plan(context, &scope, environment::Secrets::IfThere)?;
            print!(
                "{}",
                Listing {
                    plan: &plan,
                    root: &context.root,
                    seed: self.seed,
                }
            );
            return Ok(Exit::Done);
        }
        block_on(self.start(context, &scope))
    }

    async fn start(&self, context: &Context, scope: &Scope) -> Outcome {
        let mut signals = Signals::listen().context("cannot listen to signals")?;
        let folder = context.stage_folder(&scope.cluster.name, scope.stage.name())?;
        let record = Record::load(&folder).await?;
        let Some(lock) = Lock::take(&folder)? else {
            return Err(already_up(scope, record.as_ref()).into());
        };
        let mut plan = environment::plan(context, scope, environment::Secrets::Needed)?;
        plan.settle_ports()?;
        let names: Vec<String> = plan.apps.iter().map(|app| app.name.clone()).collect();
        let built = signals.unless(build::build(context, &names, &[], false)).await;
        let mut built = built.ok_or_else(|| Failure::interrupted("the build was interrupted"))??;
        for app in &mut plan.apps {
            if let Some(built) = built.remove(&app.name) {
                (app.program, app.version) = (built.program, built.version);
            }
        }
        if self.detach {
            drop(lock);
            return self.leave_running(context, scope, &plan, &mut signals).await;
        }
        let exit = supervise(&plan, &mut signals, async {
            if self.seed {
                seed::seed(&plan).await?;
            }
            print!("{}", announcement(&plan, scope.stage, "Ctrl-C"));
            Ok(())
        })
        .await?;
        eprintln!("{} is down", plan.title());
        Ok(exit)
    }

    /// Starts a supervisor in a session of its own and waits until it reports that all is ready, or ends.
    async fn leave_running(
        &self,
        context: &Context,
        scope: &Scope,
        plan: &Plan,
        signals: &mut Signals,
    ) -> Outcome {
        let logs = private_folder(&plan.folder.join("logs"))?;
        let log = logs.join("up.log");
        let file = fs::File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let mut command = Command::new(std::env::current_exe().context("cannot find the running program")?);
        command
            .arg("supervise")
            .current_dir(&context.root)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(file);
        let mut child = command.spawn().context("cannot start the supervisor")?;
        let supervisor = process::identity(&child).context("the supervisor ended at once")?;
        let mut input = child.stdin.take().context("the supervisor has no input")?;
        input
            .write_all(&serde_json::to_vec(plan)?)
            .await
            .context("cannot hand the plan to the supervisor")?;
        drop(input);
        loop {
            tokio::select! {
                status = child.wait() => {
                    let text = fs::read_to_string(&log).unwrap_or_default();
                    let report = text.find("error: ").map_or(text.as_str(), |start| &text[start..]);
                    eprint!("{report}");
                    let code = status.context("cannot wait for the supervisor")?.code();
                    return Ok(code.and_then(|code| u8::try_from(code).ok()).map_or(Exit::Failed, Exit::Of));
                }
                _ = signals.next() => {
                    tokio::join!(supervisor.end(plan.patience()), async { child.wait().await.ok() });
                    return Err(Failure::interrupted(format!("{} was stopped before it was ready", plan.title())).into());
                }
                () = sleep(Duration::from_millis(50)) => {}
            }
            if Record::load(&plan.folder)
                .await?
                .is_some_and(|record| record.ready && record.supervisor == supervisor)
            {
                break;
            }
        }
        if self.seed {
            seed::seed(plan).await?;
        }
        if self.json {
            let mut status = status::native(context, scope).await?;
            status.login = plan.login.clone();
            println!("{}", serde_json::to_string_pretty(&status)?);
        } else {
            let stop = format!("cargo xtask down{}", scope.flags);
            print!("{}", announcement(plan, scope.stage, &stop));
        }
        Ok(Exit::Done)
    }
}

fn already_up(scope: &Scope, record: Option<&Record>) -> Failure {
    let because = match record {
        Some(record) => {
            let urls: Vec<&str> = record.apps.iter().map(|app| app.url.as_str()).collect();
            format!("process {} runs it at {}", record.supervisor.pid, urls.join(", "))
        }
        None => "another `up` is just starting or stopping it".to_owned(),
    };
    let flags = &scope.flags;
    Failure::refused(format!("{} is already up", scope.title()))
        .because(because)
        .advise(format!(
            "look at it with `cargo xtask status{flags}`, stop it with `cargo xtask down{flags}`"
        ))
}

/// The addresses, the login and what stops it, for a person; at the end the one address to open.
fn announcement(plan: &Plan, stage: Stage, stop: &str) -> String {
    let mut text = format!("\n{} {} is ready\n", stage.emoji(), plan.title());
    let width = plan
        .apps
        .iter()
        .map(|app| app.name.len())
        .max()
        .unwrap_or_default()
        .max("login".len());
    for app in &plan.apps {
        text.push_str(&format!("  {:width$}  {}\n", app.name, app.url()));
    }
    if let Some(Login { username, password }) = &plan.login {
        text.push_str(&format!("  {:width$}  {username} / {password}\n", "login"));
    }
    text.push_str(&format!(
        "  {:width$}  {}\n",
        "logs",
        plan.folder.join("logs").display()
    ));
    text.push_str(&format!("  {stop} stops it.\n"));
    if let Some(url) = plan.front_url() {
        text.push_str(&format!("\n  open {url}\n"));
    }
    text
}
