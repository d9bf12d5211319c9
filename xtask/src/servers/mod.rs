//! Throwaway servers for tests: PostgreSQL, MinIO and Redis on random loopback ports, with their data in a temporary
//! folder. They are stopped when the tests are over and die with this process however it ends.

mod minio;
mod postgres;
mod redis;

use std::{
    collections::BTreeMap,
    fs::{self, File},
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use tempfile::TempDir;
use tokio::{
    process::{Child, Command},
    time::{Instant, sleep},
};

use crate::{
    native::{ports, process},
    outcome::Failure,
};

/// How long a server may take to become ready.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// The servers that run, and what tests must know of them.
#[derive(Default)]
pub(crate) struct Servers {
    running: Vec<Server>,
    /// The variables that tests read.
    pub(crate) vars: BTreeMap<String, String>,
    /// What was not found: the tests on it do not run.
    pub(crate) missing: Vec<String>,
}

/// One running server. Its folder goes with it.
struct Server {
    child: Child,
    stop: nix::sys::signal::Signal,
    _folder: TempDir,
}

/// Starts every server that is found. One whose variables are set already is left to whoever set them.
///
/// # Errors
/// When a server is there but does not start.
pub(crate) async fn start(vars: &BTreeMap<String, String>) -> anyhow::Result<Servers> {
    let path = search_path(vars);
    let (postgres, minio, redis) = tokio::try_join!(
        unless_set(vars, "PHOTOS_TEST_POSTGRES_URL", postgres::start(&path)),
        unless_set(vars, "PHOTOS_TEST_S3_ENDPOINT", minio::start(&path)),
        unless_set(vars, "PHOTOS_TEST_REDIS_URL", redis::start(&path)),
    )?;
    let mut servers = Servers::default();
    for found in [postgres, minio, redis] {
        match found {
            Found::Given => {}
            Found::Missing(what) => servers.missing.push(what),
            Found::Started(server, vars) => {
                servers.running.push(*server);
                servers.vars.extend(vars);
            }
        }
    }
    Ok(servers)
}

impl Servers {
    /// Stops all of them together and removes their data.
    pub(crate) async fn stop(&mut self) {
        let ends = self.running.iter_mut().map(|server| async {
            if let Some(identity) = process::identity(&server.child) {
                identity.send(server.stop);
            }
            if tokio::time::timeout(Duration::from_secs(10), server.child.wait())
                .await
                .is_err()
            {
                // It may end by itself meanwhile, which is as good.
                let _ = server.child.kill().await;
            }
        });
        futures_util::future::join_all(ends).await;
        self.running.clear();
    }
}

/// What came of looking for a server.
enum Found {
    /// The caller has one.
    Given,
    /// It is not installed: what is missing.
    Missing(String),
    Started(Box<Server>, Vec<(String, String)>),
}

async fn unless_set(
    vars: &BTreeMap<String, String>,
    name: &str,
    start: impl Future<Output = anyhow::Result<Found>>,
) -> anyhow::Result<Found> {
    if vars.contains_key(name) {
        Ok(Found::Given)
    } else {
        start.await
    }
}

/// Where programs are looked for: `PATH`, then the places that are not on it by default.
fn search_path(vars: &BTreeMap<String, String>) -> String {
    let mut folders = vec![vars.get("PATH").cloned().unwrap_or_default()];
    // Debian keeps the server's programs off PATH, a folder per major version: the newest first.
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|entries| {
            entries
                .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
                .collect()
        })
        .unwrap_or_default();
    versions.sort();
    folders.extend(
        versions
            .into_iter()
            .rev()
            .map(|folder| folder.display().to_string()),
    );
    folders.push("/usr/sbin:/sbin".to_owned());
    folders.join(":")
}

/// A free port on loopback.
fn free_address() -> anyhow::Result<SocketAddr> {
    ports::settle((Ipv4Addr::LOCALHOST, 0).into()).context("no free port on 127.0.0.1")
}

/// Starts a server with its output in `log` inside its folder.
fn spawn(mut command: Command, folder: &Path) -> anyhow::Result<Child> {
    let log = File::create(folder.join("log")).context("cannot make a log file")?;
    let program = format!("{:?}", command.as_std().get_program());
    command
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .with_context(|| format!("cannot start {program}"))
}

/// Waits until `is_ready` says so.
///
/// # Errors
/// When the server ends, or takes too long: with the end of its log.
async fn until_ready(
    name: &str,
    child: &mut Child,
    folder: &Path,
    is_ready: impl AsyncFn(&str) -> bool,
) -> anyhow::Result<()> {
    let begin = Instant::now();
    loop {
        let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
        if is_ready(&log).await {
            return Ok(());
        }
        let ended = child.try_wait().context("cannot watch a server")?;
        if ended.is_some() || begin.elapsed() > READY_WITHIN {
            let lines: Vec<&str> = log.lines().collect();
            let last = lines[lines.len().saturating_sub(15)..].join("\n");
            let why = ended.map_or("it is not ready after 60 s".to_owned(), |status| {
                format!("it ended: {status}")
            });
            return Err(Failure::failed(format!("the throwaway {name} does not start"))
                .because(format!("{why}\n{last}"))
                .advise(format!(
                    "correct what it says, or take {name} off PATH to skip the tests that need it"
                ))
                .into());
        }
        sleep(Duration::from_millis(30)).await;
    }
}
