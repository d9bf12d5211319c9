//! A throwaway PostgreSQL: a fresh cluster of databases, trusted connections, no fsync.

use std::{os::unix::fs::chown, path::Path};

use anyhow::Context as _;
use nix::{
    sys::signal::Signal,
    unistd::{User, geteuid},
};

use super::{Found, Server, free_address, spawn, until_ready};
use crate::{native::process, outcome::Failure};

const SETTINGS: [&str; 8] = [
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=400",
    "log_min_messages=warning",
    "lc_messages=C",
];

pub(super) async fn start(path: &str) -> anyhow::Result<Found> {
    let (Some(initdb), Some(postgres)) = (
        process::find_program("initdb", path),
        process::find_program("postgres", path),
    ) else {
        return Ok(Found::Missing(
            "PostgreSQL (no `initdb` and `postgres`)".to_owned(),
        ));
    };
    let folder = tempfile::Builder::new()
        .prefix("plasma-postgres-")
        .tempdir()
        .context("cannot make a folder")?;
    let owner = owner()?;
    if let Some((user, group)) = owner {
        chown(folder.path(), Some(user), Some(group)).context("cannot give a folder away")?;
    }
    let data = folder.path().join("data");
    make_cluster(&initdb, &data, owner).await?;

    let address = free_address()?;
    let mut command = process::guarded(&postgres, owner, Signal::SIGINT)?;
    command
        .arg("-D")
        .arg(&data)
        .arg("-p")
        .arg(address.port().to_string());
    for setting in SETTINGS {
        command.arg("-c").arg(setting);
    }
    let mut child = spawn(command, folder.path())?;
    until_ready("PostgreSQL", &mut child, folder.path(), async |log| {
        log.contains("ready to accept connections")
    })
    .await?;
    let url = format!("postgres://postgres@{address}/postgres");
    // SIGINT: do not wait for clients to leave.
    let server = Server {
        child,
        stop: Signal::SIGINT,
        _folder: folder,
    };
    Ok(Found::Started(
        Box::new(server),
        vec![("PHOTOS_TEST_POSTGRES_URL".to_owned(), url)],
    ))
}

async fn make_cluster(initdb: &Path, data: &Path, owner: Option<(u32, u32)>) -> anyhow::Result<()> {
    let mut command = process::guarded(initdb, owner, Signal::SIGINT)?;
    command.arg("-D").arg(data).args([
        "-U",
        "postgres",
        "--auth=trust",
        "--no-sync",
        "-E",
        "UTF8",
        "--locale=C",
    ]);
    let output = command.output().await.context("cannot start initdb")?;
    if output.status.success() {
        return Ok(());
    }
    let because = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Failure::failed("initdb cannot make a database for the tests")
        .because(because)
        .into())
}

/// The user that PostgreSQL runs as when we are root, which it refuses.
fn owner() -> anyhow::Result<Option<(u32, u32)>> {
    if !geteuid().is_root() {
        return Ok(None);
    }
    for name in ["postgres", "nobody"] {
        if let Some(user) = User::from_name(name).context("cannot read the users")? {
            return Ok(Some((user.uid.as_raw(), user.gid.as_raw())));
        }
    }
    Err(Failure::failed("PostgreSQL does not run as root")
        .because("there is no user `postgres` or `nobody` to run it as")
        .advise("run the tests as another user")
        .into())
}
