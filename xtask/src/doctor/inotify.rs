//! The kernel's limits on watched files. systemd, the kubelet and the API server of every kind node watch files; where the
//! limit is reached, nodes never become ready and say `too many open files`.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::{cure::Cure, finding::Finding};

const CHECK: &str = "inotify";

/// What a node of kind 0.31 with Kubernetes 1.34 opens: 21, and as much again for the pods in it.
const INSTANCES_OF_A_NODE: u64 = 40;
/// As kind's own documentation recommends.
const GOOD_INSTANCES: u64 = 512;
const GOOD_WATCHES: u64 = 524_288;
/// Below this, the kubelet and what watches folders in pods fail on a machine with an editor open.
const LEAST_WATCHES: u64 = 65_536;

/// The limits, and how much of the first is used.
#[derive(Clone, Copy, Debug)]
struct Limits {
    instances: u64,
    watches: u64,
    /// By root, as which the nodes run; nothing if we may not look.
    used: Option<u64>,
}

pub(super) fn look() -> Finding {
    let folder = Path::new("/proc/sys/fs/inotify");
    let read =
        |name: &str| -> Option<u64> { fs::read_to_string(folder.join(name)).ok()?.trim().parse().ok() };
    match (read("max_user_instances"), read("max_user_watches")) {
        (Some(instances), Some(watches)) => judge(
            folder,
            Limits {
                instances,
                watches,
                used: used_by_root(),
            },
        ),
        _ => Finding::fine(CHECK, "there is no such limit here", "no /proc/sys/fs/inotify"),
    }
}

fn judge(folder: &Path, limits: Limits) -> Finding {
    let Limits {
        instances,
        watches,
        used,
    } = limits;
    let used_of = used.map_or_else(String::new, |used| format!(", {used} of them used by root"));
    let evidence = format!("max_user_instances is {instances}{used_of}; max_user_watches is {watches}");
    let sysctl = |name: &str, good: u64| format!("sudo sysctl fs.inotify.{name}={good}");
    let raise = |name: &str, to: u64| Cure::Raise {
        setting: folder.join(name),
        to,
    };
    let file = "/etc/sysctl.d/ makes it last";
    // What nobody can see may be used half.
    let free = instances.saturating_sub(used.unwrap_or(instances / 2));
    if free < INSTANCES_OF_A_NODE {
        let says = "the kernel allows too few inotify instances for one more node";
        return Finding::fault(CHECK, says, evidence)
            .remedy(format!(
                "`{}`; a file in {file}",
                sysctl("max_user_instances", GOOD_INSTANCES)
            ))
            .cure(raise("max_user_instances", GOOD_INSTANCES));
    }
    if watches < LEAST_WATCHES {
        return Finding::fault(CHECK, "the kernel allows too few inotify watches", evidence)
            .remedy(format!(
                "`{}`; a file in {file}",
                sysctl("max_user_watches", GOOD_WATCHES)
            ))
            .cure(raise("max_user_watches", GOOD_WATCHES));
    }
    if instances < GOOD_INSTANCES {
        return Finding::note(CHECK, "enough for a node or two", evidence).remedy(format!(
            "for more: `{}`; a file in {file}",
            sysctl("max_user_instances", GOOD_INSTANCES)
        ));
    }
    Finding::fine(CHECK, "the limits are high enough", evidence)
}

/// How many instances root's processes have open, those in containers too.
fn used_by_root() -> Option<u64> {
    if !nix::unistd::geteuid().is_root() {
        return None;
    }
    let processes = fs::read_dir("/proc").ok()?.flatten().map(|entry| entry.path());
    let of_root = processes.filter(|path| fs::metadata(path).is_ok_and(|process| process.uid() == 0));
    let count = of_root.map(|process| instances_of(&process.join("fd"))).sum();
    Some(count)
}

/// A process may end while it is looked at: then it has none.
fn instances_of(descriptors: &PathBuf) -> u64 {
    let links = fs::read_dir(descriptors).into_iter().flatten().flatten();
    let is_inotify =
        |path: PathBuf| fs::read_link(path).is_ok_and(|target| target == Path::new("anon_inode:inotify"));
    links.filter(|link| is_inotify(link.path())).count() as u64
}

#[cfg(test)]
mod tests {
    use super::{super::finding::State, *};

    fn state(instances: u64, watches: u64, used: Option<u64>) -> State {
        judge(
            Path::new("/proc/sys/fs/inotify"),
            Limits {
                instances,
                watches,
                used,
            },
        )
        .state
    }

    #[test]
    fn what_is_left_decides_and_not_the_limit_alone() {
        assert_eq!(state(128, 524_288, Some(64)), State::Note);
        assert_eq!(state(128, 524_288, Some(100)), State::Fault);
        assert_eq!(state(128, 524_288, None), State::Note);
        assert_eq!(state(64, 524_288, None), State::Fault);
        assert_eq!(state(512, 8_192, Some(0)), State::Fault);
        assert_eq!(state(512, 524_288, Some(100)), State::Fine);
    }

    #[test]
    fn the_cure_raises_the_limit_that_is_too_low() {
        let low = Limits {
            instances: 512,
            watches: 8_192,
            used: Some(0),
        };
        let finding = judge(Path::new("/proc/sys/fs/inotify"), low);
        assert_eq!(
            finding.cure.map(|cure| cure.to_string()).as_deref(),
            Some("write 524288 to /proc/sys/fs/inotify/max_user_watches")
        );
        assert_eq!(
            finding.remedy.as_deref(),
            Some("`sudo sysctl fs.inotify.max_user_watches=524288`; a file in /etc/sysctl.d/ makes it last")
        );
    }
}
