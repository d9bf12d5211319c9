//! `down`: stop what `up` runs, and drop its data if asked to.

use std::{fs, path::Path, time::Duration};

use anyhow::Context as _;
use clap::Args;

use crate::{
    commands::{
        confirm::{Question, confirm},
        scope::{Flags, Scope},
    },
    context::{Context, block_on},
    native::record::Record,
    outcome::{Exit, Failure, Outcome},
};

/// Stop what `up` runs.
#[derive(Args)]
pub(crate) struct Down {
    #[command(flatten)]
    flags: Flags,
    /// Also delete the stage's data: users, photos and files. Asks first.
    #[arg(long)]
    purge: bool,
    /// Answer the question with yes.
    #[arg(long)]
    yes: bool,
    /// Print what would be done, and do nothing.
    #[arg(long)]
    plan: bool,
}

impl Down {
    pub(crate) fn run(&self, context: &Context) -> Outcome {
        let scope = self.flags.resolve(context)?;
        let folder = scope.folder(context);
        let data = folder.join("data");
        if self.plan {
            self.print_plan(&scope, Record::read(&folder).as_ref(), &data);
            return Ok(Exit::Done);
        }
        block_on(async {
            let record = Record::load(&folder).await?;
            if self.purge && data.exists() {
                let lost = [format!("all users and photos in {}", data.display())];
                confirm(
                    &Question {
                        what: &format!("Delete the data of {}?", scope.title()),
                        stays: &scope.title(),
                        lost: &lost,
                    },
                    self.yes,
                )
                .await?;
            }
            match record {
                Some(record) => stop(&scope, &record, &folder).await?,
                None => eprintln!("{} is not up", scope.title()),
            }
            if self.purge && data.exists() {
                fs::remove_dir_all(&data).with_context(|| format!("cannot delete {}", data.display()))?;
                eprintln!("deleted {}", data.display());
            }
            Ok(Exit::Done)
        })
    }

    fn print_plan(&self, scope: &Scope, record: Option<&Record>, data: &Path) {
        match record {
            Some(record) => {
                let apps = match record.apps.len() {
                    1 => "app".to_owned(),
                    many => format!("{many} apps"),
                };
                if record.supervisor.is_alive() {
                    println!("stop process {} and its {apps}", record.supervisor.pid);
                } else {
                    println!(
                        "end what process {}, which is gone, may have left of its {apps}",
                        record.supervisor.pid
                    );
                }
            }
            None => println!("nothing to stop: {} is not up", scope.title()),
        }
        match (self.purge, data.exists()) {
            (true, true) => println!("delete {}", data.display()),
            (true, false) => println!("nothing to delete: there is no {}", data.display()),
            (false, _) => {}
        }
    }
}

async fn stop(scope: &Scope, record: &Record, folder: &Path) -> anyhow::Result<()> {
    let title = scope.title();
    eprintln!("stopping {title} (process {})", record.supervisor.pid);
    record
        .supervisor
        .end(Duration::from_secs(record.patience + 5))
        .await;
    // Reading the record of a dead supervisor ends what it may have left.
    if Record::load(folder).await?.is_some() {
        return Err(
            Failure::failed(format!("process {} does not end", record.supervisor.pid))
                .because("it did not react to SIGKILL within 5 s")
                .advise("see what it waits for with `ps -o stat,wchan -p PID`")
                .into(),
        );
    }
    eprintln!("{title} is down");
    Ok(())
}
