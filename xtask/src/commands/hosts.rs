//! `hosts`: the names of the stages in the hosts file.

use std::{
    io::{Read, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use sha2::{Digest, Sha256};

use crate::{
    context::Context,
    hosts::{
        self, block,
        write::{self, How, Refusal},
    },
    native::process::find_program,
    outcome::{Exit, Failure, Outcome},
};

/// Put the names of the stages into the hosts file, take them out, or list them.
///
/// Needed only for programs that do not resolve *.localhost themselves: plasma, photosctl and browsers do.
#[derive(Args)]
pub(crate) struct Hosts {
    #[command(subcommand)]
    action: Action,
    /// Another file than /etc/hosts [default: PLASMA_HOSTS_FILE, else /etc/hosts].
    #[arg(long, global = true, value_name = "PATH")]
    file: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Action {
    /// Write the names of all stages on this machine into one marked block. Names that are no longer used go.
    Add {
        /// Print the lines that would change, and do nothing.
        #[arg(long)]
        plan: bool,
    },
    /// Take the block out. Everything else stays as it is, byte for byte.
    Remove {
        /// Print the lines that would change, and do nothing.
        #[arg(long)]
        plan: bool,
    },
    /// List the names, and whether each is in the file.
    List {
        /// Print it as JSON.
        #[arg(long)]
        json: bool,
    },
    /// The step of `add` and `remove` that may need root: the new content comes on standard input.
    #[command(hide = true)]
    Write {
        /// The SHA-256 of the content that is replaced.
        #[arg(long)]
        replaces: String,
    },
}

impl Hosts {
    pub(crate) fn run(&self, context: &Context) -> Outcome {
        let file = match &self.file {
            Some(file) => file.clone(),
            None => hosts::file(context),
        };
        match &self.action {
            Action::Add { plan } => {
                let names = hosts::names(&context.root)?;
                change(context, &file, *plan, |text| block::put(text, &names))
            }
            Action::Remove { plan } => change(context, &file, *plan, block::take),
            Action::List { json } => list(context, &file, *json),
            Action::Write { replaces } => write_as_root(&file, replaces),
        }
    }
}

fn change(
    context: &Context,
    file: &Path,
    plan: bool,
    edit: impl FnOnce(&[u8]) -> Result<Vec<u8>, String>,
) -> Outcome {
    let before = write::read(file)?;
    let after = edit(&before).map_err(|why| damaged(file, why))?;
    if before == after {
        eprintln!("{} needs no change", file.display());
        return Ok(Exit::Done);
    }
    if plan {
        println!("{}", file.display());
        for line in block::difference(&before, &after) {
            println!("{line}");
        }
        return Ok(Exit::Done);
    }
    match write::replace(file, &before, &after) {
        Ok(How::Replaced) => {}
        Ok(How::InPlace) => eprintln!("{} cannot be replaced here: it was written over", file.display()),
        Err(Refusal::Rights) => through_sudo(context, file, &before, &after)?,
        Err(refusal) => return Err(write::failure(file, refusal)),
    }
    eprintln!("{} is up to date", file.display());
    Ok(Exit::Done)
}

/// Runs this program's hidden step as root: nothing else of it needs to be.
fn through_sudo(context: &Context, file: &Path, before: &[u8], after: &[u8]) -> anyhow::Result<()> {
    let path = context.vars.get("PATH").map_or("", String::as_str);
    let Some(sudo) = find_program("sudo", path) else {
        return Err(write::failure(file, Refusal::Rights));
    };
    let plasma = std::env::current_exe().context("cannot find the running program")?;
    eprintln!(
        "only root may write {}: sudo writes it, and may ask for your password",
        file.display()
    );
    let mut child = Command::new(sudo)
        .arg("--")
        .arg(plasma)
        .args(["hosts", "write", "--replaces"])
        .arg(hex::encode(Sha256::digest(before)))
        .arg("--file")
        .arg(file)
        .current_dir(&context.root)
        .stdin(Stdio::piped())
        .spawn()
        .context("cannot start sudo")?;
    let mut input = child.stdin.take().context("sudo takes no input")?;
    // sudo that refuses does not read: its exit code says so.
    let _ = input.write_all(after);
    drop(input);
    let status = child.wait().context("cannot wait for sudo")?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::failed(format!("cannot write {}", file.display()))
        .because(format!("sudo ended with {status}"))
        .advise("see the lines above, or run the command as root")
        .into())
}

fn write_as_root(file: &Path, replaces: &str) -> Outcome {
    let before = write::read(file)?;
    if hex::encode(Sha256::digest(&before)) != replaces {
        return Err(write::failure(file, Refusal::Changed));
    }
    let mut after = Vec::new();
    std::io::stdin()
        .read_to_end(&mut after)
        .context("cannot read the new content")?;
    // A command that ended early must not empty the file.
    if after.is_empty() && !before.is_empty() && block::take(&before).is_ok_and(|rest| !rest.is_empty()) {
        return Err(Failure::failed(format!("{} stays as it is", file.display()))
            .because("no content came")
            .into());
    }
    write::replace(file, &before, &after).map_err(|refusal| write::failure(file, refusal))?;
    Ok(Exit::Done)
}

fn list(context: &Context, file: &Path, json: bool) -> Outcome {
    let text = write::read(file)?;
    let present = block::names(&text).map_err(|why| damaged(file, why))?;
    let names = hosts::names(&context.root)?;
    let stale: Vec<&String> = present.iter().filter(|name| !names.contains(name)).collect();
    if json {
        let rows: Vec<_> = names
            .iter()
            .map(|name| serde_json::json!({"name": name, "address": "127.0.0.1", "present": present.contains(name)}))
            .collect();
        let report = serde_json::json!({"schema": 1, "file": file, "names": rows, "stale": stale});
        println!("{}", serde_json::to_string_pretty(&report)?);
        return Ok(Exit::Done);
    }
    for name in &names {
        let mark = if present.contains(name) {
            "present"
        } else {
            "absent"
        };
        println!("{mark:8} 127.0.0.1 {name}");
    }
    for name in stale {
        println!("stale    127.0.0.1 {name}");
    }
    for line in hosts::elsewhere(&text, &names) {
        eprintln!(
            "{} has another address for a name of plasma: {line}",
            file.display()
        );
    }
    Ok(Exit::Done)
}

fn damaged(file: &Path, why: String) -> Failure {
    Failure::failed(format!("the block of plasma in {} is damaged", file.display()))
        .because(why)
        .advise("repair or delete it by hand, then try again")
}
