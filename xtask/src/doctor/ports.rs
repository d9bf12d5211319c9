//! The ports that a stage publishes, and who holds one that is taken.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use config::Target;

use super::finding::Finding;
use crate::{
    commands::scope::Scope,
    context::Context,
    native::{
        environment::{self, Secrets},
        ports::holders,
        record::Record,
    },
    tools::{docker::Docker, runner::Runner},
};

const CHECK: &str = "ports";

/// A port, and what for.
struct Wanted {
    what: String,
    address: SocketAddr,
    /// How somebody gets another one.
    otherwise: String,
}

/// The ports of the stage's kind cluster: free, or held by that cluster itself.
pub(super) async fn cluster(runner: &Runner, scope: &Scope) -> Vec<Finding> {
    let Some(kind) = scope.kind() else {
        return Vec::new();
    };
    let file = format!("clusters/{}/cluster.yaml", scope.cluster.name);
    let mut findings = Vec::new();
    for (what, port, key) in [
        ("ingress", kind.http_port, "http_port"),
        ("registry", kind.registry_port, "registry_port"),
    ] {
        let wanted = Wanted {
            what: format!("the {what} of {}", scope.title()),
            address: (Ipv4Addr::LOCALHOST, port).into(),
            otherwise: format!("set another `{key}` in {file}"),
        };
        if is_free(wanted.address) {
            findings.push(free(&wanted));
            continue;
        }
        // Without an engine nobody knows its containers; then the process is all there is to tell.
        let containers = runner.run(&Docker::at("docker").publishing(port)).await;
        let containers: Vec<String> = containers
            .unwrap_or_default()
            .lines()
            .map(str::to_owned)
            .collect();
        let own = |container: &String| container.starts_with(&format!("{}-", kind.name));
        findings.push(if !containers.is_empty() && containers.iter().all(own) {
            let evidence = format!("{} is held by {}", wanted.address, containers.join(", "));
            Finding::fine(CHECK, format!("{} has its port", wanted.what), evidence)
        } else {
            taken(&wanted, &containers)
        });
    }
    findings
}

/// The ports of the stage's native run: free, or held by that run itself.
///
/// # Errors
/// Exit code 2 when the stage's environment is wrong.
pub(super) fn native(context: &Context, scope: &Scope) -> anyhow::Result<Vec<Finding>> {
    if !scope.stage.makes_secrets() {
        return Ok(Vec::new());
    }
    let native = Scope {
        cluster: scope.cluster.clone(),
        stage: scope.stage,
        env: scope.env.with_target(Target::Native),
        flags: scope.flags.clone(),
    };
    let plan = environment::plan(context, &native, Secrets::IfThere)?;
    let record = Record::read(&scope.folder(context)).filter(|record| record.supervisor.is_alive());
    let mut findings = Vec::new();
    for app in &plan.apps {
        let addresses = [
            (app.listen_variable(), app.listen),
            (app.internal_listen_variable(), app.internal_listen),
        ];
        for (variable, address) in addresses.into_iter().filter(|(_, address)| address.port() != 0) {
            let wanted = Wanted {
                what: format!("{} (native, {variable})", app.name),
                address,
                otherwise: format!("choose any free one: {variable}={}:0", address.ip()),
            };
            let suffix = format!(":{}", address.port());
            let runs = record.iter().flat_map(|record| &record.apps).any(|running| {
                running.name == app.name
                    && (running.url.ends_with(&suffix) || running.internal_url.ends_with(&suffix))
            });
            findings.push(if is_free(address) {
                free(&wanted)
            } else if runs {
                let evidence = format!("{address} is held by the native run of {}", scope.title());
                Finding::fine(CHECK, format!("{} has its port", wanted.what), evidence)
            } else {
                taken(&wanted, &[])
            });
        }
    }
    Ok(findings)
}

fn is_free(address: SocketAddr) -> bool {
    TcpListener::bind(address).is_ok()
}

fn free(wanted: &Wanted) -> Finding {
    let evidence = format!("{} is free", wanted.address);
    Finding::fine(CHECK, format!("{} gets its port", wanted.what), evidence)
}

fn taken(wanted: &Wanted, containers: &[String]) -> Finding {
    let by = if containers.is_empty() {
        holders(wanted.address.port())
    } else {
        containers
            .iter()
            .map(|container| format!("the container {container}"))
            .collect()
    };
    let by = if by.is_empty() {
        "another process".to_owned()
    } else {
        by.join(", ")
    };
    let says = format!(
        "port {} is taken: {} cannot have it",
        wanted.address.port(),
        wanted.what
    );
    Finding::fault(CHECK, says, format!("{} is held by {by}", wanted.address))
        .remedy(format!("stop it, or {}", wanted.otherwise))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_names_the_container_or_else_the_process() {
        let holder = TcpListener::bind("127.0.0.1:0").unwrap();
        let wanted = Wanted {
            what: "the ingress of hmlet local".to_owned(),
            address: holder.local_addr().unwrap(),
            otherwise: "set another `http_port` in clusters/hmlet/cluster.yaml".to_owned(),
        };
        assert!(!is_free(wanted.address));
        let finding = taken(&wanted, &[]);
        assert!(
            finding
                .evidence
                .contains(&format!("(pid {})", std::process::id())),
            "{finding:?}"
        );
        let finding = taken(&wanted, &["blog-web-1".to_owned()]);
        assert!(
            finding.evidence.ends_with("is held by the container blog-web-1"),
            "{finding:?}"
        );
    }
}
