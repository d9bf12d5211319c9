//! `e2e`: the end-to-end story through the typed client, against whatever the stage runs.

use std::path::Path;

use clap::Args;
use config::{Secrets, Stage, StageEnv, Target};
use photos_client::{
    Client,
    e2e::{self, Account},
};
use sha2::{Digest as _, Sha256};

use crate::{
    commands::env::Scope,
    context::{Context, block_on},
    native::record::Record,
    outcome::{Exit, Failure, Outcome},
};

/// The user whose photos are deleted and created.
const USERNAME: &str = "e2e";

/// Play the end-to-end story on a stage: log in, upload, list, look, publish and delete.
///
/// It acts as the user `e2e` and touches only that user's photos. On staging the user must exist:
/// PLASMA_E2E_USERNAME and PLASMA_E2E_PASSWORD say who. Production is refused.
#[derive(Args)]
#[command(mut_arg("target", |arg| arg.help("native or cluster [default: native while `up` runs, else cluster]")))]
pub(crate) struct E2e {
    #[command(flatten)]
    scope: Scope,
    /// Print the steps, and take none.
    #[arg(long)]
    plan: bool,
}

impl E2e {
    pub(crate) fn run(&self, context: &Context) -> Outcome {
        let stage = self.scope.stage(context)?;
        if stage == Stage::Production {
            return Err(Failure::refused("e2e does not run on production")
                .because("it uploads, publishes and deletes photos")
                .advise("cargo xtask e2e --stage staging")
                .into());
        }
        let folder = context
            .state
            .join(self.scope.cluster(context)?.name)
            .join(stage.name());
        let up = block_on(native_url(&folder))?;
        let found = if up.is_some() {
            Target::Native
        } else {
            Target::Cluster
        };
        let target = self.scope.asked_target().unwrap_or(found);
        let env = self.scope.with_target(target).load(context, Secrets::IfThere)?;
        let url = match target {
            Target::Native => up.ok_or_else(|| not_up(&env))?,
            Target::Cluster => public_url(&env)?,
        };
        let account = account(context, &env)?;
        println!("{} {} {stage} ({target}), {url}", stage.emoji(), env.cluster);
        if self.plan {
            let registers = if account.register {
                ", who is registered if need be"
            } else {
                ""
            };
            println!("as {}{registers}:", account.username);
            for step in e2e::STEPS {
                println!("  {step}");
            }
            return Ok(Exit::Done);
        }
        let client = Client::new(&url)?;
        block_on(async {
            let told = e2e::run(&client, &account, &mut |step| println!("{step}")).await;
            told.map_err(|failed| {
                Failure::failed(format!("the story ended at: {}", failed.step))
                    .because(format!("expected: {}\ngot:      {}", failed.expected, failed.got))
                    .advise("look at the service's log; what was uploaded is deleted by the next run")
                    .into()
            })
        })?;
        Ok(Exit::Done)
    }
}

/// Where photos listens while `up` runs.
async fn native_url(folder: &Path) -> anyhow::Result<Option<String>> {
    let apps = Record::load(folder)
        .await?
        .map(|record| record.apps)
        .unwrap_or_default();
    Ok(apps
        .into_iter()
        .find(|app| app.name == "photos")
        .map(|app| app.url))
}

fn not_up(env: &StageEnv) -> Failure {
    Failure::failed(format!("{} {} does not run natively", env.cluster, env.stage))
        .advise(format!("cargo xtask up --stage {}", env.stage))
}

fn public_url(env: &StageEnv) -> Result<String, Failure> {
    env.get("PS_PUBLIC_URL")
        .and_then(config::Setting::effective)
        .ok_or_else(|| {
            Failure::usage(format!("nothing says where {} {} is", env.cluster, env.stage)).advise(format!(
                "set photos.public_url in envs/{}/{}.yaml, or run it natively: cargo xtask up --stage {}",
                env.cluster, env.stage, env.stage
            ))
        })
}

/// Who plays. Where plasma makes the secrets, the password comes from one of them: nothing more to keep, and whoever
/// may read the stage's secrets has it.
fn account(context: &Context, env: &StageEnv) -> Result<Account, Failure> {
    if !env.stage.makes_secrets() {
        let given = |name: &str| {
            context
                .vars
                .get(name)
                .filter(|value| !value.is_empty())
                .cloned()
                .ok_or_else(|| {
                    Failure::usage(format!("{name} is not set"))
                        .because(format!(
                            "on {} the user of the story is not made by plasma",
                            env.stage
                        ))
                        .advise("set PLASMA_E2E_USERNAME and PLASMA_E2E_PASSWORD")
                })
        };
        let (username, password) = (given("PLASMA_E2E_USERNAME")?, given("PLASMA_E2E_PASSWORD")?);
        return Ok(Account {
            username,
            password,
            register: false,
        });
    }
    let secret = env
        .get("PS_JWT_SECRET")
        .and_then(config::Setting::effective)
        .ok_or_else(|| {
            Failure::failed(format!(
                "the secrets of {} {} are not there",
                env.cluster, env.stage
            ))
            .advise(format!("start it first: cargo xtask up --stage {}", env.stage))
        })?;
    Ok(Account {
        username: USERNAME.to_owned(),
        password: password(&secret),
        register: true,
    })
}

fn password(secret: &str) -> String {
    let digest = Sha256::new()
        .chain_update("the password of e2e\n")
        .chain_update(secret)
        .finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_follows_the_secret_and_does_not_show_it() {
        let one = password("0123456789abcdef0123456789abcdef");
        assert_eq!(one, password("0123456789abcdef0123456789abcdef"));
        assert_ne!(one, password("0123456789abcdef0123456789abcdeg"));
        assert_eq!(one.len(), 64);
    }
}
