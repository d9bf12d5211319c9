//! Forwards a port of this machine to an app: each connection to a pod that is ready now, and to another when that is gone.

use std::{collections::BTreeSet, net::Ipv4Addr, sync::Arc, time::Duration};

use anyhow::Context as _;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
    time::{sleep, timeout},
};

use super::{Connection, apps};
use crate::{native::ports, outcome::Failure};

/// How often it is looked whether the pod is still the one.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long a connection waits for a pod.
const POD_WITHIN: Duration = Duration::from_secs(30);

/// Which ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ports {
    /// Of 127.0.0.1; 0 for any free one.
    pub(crate) local: u16,
    /// Of the pod.
    pub(crate) remote: u16,
}

/// The first port that the app's main container names.
///
/// # Errors
/// Exit code 2 when it names none.
pub(crate) fn first_port(pod: &Pod, app: &str) -> Result<u16, Failure> {
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    let mut ports = containers.flat_map(|container| container.ports.iter().flatten());
    ports
        .find_map(|port| u16::try_from(port.container_port).ok())
        .ok_or_else(|| {
            Failure::usage(format!("{app} does not say on which port it listens"))
                .advise(format!("name it: cargo xtask forward {app} PORT"))
        })
}

/// Forwards until it is given up. `ready` is called once with the port of this machine.
///
/// # Errors
/// When the port is taken, or the cluster has no such app.
pub(crate) async fn forward(
    connection: Arc<Connection>,
    app: &str,
    ports: Ports,
    ready: impl FnOnce(u16),
) -> anyhow::Result<()> {
    let listener = listen(ports.local).await?;
    let port = listener.local_addr().context("the socket has no address")?.port();
    let first = apps::ready_pod(&connection, app).await?;
    let (choose, chosen) = watch::channel(Some(name(&first)));
    ready(port);
    eprintln!("127.0.0.1:{port} → {}:{}", name(&first), ports.remote);
    let watching = keep_choosing(&connection, app, &choose);
    let serving = async {
        loop {
            let (socket, _) = listener.accept().await.context("cannot accept connections")?;
            tokio::spawn(serve(connection.clone(), socket, chosen.clone(), ports.remote));
        }
    };
    tokio::select! {
        ended = serving => ended,
        never = watching => never,
    }
}

async fn listen(port: u16) -> anyhow::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .map_err(|error| {
            let failure = Failure::failed(format!("cannot listen on 127.0.0.1:{port}"));
            match error.kind() {
                std::io::ErrorKind::AddrInUse => failure
                    .because(format!("the port is taken by {}", ports::holder(port)))
                    .advise("name another one in front: cargo xtask forward APP 9000:8080"),
                _ => failure.because(error.to_string()),
            }
            .into()
        })
}

/// Looks whether the chosen pod can still serve, and chooses another when it cannot. It says so each time.
async fn keep_choosing(
    connection: &Connection,
    app: &str,
    choose: &watch::Sender<Option<String>>,
) -> anyhow::Result<()> {
    let mut last_said = String::new();
    loop {
        sleep(LOOK_EVERY).await;
        let current = choose.borrow().clone();
        let (next, why) = match apps::pods(connection, &[app.to_owned()]).await {
            Ok(pods) => {
                let ready: BTreeSet<String> = pods
                    .iter()
                    .filter(|pod| {
                        let state = super::pods::PodState::of(pod);
                        state.ready && state.reason.is_none()
                    })
                    .map(name)
                    .collect();
                match &current {
                    Some(pod) if ready.contains(pod) => continue,
                    _ => (ready.into_iter().next_back(), "no pod is ready".to_owned()),
                }
            }
            Err(error) => (None, error.to_string()),
        };
        let said = match (&current, &next) {
            (Some(gone), Some(next)) => format!("{gone} is gone: now to {next}"),
            (None, Some(next)) => format!("now to {next}"),
            (_, None) => format!("waiting: {why}"),
        };
        if said != last_said {
            eprintln!("{said}");
            last_said = said;
        }
        choose.send_replace(next);
    }
}

/// Carries one connection to a pod.
async fn serve(
    connection: Arc<Connection>,
    mut socket: TcpStream,
    mut chosen: watch::Receiver<Option<String>>,
    port: u16,
) {
    let pods: Api<Pod> = Api::namespaced(connection.client.clone(), &connection.namespace);
    let reach = async {
        loop {
            let Ok(pod) = chosen.wait_for(Option::is_some).await.map(|pod| pod.clone()) else {
                return None;
            };
            let pod = pod.unwrap_or_default();
            match pods.portforward(&pod, &[port]).await {
                Ok(forwarder) => return Some((pod, forwarder)),
                // It is about to be seen that this one is gone.
                Err(_) => sleep(LOOK_EVERY / 4).await,
            }
        }
    };
    let Ok(Some((pod, mut forwarder))) = timeout(POD_WITHIN, reach).await else {
        eprintln!(
            "a connection found no pod within {} s and was closed",
            POD_WITHIN.as_secs()
        );
        return;
    };
    let (Some(mut stream), error) = (forwarder.take_stream(port), forwarder.take_error(port)) else {
        return;
    };
    let error = async {
        match error {
            Some(error) => error.await,
            None => None,
        }
    };
    let carried = async {
        // Either side may end it; what it carried was carried.
        let _ = copy_bidirectional(&mut socket, &mut stream).await;
    };
    tokio::select! {
        () = carried => {}
        Some(why) = error => eprintln!("{pod}:{port}: {}", why.trim()),
    }
    forwarder.abort();
}

fn name(pod: &Pod) -> String {
    pod.metadata.name.clone().unwrap_or_default()
}
