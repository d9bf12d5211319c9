//! A throwaway MinIO: an S3 store on one folder.

use anyhow::Context as _;
use nix::sys::signal::Signal;

use super::{Found, Server, free_address, spawn, until_ready};
use crate::native::{health, process};

const ACCESS_KEY: &str = "plasma-test";
const SECRET_KEY: &str = "plasma-test-secret";

pub(super) async fn start(path: &str) -> anyhow::Result<Found> {
    let Some(minio) = process::find_program("minio", path) else {
        return Ok(Found::Missing("S3 (no `minio`)".to_owned()));
    };
    let folder = tempfile::Builder::new()
        .prefix("plasma-minio-")
        .tempdir()
        .context("cannot make a folder")?;
    let (address, console) = (free_address()?, free_address()?);
    let mut command = process::guarded(&minio, None, Signal::SIGTERM)?;
    command.args([
        "server",
        "--quiet",
        "--address",
        &address.to_string(),
        "--console-address",
        &console.to_string(),
    ]);
    command.arg(folder.path().join("data"));
    command
        .env("MINIO_ROOT_USER", ACCESS_KEY)
        .env("MINIO_ROOT_PASSWORD", SECRET_KEY);
    command
        .env("MINIO_UPDATE", "off")
        .env("MINIO_BROWSER", "off")
        .env("HOME", folder.path());
    let mut child = spawn(command, folder.path())?;
    let endpoint = format!("http://{address}");
    let client = health::client()?;
    let ready = format!("{endpoint}/minio/health/ready");
    until_ready("MinIO", &mut child, folder.path(), async |_| {
        client
            .get(&ready)
            .send()
            .await
            .is_ok_and(|answer| answer.status().is_success())
    })
    .await?;
    let vars = [
        ("ENDPOINT", endpoint.as_str()),
        ("ACCESS_KEY", ACCESS_KEY),
        ("SECRET_KEY", SECRET_KEY),
    ];
    let vars = vars.map(|(name, value)| (format!("PHOTOS_TEST_S3_{name}"), value.to_owned()));
    Ok(Found::Started(
        Box::new(Server {
            child,
            stop: Signal::SIGTERM,
            _folder: folder,
        }),
        vars.into(),
    ))
}
