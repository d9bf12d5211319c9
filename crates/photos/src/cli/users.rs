//! `photos users`: accounts from the command line, which always may.

use std::io::{IsTerminal as _, stdin};

use anyhow::{Context as _, bail};
use config::PhotosEnv;

use super::{database, say};
use crate::auth::passwords::Passwords;
use crate::db::Db;
use crate::db::users::{CreateUserError, NewUser};
use crate::domain::{Actor, UserId, Via, now_micros};
use crate::http::users::{password_fault, username_fault};

/// Users listed at a time.
const PAGE: u32 = 500;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Make a user; the password is asked for, or read from stdin
    Create {
        /// 3–32 of a–z, 0–9, `_`, `.` and `-`
        username: String,
        /// May see and change everybody's photos
        #[arg(long)]
        staff: bool,
        /// May also grant and take flags; implies --staff
        #[arg(long)]
        superuser: bool,
    },
    /// Set a user's password and end the user's sessions; the password is asked for, or read from stdin
    Passwd {
        /// Whose password
        username: String,
    },
    /// List all users
    List {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(command: Command, env: &PhotosEnv) -> anyhow::Result<()> {
    let db = database(env).await?;
    match command {
        Command::Create {
            username,
            staff,
            superuser,
        } => {
            if let Some(fault) = username_fault(&username) {
                bail!("the username {fault}");
            }
            let password_hash = hash(env, read_password()?).await?;
            let new = NewUser {
                username,
                password_hash,
                is_staff: staff || superuser,
                is_superuser: superuser,
            };
            create(&db, new).await
        }
        Command::Passwd { username } => {
            let user = db.user_by_username(&username).await?;
            let user =
                user.with_context(|| format!("there is no user {username}: see `photos users list`"))?;
            let password_hash = hash(env, read_password()?).await?;
            db.set_password(&operator(), user.id, password_hash, None, now_micros())
                .await?;
            eprintln!("{username} has a new password; all sessions are ended.");
            Ok(())
        }
        Command::List { json } => list(&db, json).await,
    }
}

async fn create(db: &Db, new: NewUser) -> anyhow::Result<()> {
    let username = new.username.clone();
    match db.create_user(new, Some(operator()), now_micros()).await {
        Ok(user) => {
            say(user.id)?;
            Ok(())
        }
        Err(CreateUserError::UsernameTaken) => {
            bail!(
                "there is a user {username} already: set the password with `photos users passwd {username}`"
            )
        }
        Err(CreateUserError::Db(error)) => Err(error.into()),
        Err(error @ CreateUserError::Forbidden) => Err(error.into()),
    }
}

async fn list(db: &Db, json: bool) -> anyhow::Result<()> {
    let mut after = None;
    loop {
        let page = db.list_users(after.take(), PAGE).await?;
        for user in &page {
            let line = serde_json::json!({
                "id": user.id,
                "username": user.username,
                "is_staff": user.is_staff,
                "is_superuser": user.is_superuser,
                "active": user.active,
                "created_at": photos_api::micros::format(user.created_at),
            });
            if json {
                say(line)?;
            } else {
                let mut words = vec![user.username.as_str()];
                words.extend(user.is_superuser.then_some("superuser"));
                words.extend((user.is_staff && !user.is_superuser).then_some("staff"));
                words.extend((!user.active).then_some("inactive"));
                say(words.join(" "))?;
            }
        }
        if page.len() < PAGE as usize {
            return Ok(());
        }
        after = page.into_iter().last().map(|user| user.username);
    }
}

/// Whoever may run the command has the database's password, and may do everything.
fn operator() -> Actor {
    Actor {
        user_id: UserId::from(uuid::Uuid::nil()),
        username: "command line".into(),
        is_staff: true,
        is_superuser: true,
        via: Via::Cli,
        request_id: None,
        session_id: None,
    }
}

async fn hash(env: &PhotosEnv, password: String) -> anyhow::Result<String> {
    if let Some(fault) = password_fault(&password) {
        bail!("the password {fault}");
    }
    Ok(Passwords::new(1, env.queue_timeout)?.hash(password).await?)
}

fn read_password() -> anyhow::Result<String> {
    if stdin().is_terminal() {
        return rpassword::prompt_password("Password: ").context("cannot read the password");
    }
    let mut line = String::new();
    stdin()
        .read_line(&mut line)
        .context("cannot read the password from stdin")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
