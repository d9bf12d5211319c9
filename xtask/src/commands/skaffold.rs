//! `skaffold`: build and deploy an app again whenever its code changes.

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use config::{Secrets, Target};

use crate::{
    commands::{env::known_app, scope::Flags},
    context::{Context, block_on},
    deps::{Tool, locate},
    kube::{self, context_name, identity, kubeconfig},
    outcome::{Exit, Failure, Outcome},
    tools::{
        runner::Runner,
        skaffold::{Place, Skaffold as Program},
    },
};

/// Build an app and bring it onto the stage's cluster, again with every change of its code.
///
/// skaffold runs with the stage's own kubeconfig, context, namespace and registry, and sees the app's variables.
#[derive(Args)]
pub(crate) struct Skaffold {
    #[command(flatten)]
    flags: Flags,
    /// The app.
    app: String,
    /// What to do.
    #[arg(value_enum, default_value_t = Mode::Dev)]
    mode: Mode,
    /// Print the command, and run nothing.
    #[arg(long)]
    plan: bool,
    /// More arguments for skaffold.
    #[arg(last = true, value_name = "ARGS")]
    more: Vec<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Mode {
    /// Again with every change, until Ctrl-C; then what it deployed is removed.
    Dev,
    /// Once.
    Run,
    /// As dev, with debuggers let in.
    Debug,
}

impl Skaffold {
    pub(crate) fn run(&self, context: &Context) -> Outcome {
        let scope = self.flags.on(Target::Cluster, context)?;
        let Some(app) = known_app(&scope.cluster, Some(&self.app))? else {
            return Ok(Exit::Usage);
        };
        scope.keep_off_production(
            "skaffold",
            "it does not show the differences that are to be confirmed there",
        )?;
        let path = format!("clusters/{}/{}/skaffold.yaml", scope.cluster.name, app.name);
        if !context.root.join(&path).is_file() {
            return Err(Failure::usage(format!("{} is not made for skaffold", app.name))
                .because(format!("there is no {path}"))
                .into());
        }
        let folder = scope.folder(context);
        let kubeconfig = kubeconfig(&folder);
        let registry = scope
            .kind()
            .map(|kind| format!("localhost:{}", kind.registry_port));
        let program = if self.plan {
            Program::at("skaffold")
        } else {
            Program::at(locate(context, Tool::Skaffold)?.path)
        };
        let name = context_name(&kubeconfig)
            .unwrap_or_else(|| format!("kind-{}-{}", scope.cluster.name, scope.stage));
        let mode = self.mode.to_possible_value().context("the mode has no name")?;
        let place = Place {
            kubeconfig: &kubeconfig,
            context: &name,
            namespace: &scope.cluster.name,
            registry: registry.as_deref(),
        };
        let mut call = program
            .call(mode.get_name(), path.as_ref(), place)
            .args(&self.more)
            .folder(&context.root)
            .env("PLASMA_STAGE", scope.stage.name());
        let env = scope.env.load(context, Secrets::IfThere)?;
        let own = env.settings().filter(|setting| setting.app.name == app.name);
        for setting in own {
            let (name, secret) = (setting.variable.name, setting.variable.secret);
            match setting.value() {
                Some(value) if secret => call = call.secret_env(name, value.into()),
                Some(value) => call = call.env(name, value),
                None => {}
            }
        }
        if self.plan {
            println!("{call}");
            return Ok(Exit::Done);
        }
        block_on(async {
            identity::guard(&kube::connect(context, &scope).await?).await?;
            Runner::new(&folder).hand_over(&call).await
        })
    }
}
