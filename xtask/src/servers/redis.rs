//! A throwaway Redis that keeps nothing on disk.

use anyhow::Context as _;
use nix::sys::signal::Signal;

use super::{Found, Server, free_address, spawn, until_ready};
use crate::native::process;

pub(super) async fn start(path: &str) -> anyhow::Result<Found> {
    let Some(redis) = process::find_program("redis-server", path) else {
        return Ok(Found::Missing("Redis (no `redis-server`)".to_owned()));
    };
    let folder = tempfile::Builder::new()
        .prefix("plasma-redis-")
        .tempdir()
        .context("cannot make a folder")?;
    let address = free_address()?;
    let mut command = process::guarded(&redis, None, Signal::SIGTERM)?;
    command.args([
        "--bind",
        "127.0.0.1",
        "--port",
        &address.port().to_string(),
        "--save",
        "",
        "--appendonly",
        "no",
    ]);
    command.arg("--dir").arg(folder.path());
    let mut child = spawn(command, folder.path())?;
    until_ready("Redis", &mut child, folder.path(), async |log| {
        log.contains("Ready to accept connections")
    })
    .await?;
    let vars = vec![("PHOTOS_TEST_REDIS_URL".to_owned(), format!("redis://{address}"))];
    Ok(Found::Started(
        Box::new(Server {
            child,
            stop: Signal::SIGTERM,
            _folder: folder,
        }),
        vars,
    ))
}
