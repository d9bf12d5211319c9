//! Docker: is it there, does its engine answer, and what is that engine like.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::Deserialize;

use super::finding::Finding;
use crate::tools::{docker::Docker, runner::Runner};

const CHECK: &str = "docker";

/// How to get Docker's plugin that builds images.
pub(crate) const BUILDX: &str =
    "install it: `apt-get install docker-buildx` on Debian, docker-buildx-plugin from Docker's own packages";

/// An engine that does not answer within this is one that hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the engine says of itself (`docker info`), as far as plasma looks at it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Info {
    server_version: String,
    driver: String,
    driver_status: Option<Vec<(String, String)>>,
    cgroup_version: String,
    cgroup_driver: String,
    pub(super) docker_root_dir: String,
    system_time: String,
    server_errors: Option<Vec<String>>,
    client_info: Option<ClientInfo>,
}

/// What Docker's command line says of itself there; older ones say nothing.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ClientInfo {
    plugins: Option<Vec<Plugin>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Plugin {
    name: String,
}

/// The engine that answered, if one did.
pub(super) struct Engine {
    pub(super) finding: Finding,
    pub(super) info: Option<Info>,
    /// The engine's clock minus ours, and how far that may be off, in seconds.
    pub(super) skew: Option<(f64, f64)>,
}

impl Info {
    fn uses_containerd(&self) -> bool {
        let status = self.driver_status.iter().flatten();
        status
            .into_iter()
            .any(|(key, value)| key == "driver-type" && value.starts_with("io.containerd"))
    }

    /// Whether it is known that images cannot be built.
    fn lacks_buildx(&self) -> bool {
        self.client_info.as_ref().is_some_and(|client| {
            let mut plugins = client.plugins.iter().flatten();
            plugins.all(|plugin| plugin.name != "buildx")
        })
    }
}

/// Asks the engine.
pub(super) async fn look(runner: &Runner) -> Engine {
    let nothing = |finding| Engine {
        finding,
        info: None,
        skew: None,
    };
    let (asked, since) = (Timestamp::now(), Instant::now());
    let call = Docker::at("docker").info();
    let captured = match tokio::time::timeout(PATIENCE, runner.capture(&call)).await {
        Ok(Ok(captured)) => captured,
        Ok(Err(error)) => return nothing(absent(&crate::outcome::reason(&error))),
        Err(_) => {
            return nothing(silent(&format!(
                "`{call}` gives no answer within {} s",
                PATIENCE.as_secs()
            )));
        }
    };
    let took = since.elapsed().as_secs_f64();
    let info: Info = serde_json::from_str(&captured.stdout).unwrap_or_default();
    let errors = info.server_errors.clone().unwrap_or_default().join("; ");
    if info.server_version.is_empty() || !errors.is_empty() {
        let said = if errors.is_empty() {
            captured.stderr.trim()
        } else {
            &errors
        };
        return nothing(silent(said));
    }
    let skew = info.system_time.parse::<Timestamp>().ok().map(|theirs| {
        let middle = asked.as_millisecond() as f64 / 1e3 + took / 2.0;
        (theirs.as_millisecond() as f64 / 1e3 - middle, took / 2.0)
    });
    let store = if info.uses_containerd() {
        "containerd's image store"
    } else {
        &info.driver
    };
    let evidence = format!(
        "engine {}, {store}, cgroup v{} ({}), data in {}",
        info.server_version, info.cgroup_version, info.cgroup_driver, info.docker_root_dir
    );
    let finding = if info.lacks_buildx() {
        Finding::note(
            CHECK,
            "Docker answers, and has no buildx, which `cargo xtask deploy` builds images with",
            evidence,
        )
        .remedy(BUILDX)
    } else {
        Finding::fine(CHECK, "Docker answers", evidence)
    };
    Engine {
        finding,
        info: Some(info),
        skew,
    }
}

fn absent(why: &str) -> Finding {
    Finding::fault(CHECK, "Docker is not installed", why)
        .remedy("install Docker and start it; `cargo xtask up` needs none of it")
}

fn silent(why: &str) -> Finding {
    let finding = Finding::fault(CHECK, "Docker's engine does not answer", why);
    if why.contains("permission denied") {
        finding.remedy("let yourself use it: `sudo usermod -aG docker $USER`, then log in anew")
    } else {
        finding.remedy(
            "start it (`sudo systemctl start docker`, or Docker Desktop); `cargo xtask up` needs none of it",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_the_engine_decides_the_remedy() {
        let remedy = |why: &str| silent(why).remedy.unwrap_or_default();
        assert!(remedy("dial unix /var/run/docker.sock: connect: permission denied").contains("usermod"));
        assert!(remedy("Cannot connect to the Docker daemon").contains("systemctl start docker"));
    }

    #[test]
    fn only_a_list_of_plugins_without_buildx_says_that_it_is_missing() -> Result<(), serde_json::Error> {
        for (said, lacks) in [
            (
                r#"{"ClientInfo":{"Plugins":[{"Name":"buildx"},{"Name":"compose"}]}}"#,
                false,
            ),
            (r#"{"ClientInfo":{"Plugins":[{"Name":"compose"}]}}"#, true),
            (r#"{"ClientInfo":{"Plugins":null}}"#, true),
            (r#"{"ServerVersion":"20.10.0"}"#, false),
        ] {
            assert_eq!(
                serde_json::from_str::<Info>(said)?.lacks_buildx(),
                lacks,
                "{said}"
            );
        }
        Ok(())
    }

    #[test]
    fn the_image_store_is_told_apart() -> Result<(), serde_json::Error> {
        let graph = r#"{"Driver":"overlay2","DriverStatus":[["Backing Filesystem","extfs"]]}"#;
        let store =
            r#"{"Driver":"overlayfs","DriverStatus":[["driver-type","io.containerd.snapshotter.v1"]]}"#;
        assert!(!serde_json::from_str::<Info>(graph)?.uses_containerd());
        assert!(serde_json::from_str::<Info>(store)?.uses_containerd());
        Ok(())
    }
}
