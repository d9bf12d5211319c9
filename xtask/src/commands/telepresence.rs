//! `telepresence`: run a program of this machine in an app's place.

use anyhow::Context as _;
use clap::Args;
use config::{Secrets, Setting, Target};

use crate::{
    commands::{env::known_app, scope::Flags},
    context::{Context, block_on},
    deps::{Tool, locate},
    kube::{self, context_name, identity, kubeconfig},
    outcome::{Exit, Failure, Outcome},
    signals::Signals,
    tools::{runner::Runner, telepresence::Telepresence as Program},
};

/// Run a program of this machine in the place of an app: the cluster's requests to the app come to it.
///
/// The machine is joined to the network of the stage's cluster first, and leaves it when the program ends. The exit code is
/// the program's own.
#[derive(Args)]
#[command(after_help = "Example:
  cargo xtask telepresence photos -- cargo run -p photos")]
pub(crate) struct Telepresence {
    #[command(flatten)]
    flags: Flags,
    /// The app.
    app: String,
    /// The port on which the program listens [default: the app's own].
    #[arg(long)]
    port: Option<u16>,
    /// Print the commands, and run nothing.
    #[arg(long)]
    plan: bool,
    /// The program and its arguments.
    #[arg(last = true, required = true, value_name = "CMD")]
    program: Vec<String>,
}

impl Telepresence {
    pub(crate) fn run(&self, context: &Context) -> Outcome {
        let scope = self.flags.on(Target::Cluster, context)?;
        let Some(app) = known_app(&scope.cluster, Some(&self.app))? else {
            return Ok(Exit::Usage);
        };
        scope.keep_off_production("telepresence", "people's requests would come to this machine")?;
        let env = scope.env.load(context, Secrets::IfThere)?;
        let listen = env
            .get(&format!("{}LISTEN", app.prefix))
            .and_then(Setting::effective);
        let own = listen.and_then(|listen| listen.rsplit(':').next()?.parse().ok());
        let Some(port) = self.port.or(own) else {
            return Err(
                Failure::usage(format!("nothing says on which port {} listens", app.name))
                    .advise("name it with --port")
                    .into(),
            );
        };
        let folder = scope.folder(context);
        let kubeconfig = kubeconfig(&folder);
        let program = if self.plan {
            Program::at("telepresence")
        } else {
            Program::at(locate(context, Tool::Telepresence)?.path)
        };
        let name = context_name(&kubeconfig)
            .unwrap_or_else(|| format!("kind-{}-{}", scope.cluster.name, scope.stage));
        let connect = program.connect(&kubeconfig, &name, &scope.cluster.name);
        let intercept = program.intercept(&kubeconfig, app.name, port, &self.program);
        let quit = program.quit(&kubeconfig);
        if self.plan {
            println!("{connect}\n{intercept}\n{quit}");
            return Ok(Exit::Done);
        }
        block_on(async {
            identity::guard(&kube::connect(context, &scope).await?).await?;
            let runner = Runner::new(&folder);
            let mut signals = Signals::listen().context("cannot listen to signals")?;
            let join = async {
                let connected = runner.capture(&connect).await?;
                if connected.is_ok() {
                    return Ok(());
                }
                Err(connect
                    .failed(&connected)
                    .advise(format!(
                        "if its traffic manager is not in the cluster yet: telepresence helm install --kubeconfig {}",
                        kubeconfig.display()
                    ))
                    .into())
            };
            match signals.unless(join).await {
                Some(joined) => joined?,
                None => {
                    runner.run(&quit).await?;
                    return Err(
                        Failure::interrupted("telepresence was interrupted before it had joined").into(),
                    );
                }
            }
            let exit = runner.hand_over(&intercept).await;
            runner.run(&quit).await?;
            exit
        })
    }
}
