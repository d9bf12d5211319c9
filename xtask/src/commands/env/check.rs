//! `env check`: whether environments are right, without needing the value of any secret.

use clap::Args;
use config::{Faults, Secrets, Stage, Target};

use super::{Scope, scope};
use crate::{
    context::Context,
    outcome::{Exit, Outcome},
};

/// Check the environment of a stage, or of all stages; needs no secret's value.
#[derive(Args)]
pub(crate) struct Check {
    #[command(flatten)]
    scope: Scope,
    /// Check every stage on both targets, and that the stages' files set the same keys.
    #[arg(long, conflicts_with_all = ["stage", "target"])]
    all_stages: bool,
}

impl Check {
    pub(crate) fn run(&self, context: &Context) -> Outcome {
        if self.all_stages {
            return self.all(context);
        }
        let env = self.scope.load(context, Secrets::IfThere)?;
        println!(
            "{} {} {} ({}) is right",
            env.stage.emoji(),
            env.cluster,
            env.stage,
            env.target
        );
        Ok(Exit::Done)
    }

    fn all(&self, context: &Context) -> Outcome {
        let cluster = self.scope.cluster(context)?;
        let mut faults = Faults::default();
        for stage in Stage::ALL {
            for target in Target::ALL {
                let scope = self.scope.with_stage(stage).with_target(target);
                if let Err(more) = scope.try_load(context, &cluster, Secrets::IfThere)? {
                    faults.extend(more);
                }
            }
        }
        if let Err(more) = config::check_same_keys(&context.root, &cluster) {
            faults.extend(more);
        }
        faults.into_result().map_err(|faults| {
            scope::refuse(&scope::title(&cluster.name, "in all stages", &faults), &faults)
        })?;
        for stage in Stage::ALL {
            println!(
                "{} {} {stage} is right, native and on its cluster",
                stage.emoji(),
                cluster.name
            );
        }
        Ok(Exit::Done)
    }
}
