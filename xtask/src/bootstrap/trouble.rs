//! What failures of Docker and kind mean: the causes that are known by their words, and the remedy of each.

use crate::outcome::Failure;

/// kind's word of nodes that it did not expect.
const NODES_EXIST: &str = "node(s) already exist for a cluster with the name";

/// Words in an error, why they are there, and what to do.
const KNOWN: [(&[&str], &str); 7] = [
    (
        &["no space left on device"],
        "make room: `docker system df` shows what Docker holds, `docker system prune` frees what nothing uses; then run it \
         again",
    ),
    (
        &["too many open files", "inotify"],
        "raise the limits: sudo sysctl fs.inotify.max_user_instances=512 fs.inotify.max_user_watches=524288",
    ),
    (
        &["permission denied while trying to connect to the docker daemon"],
        "let your user use Docker: sudo usermod -aG docker $USER, then log in again",
    ),
    (
        &[
            "cannot connect to the docker daemon",
            "is the docker daemon running",
        ],
        "start Docker (Docker Desktop, or `sudo systemctl start docker`) and run it again",
    ),
    (
        &[
            "port is already allocated",
            "address already in use",
            "ports are not available",
        ],
        "stop what holds the port, or give the stage another one in the cluster's cluster.yaml",
    ),
    (
        &[
            "toomanyrequests",
            "no such host",
            "tls handshake timeout",
            "failed to resolve reference",
            "i/o timeout",
        ],
        "the registry cannot be reached: check the network or the proxy of Docker, then run it again",
    ),
    (&[NODES_EXIST], "run it again: it looks at what is there first"),
];

/// Whether a container, or a node, could not be made because there is one of its name.
pub(crate) fn is_name_taken(error: &anyhow::Error) -> bool {
    let why = error.downcast_ref::<Failure>().map_or("", Failure::why);
    why.contains("is already in use by container") || why.contains(NODES_EXIST)
}

/// Adds the remedy to an error whose cause is known. Others stay as they are.
pub(crate) fn explain(error: anyhow::Error) -> anyhow::Error {
    match error.downcast::<Failure>() {
        Ok(failure) => {
            let text = format!("{failure}\n{}", failure.why()).to_lowercase();
            match KNOWN
                .iter()
                .find(|(words, _)| words.iter().any(|word| text.contains(word)))
            {
                Some((_, remedy)) => failure.advise(*remedy).into(),
                None => failure.into(),
            }
        }
        Err(error) => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advice(why: &str) -> String {
        let failure = Failure::failed("`kind create cluster` failed").because(why);
        let explained = explain(failure.into()).downcast::<Failure>();
        format!("{explained:?}")
    }

    #[test]
    fn known_causes_have_a_remedy() {
        let full = advice("write /var/lib/docker/x: no space left on device");
        assert!(full.contains("docker system prune"), "{full}");
        let stopped = advice(
            "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
        );
        assert!(stopped.contains("start Docker"), "{stopped}");
        let limits = advice("kubelet: failed to create fsnotify watcher: too many open files");
        assert!(limits.contains("max_user_instances"), "{limits}");
        assert!(advice("something new").contains("advice: None"));
    }
}
