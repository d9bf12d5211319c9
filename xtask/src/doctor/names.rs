//! The names of the stages: what the system resolves, and what stands in the hosts file.

use std::{fs, net::IpAddr, path::Path, time::Duration};

use config::Stage;

use super::finding::Finding;
use crate::hosts::{self, block};

const CHECK: &str = "names";

/// A resolver that has no network may think for long.
const PATIENCE: Duration = Duration::from_secs(5);

/// Looks up `localhost` and one name of the stage, and reads the hosts file. `names` are all that plasma uses.
pub(super) async fn look(names: &[String], stage: Stage, file: &Path) -> Vec<Finding> {
    let mut findings = vec![localhost().await];
    let of_stage = format!(".{stage}.localhost");
    if let Some(name) = names.iter().find(|name| name.ends_with(&of_stage)) {
        findings.push(stage_name(name).await);
    }
    findings.push(match fs::read(file) {
        Ok(text) => hosts_file(&text, names, file),
        Err(error) => Finding::note(
            CHECK,
            "the hosts file cannot be read",
            format!("{}: {error}", file.display()),
        ),
    });
    findings
}

async fn localhost() -> Finding {
    match resolve("localhost").await {
        Ok(addresses) if addresses.iter().any(IpAddr::is_loopback) => {
            Finding::fine(CHECK, "localhost is this machine", list(&addresses))
        }
        Ok(addresses) => Finding::fault(CHECK, "localhost is not this machine", list(&addresses))
            .remedy("give the hosts file its line back: 127.0.0.1 localhost"),
        Err(why) => Finding::fault(CHECK, "localhost is not known", why)
            .remedy("give the hosts file its line back: 127.0.0.1 localhost"),
    }
}

async fn stage_name(name: &str) -> Finding {
    match resolve(name).await {
        Ok(addresses) if addresses.iter().all(IpAddr::is_loopback) => Finding::fine(
            CHECK,
            "this system resolves *.localhost",
            format!("{name}: {}", list(&addresses)),
        ),
        Ok(addresses) => Finding::fault(
            CHECK,
            "*.localhost leads to another machine",
            format!("{name}: {}", list(&addresses)),
        )
        .remedy("`cargo xtask hosts add` writes the names into the hosts file, which comes before DNS"),
        Err(why) => {
            let says =
                "this system does not resolve *.localhost; plasma, photosctl and browsers do so themselves";
            Finding::note(CHECK, says, format!("{name}: {why}"))
                .remedy("for curl and others: `cargo xtask hosts add`")
        }
    }
}

fn hosts_file(text: &[u8], names: &[String], file: &Path) -> Finding {
    let path = file.display();
    let strange = hosts::elsewhere(text, names);
    if !strange.is_empty() {
        let says = "the hosts file leads names of plasma to another machine";
        return Finding::fault(CHECK, says, format!("{path}: {}", strange.join("; ")))
            .remedy("take these lines out: plasma does not touch them");
    }
    match block::names(text) {
        Err(why) => Finding::fault(
            CHECK,
            "plasma's block in the hosts file is damaged",
            format!("{path}: {why}"),
        )
        .remedy("repair or delete it by hand, then `cargo xtask hosts add`"),
        Ok(present) if present.is_empty() => Finding::fine(
            CHECK,
            "the hosts file has no names of plasma",
            format!("{path} needs none"),
        ),
        Ok(present) => {
            let stale: Vec<String> = present.into_iter().filter(|name| !names.contains(name)).collect();
            if stale.is_empty() {
                Finding::fine(CHECK, "the names in the hosts file are in use", path.to_string())
            } else {
                Finding::note(
                    CHECK,
                    "the hosts file has stale names",
                    format!("{path}: {}", stale.join(" ")),
                )
                .remedy("`cargo xtask hosts add` brings it up to date, `hosts remove` takes all out")
            }
        }
    }
}

async fn resolve(name: &str) -> Result<Vec<IpAddr>, String> {
    let answer = tokio::time::timeout(PATIENCE, tokio::net::lookup_host((name, 0))).await;
    match answer {
        Ok(Ok(addresses)) => Ok(addresses.map(|address| address.ip()).collect()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}

fn list(addresses: &[IpAddr]) -> String {
    let texts: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
    texts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::{super::finding::State, *};

    #[test]
    fn the_hosts_file_is_read_with_a_sharp_eye() {
        let names = ["hmlet.photos.local".to_owned()];
        let state = |text: &str| hosts_file(text.as_bytes(), &names, Path::new("/etc/hosts")).state;
        let block = |names: &str| format!("# BEGIN plasma\n127.0.0.1 {names}\n# END plasma\n");
        assert_eq!(state("127.0.0.1 localhost\n"), State::Fine);
        assert_eq!(state(&block("hmlet.photos.local")), State::Fine);
        assert_eq!(state(&block("hmlet.blog.local")), State::Note);
        assert_eq!(state("10.0.0.7 db hmlet.photos.local\n"), State::Fault);
        assert_eq!(state("# 10.0.0.7 hmlet.photos.local\n"), State::Fine);
        assert_eq!(
            state("# BEGIN plasma\n127.0.0.1 hmlet.photos.local\n"),
            State::Fault
        );
    }
}
