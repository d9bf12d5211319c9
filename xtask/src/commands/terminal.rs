//! `terminal`: a terminal, or one program, in a pod of an app.

use clap::Args;
use config::Target;

use crate::{
    commands::scope::Flags,
    context::{Context, block_on},
    kube::{self, apps, exec, identity},
    outcome::Outcome,
};

/// The shell that a pod has: bash if there is one.
const SHELL: [&str; 3] = [
    "sh",
    "-c",
    "if command -v bash >/dev/null; then exec bash; else exec sh; fi",
];

/// Open a terminal in a pod of an app, or run one program there.
///
/// The youngest ready pod is picked. With a terminal on both sides, its size, Ctrl-C and all other keys go to the program;
/// otherwise standard input, output and error do. The exit code is the program's own.
#[derive(Args)]
#[command(after_help = "Examples:
  cargo xtask terminal photos
  cargo xtask terminal photos -- photos fsck --json
  cargo xtask terminal postgresql -- psql -U photos")]
pub(crate) struct Terminal {
    #[command(flatten)]
    flags: Flags,
    /// The app, or a service behind it, such as postgresql.
    app: String,
    /// The program and its arguments [default: a shell].
    #[arg(last = true, value_name = "CMD")]
    program: Vec<String>,
}

impl Terminal {
    pub(crate) fn run(&self, context: &Context) -> Outcome {
        let scope = self.flags.on(Target::Cluster, context)?;
        let program = if self.program.is_empty() {
            SHELL.map(str::to_owned).to_vec()
        } else {
            self.program.clone()
        };
        block_on(async {
            let connection = kube::connect(context, &scope).await?;
            // What runs in a pod may change anything.
            identity::guard(&connection).await?;
            let pod = apps::ready_pod(&connection, &self.app).await?;
            exec::run(&connection, &pod, &program).await
        })
    }
}
