//! The short commands: `ht.deploy` is `plasma deploy` for the cluster with the code `ht`, `ps.logs` is `plasma logs` for its
//! app with the code `ps`.
//!
//! They are links to plasma, which sees in the name that it was called by what is meant. There is one for each command that
//! takes a cluster or an app, so a new command has its short forms by itself.

use std::{
    collections::BTreeSet,
    ffi::{OsStr, OsString},
    path::Path,
};

use clap::Command;
use config::{App, Cluster};

use super::scope::app_code;
use crate::{commands::env, context::Context, outcome::Failure};

/// The arguments of commands that name an app.
const APP_ARGUMENTS: [&str; 2] = ["app", "apps"];

/// Whose code it is.
#[derive(Debug)]
pub(crate) struct Owner {
    pub(crate) cluster: String,
    pub(crate) app: Option<&'static App>,
}

/// The short commands of a cluster and its apps.
pub(crate) fn names(plasma: &Command, cluster: &Cluster) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let commands = || plasma.get_subcommands().filter(|command| !command.is_hide_set());
    for command in commands().filter(|command| takes(command, &["cluster"])) {
        names.insert(format!("{}.{}", cluster.code, command.get_name()));
    }
    for command in commands().filter(|command| takes(command, &APP_ARGUMENTS)) {
        let apps = cluster.apps().into_iter().map(app_code);
        names.extend(apps.map(|code| format!("{code}.{}", command.get_name())));
    }
    names
}

/// Whether the command, or one inside of it, has one of these arguments.
fn takes(command: &Command, arguments: &[&str]) -> bool {
    let own = |argument: &clap::Arg| arguments.contains(&argument.get_id().as_str());
    command.get_arguments().any(own) || command.get_subcommands().any(|inner| takes(inner, arguments))
}

/// The command line of this process, with a short command written out.
///
/// # Errors
/// Exit code 2 for a short command that nobody has.
pub(crate) fn command_line(
    plasma: impl FnOnce() -> Command,
    mut given: Vec<OsString>,
) -> anyhow::Result<Vec<OsString>> {
    let name = given
        .first()
        .map(Path::new)
        .and_then(Path::file_name)
        .and_then(OsStr::to_str);
    let Some((code, verb)) = name.and_then(|name| name.split_once('.')) else {
        return Ok(given);
    };
    if code == "plasma" {
        return Ok(given);
    }
    let context = Context::discover()?;
    let expanded = owner(&context, code).and_then(|owner| expand(&plasma(), &owner, verb, &given[1..]));
    match expanded {
        Some(expanded) => {
            given.truncate(1);
            given.extend(expanded);
            Ok(given)
        }
        None => Err(
            Failure::usage(format!("there is no short command `{code}.{verb}`"))
                .because("it is the code of a cluster or an app, a dot, and a command that takes one")
                .advise("`plasma --help` lists the commands; a new stage shell makes the short ones anew")
                .into(),
        ),
    }
}

/// Whose code this is. Of two clusters with the same code or the same app, the shell's own is meant, then the default one.
fn owner(context: &Context, code: &str) -> Option<Owner> {
    let meant = env::Scope::default().cluster(context).ok();
    let others = config::cluster_names(&context.root).into_iter();
    let others = others.filter_map(|name| Cluster::load(&context.root, &name).ok());
    meant.into_iter().chain(others).find_map(|cluster| {
        let app = cluster.apps().into_iter().find(|app| app_code(app) == code);
        (app.is_some() || cluster.code == code).then_some(Owner {
            cluster: cluster.name,
            app,
        })
    })
}

/// The arguments of plasma for a short command, if it is one.
fn expand(plasma: &Command, owner: &Owner, verb: &str, given: &[OsString]) -> Option<Vec<OsString>> {
    let mut command = plasma.find_subcommand(verb)?;
    let mut line = vec![OsString::from(verb)];
    let mut given = given.iter().peekable();
    while let Some(inner) = given.peek().and_then(|word| command.find_subcommand(word)) {
        line.extend(given.next().cloned());
        command = inner;
    }
    let argument = |ids: &[&str]| {
        let mut arguments = command.get_arguments();
        arguments.find(|argument| ids.contains(&argument.get_id().as_str()))
    };
    if argument(&["cluster"]).is_some() {
        line.push(format!("--cluster={}", owner.cluster).into());
    }
    if let Some(app) = owner.app {
        match argument(&APP_ARGUMENTS) {
            Some(argument) if argument.is_positional() => line.push(app.name.into()),
            Some(_) => line.push(format!("--app={}", app.name).into()),
            None => {}
        }
    }
    line.extend(given.cloned());
    Some(line)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use clap::Arg;

    use super::*;

    fn plasma() -> Command {
        let cluster = || Arg::new("cluster").long("cluster");
        Command::new("plasma")
            .subcommand(Command::new("status").arg(cluster()))
            .subcommand(Command::new("logs").arg(cluster()).arg(Arg::new("app")))
            .subcommand(
                Command::new("env")
                    .subcommand(
                        Command::new("show")
                            .arg(cluster())
                            .arg(Arg::new("app").long("app")),
                    )
                    .subcommand(Command::new("docs")),
            )
            .subcommand(Command::new("doctor"))
            .subcommand(Command::new("reload").hide(true).arg(cluster()))
    }

    fn expanded(code: Option<&str>, verb: &str, given: &[&str]) -> Option<String> {
        let owner = Owner {
            cluster: "hmlet".into(),
            app: code.and_then(App::by_name),
        };
        let given: Vec<OsString> = given.iter().map(Into::into).collect();
        let line = expand(&plasma(), &owner, verb, &given)?;
        Some(line.join(OsStr::new(" ")).into_string().unwrap())
    }

    #[test]
    fn a_short_command_names_its_cluster_and_its_app() {
        let told = |code, verb, given: &[&str]| expanded(code, verb, given).unwrap();
        assert_eq!(told(None, "status", &["--json"]), "status --cluster=hmlet --json");
        assert_eq!(
            told(Some("photos"), "logs", &["-f"]),
            "logs --cluster=hmlet photos -f"
        );
        assert_eq!(
            told(Some("photos"), "env", &["show", "--reveal"]),
            "env show --cluster=hmlet --app=photos --reveal"
        );
        assert_eq!(told(None, "env", &["docs"]), "env docs");
        assert_eq!(told(None, "env", &[]), "env");
        assert_eq!(expanded(None, "stauts", &[]), None);
    }

    #[test]
    fn every_command_that_takes_a_cluster_or_an_app_has_a_short_form() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let cluster = Cluster::load(&root, "hmlet").unwrap();
        let names = names(&plasma(), &cluster);
        for name in ["ht.status", "ht.logs", "ht.env", "ps.logs", "ps.env"] {
            assert!(names.contains(name), "{name} is not in {names:?}");
        }
        for name in ["ht.doctor", "ht.reload", "ps.status", "ps.doctor"] {
            assert!(!names.contains(name), "{name} is in {names:?}");
        }
    }

    #[test]
    fn under_its_own_name_plasma_is_plasma() {
        for name in ["/usr/bin/plasma", "plasma", "plasma.old"] {
            let given = vec![OsString::from(name), "status".into()];
            assert_eq!(command_line(plasma, given.clone()).unwrap(), given);
        }
    }
}
