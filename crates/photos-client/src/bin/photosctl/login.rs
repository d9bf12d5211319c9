//! Logging in and out. Passwords come from a prompt, stdin or the environment, never from the arguments, which every
//! user of the machine can read.

use std::env;
use std::io::{self, BufRead, IsTerminal};
use std::path::PathBuf;

use anyhow::Context;
use photos_client::Client;

use crate::output::Usage;
use crate::{Outcome, print};

macro_rules! password_help {
    ($command:literal) => {
        concat!(
            "The password is taken from PHOTOSCTL_PASSWORD, else asked for in a terminal, else it is the first line \
             of stdin:\n  photosctl ",
            $command,
            " ann < password.txt"
        )
    };
}

/// Log in; the tokens are kept in the user's configuration folder
#[derive(clap::Args)]
#[command(after_help = password_help!("login"))]
pub(crate) struct Login {
    /// Who you are
    username: String,
}

/// Log out
#[derive(clap::Args)]
pub(crate) struct Logout {
    /// End all sessions, on all devices
    #[arg(long)]
    everywhere: bool,
}

/// Register a new user, and log in
#[derive(clap::Args)]
#[command(after_help = password_help!("register"))]
pub(crate) struct Register {
    /// 3–32 characters: a–z, 0–9, and after the first also _ . -
    username: String,
}

impl Login {
    pub(crate) async fn run(self, client: &Client) -> anyhow::Result<Outcome> {
        let password = password(false)?;
        client.auth().login(&self.username, &password).await?;
        print(format_args!(
            "logged in to {} as {}",
            client.base_url(),
            self.username
        ))?;
        Ok(Outcome::Done)
    }
}

impl Logout {
    pub(crate) async fn run(self, client: &Client) -> anyhow::Result<Outcome> {
        if self.everywhere {
            client.auth().logout_everywhere().await?;
        } else {
            client.auth().logout().await?;
        }
        print(format_args!("logged out of {}", client.base_url()))?;
        Ok(Outcome::Done)
    }
}

impl Register {
    pub(crate) async fn run(self, client: &Client) -> anyhow::Result<Outcome> {
        let password = password(true)?;
        client.users().register(&self.username, &password).await?;
        client.auth().login(&self.username, &password).await?;
        print(format_args!(
            "registered at {} and logged in as {}",
            client.base_url(),
            self.username
        ))?;
        Ok(Outcome::Done)
    }
}

/// The password, typed twice if it is `new`.
fn password(new: bool) -> anyhow::Result<String> {
    if let Some(password) = env::var_os("PHOTOSCTL_PASSWORD").filter(|password| !password.is_empty()) {
        return password
            .into_string()
            .map_err(|_| Usage("PHOTOSCTL_PASSWORD is not UTF-8".into()).into());
    }
    if !io::stdin().is_terminal() {
        let mut line = String::new();
        io::stdin()
            .lock()
            .read_line(&mut line)
            .context("cannot read the password from stdin")?;
        let line = line.trim_end_matches(['\r', '\n']);
        if line.is_empty() {
            return Err(Usage("no password: set PHOTOSCTL_PASSWORD or give it on stdin".into()).into());
        }
        return Ok(line.to_owned());
    }
    let password = rpassword::prompt_password("Password: ").context("cannot ask for the password")?;
    if new && password != rpassword::prompt_password("Once more: ").context("cannot ask for the password")? {
        anyhow::bail!("the passwords differ: nothing was done");
    }
    Ok(password)
}

/// Where the tokens for a service are kept: a file for each address.
pub(crate) fn token_file(url: &str) -> anyhow::Result<PathBuf> {
    let set = |name: &str| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let folder = set("PHOTOSCTL_CONFIG_DIR")
        .or_else(|| set("XDG_CONFIG_HOME").map(|folder| folder.join("photosctl")))
        .or_else(|| set("HOME").map(|folder| folder.join(".config/photosctl")))
        .ok_or_else(|| Usage("no place for tokens: set PHOTOSCTL_CONFIG_DIR or HOME".into()))?;
    let name: String = url
        .trim_end_matches('/')
        .to_ascii_lowercase()
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') {
                c
            } else {
                '_'
            }
        })
        .collect();
    Ok(folder.join(format!("{name}.json")))
}
