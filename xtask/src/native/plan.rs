//! What `up` is going to run: programs, their environments and their addresses. Nothing here changes the system.

use std::{
    collections::BTreeMap,
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::native::ports;

/// The native run of one stage of one cluster.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) cluster: String,
    pub(crate) stage: String,
    /// The stage's folder: secrets, data, logs, `up.json`.
    pub(crate) folder: PathBuf,
    /// In the order in which they start.
    pub(crate) apps: Vec<AppPlan>,
    /// Shown once everything is ready.
    pub(crate) login: Option<Login>,
}

/// One app of the run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AppPlan {
    /// The app's name, and its package's in the workspace.
    pub(crate) name: String,
    /// What the names of its variables begin with: `PS_`.
    pub(crate) prefix: String,
    /// The built program; empty until it is built.
    pub(crate) program: PathBuf,
    /// The version of the package; empty until it is built.
    pub(crate) version: String,
    /// The whole environment of the process. Holds secrets.
    pub(crate) env: BTreeMap<String, String>,
    /// The names in `env` whose values must not be shown.
    pub(crate) secrets: Vec<String>,
    pub(crate) listen: SocketAddr,
    pub(crate) internal_listen: SocketAddr,
    /// Where people reach it, if that is not the address on which it listens.
    pub(crate) public_url: Option<String>,
    /// The variables in `env` that lead to another app of the run; no supervisor needs them.
    #[serde(skip)]
    pub(crate) follows: BTreeMap<String, config::Follow>,
    /// How long it may take to end after a request to do so.
    pub(crate) shutdown_timeout: Duration,
}

/// The administrator that the environment makes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Login {
    pub(crate) username: String,
    pub(crate) password: String,
}

impl Plan {
    /// `hmlet local`, as messages name it.
    pub(crate) fn title(&self) -> String {
        format!("{} {}", self.cluster, self.stage)
    }

    pub(crate) fn log_file(&self, app: &str) -> PathBuf {
        self.folder.join("logs").join(format!("{app}.log"))
    }

    /// The address that a person opens: that of the last app, which stands before the others.
    pub(crate) fn front_url(&self) -> Option<String> {
        self.apps.last().map(AppPlan::url)
    }

    /// Puts free ports in the places of port 0, so that everybody knows them before anything starts, checks that all ports
    /// are free, and tells the apps where the others are.
    ///
    /// # Errors
    /// A port is taken: by whom, if the system tells.
    pub(crate) fn settle_ports(&mut self) -> anyhow::Result<()> {
        for app in &mut self.apps {
            app.settle_ports()?;
        }
        let listens: BTreeMap<String, SocketAddr> = self
            .apps
            .iter()
            .map(|app| (app.name.clone(), app.listen))
            .collect();
        for app in &mut self.apps {
            for (variable, follow) in &app.follows {
                if let Some(listen) = listens.get(follow.app) {
                    app.env.insert(variable.clone(), follow.value(*listen));
                }
            }
        }
        Ok(())
    }

    /// How long everything may take to end: the slowest app, and a little.
    pub(crate) fn patience(&self) -> Duration {
        let slowest = self
            .apps
            .iter()
            .map(|app| app.shutdown_timeout)
            .max()
            .unwrap_or_default();
        slowest + Duration::from_secs(5)
    }
}

impl AppPlan {
    /// Puts free ports in the places of port 0, and checks that all ports are free.
    ///
    /// # Errors
    /// A port is taken: by whom, if the system tells.
    fn settle_ports(&mut self) -> anyhow::Result<()> {
        let (listen, internal) = (self.listen_variable(), self.internal_listen_variable());
        for (variable, address) in [(listen, &mut self.listen), (internal, &mut self.internal_listen)] {
            *address = ports::settle(*address).with_context(|| format!("no free port for {variable}"))?;
            ports::check_free(&self.name, &variable, *address)?;
            self.env.insert(variable, address.to_string());
        }
        Ok(())
    }

    /// Where people reach it.
    pub(crate) fn url(&self) -> String {
        let own = || format!("http://{}", config::reachable(self.listen));
        self.public_url
            .as_ref()
            .map_or_else(own, |url| url.trim_end_matches('/').to_owned())
    }

    /// The name of the variable that chooses where the app listens.
    pub(crate) fn listen_variable(&self) -> String {
        format!("{}LISTEN", self.prefix)
    }

    /// The name of the variable that chooses where health and metrics are served.
    pub(crate) fn internal_listen_variable(&self) -> String {
        format!("{}INTERNAL_LISTEN", self.prefix)
    }

    /// Where `/readyz`, `/healthz` and `/metrics` answer.
    pub(crate) fn internal_url(&self) -> String {
        format!("http://{}", config::reachable(self.internal_listen))
    }
}

/// The plan as a person reads it: the commands in order, each with its environment, secrets masked.
pub(crate) struct Listing<'a> {
    pub(crate) plan: &'a Plan,
    /// Left out of paths, so that the plan reads the same on every machine.
    pub(crate) root: &'a Path,
    /// Whether something to see is added at the end.
    pub(crate) seed: bool,
}

impl fmt::Display for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = format!("{}/", self.root.display());
        let short = |text: &str| text.replace(&root, "");
        writeln!(
            f,
            "{} in {}",
            self.plan.title(),
            short(&self.plan.folder.display().to_string())
        )?;
        writeln!(f, "build")?;
        let packages: Vec<String> = self
            .plan
            .apps
            .iter()
            .map(|app| format!(" --bin {}", app.name))
            .collect();
        writeln!(f, "  cargo build{}", packages.concat())?;
        for app in &self.plan.apps {
            writeln!(f, "start {}", app.name)?;
            for (name, value) in &app.env {
                let value = if app.secrets.contains(name) {
                    "(secret)".to_owned()
                } else {
                    short(value)
                };
                writeln!(f, "  {name}={value}")?;
            }
            writeln!(f, "  wait for {}/readyz", app.internal_url())?;
        }
        for app in &self.plan.apps {
            writeln!(f, "serve {} at {}", app.name, app.url())?;
        }
        if self.seed {
            writeln!(f, "add users and generated photos, if there are none yet")?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn app(name: &str) -> AppPlan {
        AppPlan {
            name: name.to_owned(),
            prefix: format!("{}_", name.to_uppercase()),
            program: PathBuf::new(),
            version: String::new(),
            env: BTreeMap::new(),
            secrets: vec![],
            listen: "127.0.0.1:0".parse().unwrap(),
            internal_listen: "127.0.0.1:0".parse().unwrap(),
            public_url: None,
            follows: BTreeMap::new(),
            shutdown_timeout: Duration::ZERO,
        }
    }

    #[test]
    fn an_app_is_told_the_port_that_another_one_got() {
        let mut pages = app("pages");
        let follow = config::Follow {
            app: "photos",
            text: "http://{photos}/".to_owned(),
        };
        pages.follows.insert("PAGES_PHOTOS_URL".to_owned(), follow);
        let mut plan = Plan {
            cluster: "zoo".to_owned(),
            stage: "local".to_owned(),
            folder: PathBuf::new(),
            // Even if it starts first.
            apps: vec![pages, app("photos")],
            login: None,
        };
        plan.settle_ports().unwrap();
        let photos = plan.apps[1].listen;
        assert_ne!(photos.port(), 0);
        assert_eq!(plan.apps[0].env["PAGES_PHOTOS_URL"], format!("http://{photos}/"));
    }
}
