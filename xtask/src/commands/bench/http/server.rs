//! A photos service of its own for a measurement, and what it has used.

use std::{
    collections::BTreeMap, fs, net::SocketAddr, path::Path, path::PathBuf, process::Stdio, time::Duration,
};

use anyhow::{Context as _, ensure};
use nix::{
    sys::signal::Signal,
    unistd::{SysconfVar, sysconf},
};
use tempfile::TempDir;
use tokio::{
    process::Child,
    time::{Instant, sleep},
};

use crate::native::{
    health::{self, Readiness},
    ports,
    process::{self, Identity},
};

/// A service that is ready to be started: its data lies in a temporary folder.
pub(super) struct Server {
    program: PathBuf,
    env: BTreeMap<String, String>,
    listen: SocketAddr,
    internal: SocketAddr,
    folder: TempDir,
}

/// A service that runs.
pub(super) struct Running {
    server: Server,
    child: Child,
    identity: Identity,
}

impl Server {
    /// Settles the environment: SQLite, or the PostgreSQL at the URL; files on disk.
    pub(super) fn prepare(program: &Path, postgres: Option<&str>) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("plasma-bench-")
            .tempdir()
            .context("cannot make a folder")?;
        let free =
            || ports::settle(SocketAddr::from(([127, 0, 0, 1], 0))).context("no free port on 127.0.0.1");
        let (listen, internal) = (free()?, free()?);
        let path = folder.path().display().to_string();
        let database = postgres.map_or(format!("sqlite://{path}/photos.sqlite"), str::to_owned);
        let env = [
            ("PS_LISTEN", listen.to_string()),
            ("PS_INTERNAL_LISTEN", internal.to_string()),
            ("PS_DATABASE_URL", database),
            ("PS_DATABASE_PASSWORD", "trusted-without-one".to_owned()),
            ("PS_STORE_URL", format!("file://{path}/objects")),
            ("PS_JWT_SECRET", "only-for-a-measurement-on-loopback".to_owned()),
            ("PS_LOG", "warn".to_owned()),
            ("PS_SWEEP_EVERY", "1h".to_owned()),
        ];
        let env = env
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        Ok(Self {
            program: program.to_owned(),
            env,
            listen,
            internal,
            folder,
        })
    }

    /// Sets another variable.
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Runs a command of the service to its end.
    pub(super) async fn photos(&self, arguments: &[&str]) -> anyhow::Result<()> {
        let mut command = process::guarded(&self.program, None, Signal::SIGTERM)?;
        command.stdout(Stdio::null());
        let status = command
            .args(arguments)
            .envs(&self.env)
            .status()
            .await
            .context("cannot start photos")?;
        ensure!(
            status.success(),
            "`photos {}` failed: {status}",
            arguments.join(" ")
        );
        Ok(())
    }

    /// Starts the service and waits until it is ready.
    pub(super) async fn start(self) -> anyhow::Result<Running> {
        let log = fs::File::create(self.folder.path().join("log")).context("cannot write a log")?;
        let mut command = process::guarded(&self.program, None, Signal::SIGTERM)?;
        command
            .arg("serve")
            .envs(&self.env)
            .stdout(Stdio::from(log.try_clone()?))
            .stderr(log);
        let child = command.spawn().context("cannot start photos")?;
        let identity = process::identity(&child).context("photos ended at once")?;
        let (client, url) = (health::client()?, format!("http://{}", self.internal));
        let begin = Instant::now();
        while let Readiness::Waiting(why) = health::ask(&client, &url).await {
            if begin.elapsed() > Duration::from_secs(60) || !identity.is_alive() {
                let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
                anyhow::bail!("photos is not ready: {why}\n{log}");
            }
            sleep(Duration::from_millis(50)).await;
        }
        Ok(Running {
            server: self,
            child,
            identity,
        })
    }
}

impl Running {
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.server.listen)
    }

    /// The CPU time of the process so far, all threads together.
    pub(super) fn cpu(&self) -> anyhow::Result<Duration> {
        let stat = self.proc_file("stat")?;
        let (_, fields) = stat.rsplit_once(')').context("an odd stat file")?;
        let ticks: u64 = fields
            .split_ascii_whitespace()
            .skip(11)
            .take(2)
            .filter_map(|field| field.parse::<u64>().ok())
            .sum();
        let per_second = sysconf(SysconfVar::CLK_TCK)?.context("no clock ticks")?;
        Ok(Duration::from_secs_f64(ticks as f64 / per_second as f64))
    }

    /// The most memory that the process has held, in MiB.
    pub(super) fn peak_memory(&self) -> anyhow::Result<f64> {
        let status = self.proc_file("status")?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .context("no VmHWM")?;
        let kibibytes: f64 = line
            .trim()
            .trim_end_matches(" kB")
            .parse()
            .context("an odd VmHWM")?;
        Ok(kibibytes / 1024.0)
    }

    pub(super) async fn stop(&mut self) {
        tokio::join!(self.identity.end(Duration::from_secs(40)), async {
            self.child.wait().await.ok()
        });
    }

    fn proc_file(&self, name: &str) -> anyhow::Result<String> {
        let path = format!("/proc/{}/{name}", self.identity.pid);
        fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))
    }
}
