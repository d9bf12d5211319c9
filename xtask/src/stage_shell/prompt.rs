//! Writes the start file of a shell: the values of this session, then the script of its language.

use config::Stage;

use super::{
    dialect::{Dialect, Given},
    environment::{Environment, ROOT_VARIABLE},
    folder,
    scope::Scope,
    session::Session,
};
use crate::context::Context;

/// The sign in front of every prompt: `🐣(ht)`. Stages in which mistakes are dear have a colour, if colours are wanted.
pub(crate) fn sign(scope: &Scope, dialect: Dialect, colours: bool) -> String {
    let sign = format!("{}({})", scope.stage.emoji(), scope.code());
    match scope.stage {
        Stage::Production if colours => dialect.paint(&sign, "1;97;41"),
        Stage::Staging if colours => dialect.paint(&sign, "30;43"),
        _ => sign,
    }
}

/// The text of the start file.
///
/// # Errors
/// When the path of the running program cannot be found.
pub(crate) fn start_file(
    context: &Context,
    scope: &Scope,
    dialect: Dialect,
    environment: &Environment,
    session: &Session,
) -> anyhow::Result<String> {
    let one = |text: &str| Given::One(text.to_owned());
    let value = |name: &str| one(environment.set.get(name).map_or("", String::as_str));
    let folders = folder::on_path(context, &scope.clusters(context));
    let folders: Vec<String> = folders
        .iter()
        .map(|folder| folder.display().to_string())
        .collect();
    let files: Vec<String> = scope
        .files(context)?
        .iter()
        .map(|file| file.display().to_string())
        .collect();
    let program = std::env::current_exe()?;
    let mut reload = vec![
        "reload".to_owned(),
        format!("--workspace={}", context.root.display()),
        format!("--session={}", session.folder.display()),
        format!("--format={}", dialect.format().name()),
    ];
    reload.extend(files.iter().map(|file| format!("--watch={file}")));
    reload.extend(scope.arguments());
    let coloured = context.vars.get("NO_COLOR").is_none_or(String::is_empty);
    let mut values = vec![
        ("_plasma_program", one(&program.display().to_string())),
        ("_plasma_reload", Given::List(reload)),
        ("_plasma_session", one(&session.folder.display().to_string())),
        ("_plasma_watched", Given::List(files)),
        ("_plasma_sign", one(&sign(scope, dialect, coloured))),
        (
            "_plasma_folders",
            match dialect {
                Dialect::Fish => Given::List(folders),
                Dialect::Bash | Dialect::Zsh => Given::One(folders.join(":")),
            },
        ),
        ("_plasma_kubeconfig", value("KUBECONFIG")),
        ("_plasma_mark", value(config::SHELL_VARS)),
        ("_plasma_root", value(ROOT_VARIABLE)),
    ];
    if let (Dialect::Zsh, Some(folder)) = (dialect, context.vars.get("ZDOTDIR")) {
        values.push(("_plasma_zdotdir", one(folder)));
    }
    let values: String = values
        .iter()
        .map(|(name, value)| dialect.assignment(name, value))
        .collect();
    Ok(format!("{values}\n{}", dialect.script()))
}

/// What the reader of the start needs to know, on standard error.
pub(crate) fn greeting(scope: &Scope, environment: &Environment) -> String {
    let own = environment.of_apps();
    let care = match scope.stage {
        Stage::Production => "\n   What you do here is done to production.",
        _ => "",
    };
    format!(
        "{} {}: {own} variables; `exit` leaves.{care}",
        scope.stage.emoji(),
        scope.title()
    )
}
