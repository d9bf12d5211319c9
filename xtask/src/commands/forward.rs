//! `forward`: a port of this machine that leads to an app.

use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use config::Target;

use crate::{
    commands::scope::Flags,
    context::{Context, block_on},
    kube::{
        self, apps,
        forward::{self, Ports},
        identity,
    },
    outcome::{Exit, Outcome},
    signals::Signals,
};

/// Forward a port of this machine to an app, until Ctrl-C.
///
/// Each connection goes to a pod that is ready. When that pod goes, the next ones go to another, and it is said.
#[derive(Args)]
#[command(after_help = "Examples:
  cargo xtask forward photos                the app's own port, here and there
  cargo xtask forward photos 0              a free port, which is printed
  cargo xtask forward photos 9000:9180      port 9000 here, 9180 of the pod
  cargo xtask forward postgresql 0:5432     of a service behind the apps")]
pub(crate) struct Forward {
    #[command(flatten)]
    flags: Flags,
    /// The app, or a service behind it, such as postgresql.
    app: String,
    /// The port here, and the one of the pod if it is another [default: the first that the pod names].
    #[arg(value_name = "PORT[:PORT]", value_parser = ports)]
    ports: Option<Wish>,
}

/// The ports that are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Wish {
    /// 0 is any free one.
    local: u16,
    /// Without it, the first that the pod names.
    remote: Option<u16>,
}

impl Forward {
    pub(crate) fn run(&self, context: &Context) -> Outcome {
        let scope = self.flags.on(Target::Cluster, context)?;
        block_on(async {
            let mut signals = Signals::listen().context("cannot listen to signals")?;
            let connection = kube::connect(context, &scope).await?;
            // What is reached through the port may be changed.
            identity::guard(&connection).await?;
            let ports = match self.ports {
                Some(Wish {
                    local,
                    remote: Some(remote),
                }) => Ports { local, remote },
                wish => {
                    let pod = apps::ready_pod(&connection, &self.app).await?;
                    let port = forward::first_port(&pod, &self.app)?;
                    Ports {
                        local: wish.map_or(port, |wish| wish.local),
                        remote: port,
                    }
                }
            };
            let announce = |port| println!("127.0.0.1:{port}");
            tokio::select! {
                ended = forward::forward(Arc::new(connection), &self.app, ports, announce) => ended.map(|()| Exit::Done),
                exit = signals.next() => Ok(exit),
            }
        })
    }
}

fn ports(text: &str) -> Result<Wish, String> {
    let port = |text: &str| {
        text.parse::<u16>()
            .map_err(|_| format!("`{text}` is no port: write a number from 0 to 65535"))
    };
    let (local, remote) = match text.split_once(':') {
        Some((local, remote)) => (port(local)?, Some(port(remote)?)),
        None => match port(text)? {
            0 => (0, None),
            port => (port, Some(port)),
        },
    };
    if remote == Some(0) {
        return Err("the pod's port cannot be 0: write 0:PORT for any free port here".to_owned());
    }
    Ok(Wish { local, remote })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_port_is_meant_for_both_sides() {
        assert_eq!(
            ports("8080"),
            Ok(Wish {
                local: 8080,
                remote: Some(8080)
            })
        );
        assert_eq!(
            ports("0:5432"),
            Ok(Wish {
                local: 0,
                remote: Some(5432)
            })
        );
        assert_eq!(
            ports("0"),
            Ok(Wish {
                local: 0,
                remote: None
            })
        );
        assert!(ports("0:0").is_err() && ports("x:1").is_err() && ports("70000").is_err());
    }
}
