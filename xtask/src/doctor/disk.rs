//! Room on the disks that plasma fills: Docker's data, the cache and the state folder.

use std::path::{Path, PathBuf};

use nix::sys::statvfs::statvfs;

use super::finding::Finding;

const CHECK: &str = "disk";
const GIB: u64 = 1 << 30;

/// A place that something writes to, and how much that needs, in bytes.
pub(super) struct Place {
    pub(super) what: &'static str,
    pub(super) path: PathBuf,
    /// With less, something fails.
    least: u64,
    /// With less, it will soon.
    good: u64,
}

impl Place {
    /// Docker's data: the node image, the images of the apps and the volumes.
    pub(super) fn docker(root: &str) -> Self {
        Self {
            what: "Docker's data",
            path: root.into(),
            least: 2 * GIB,
            good: 6 * GIB,
        }
    }

    /// The cache: a quarter of a GiB of tools.
    pub(super) fn cache(path: &Path) -> Self {
        Self {
            what: "the cache",
            path: path.to_owned(),
            least: GIB / 2,
            good: GIB,
        }
    }

    /// The state folder: databases and pictures of native runs.
    pub(super) fn state(path: &Path) -> Self {
        Self {
            what: "the state folder",
            path: path.to_owned(),
            least: GIB / 4,
            good: GIB,
        }
    }
}

/// How much room there is for ordinary users, in bytes and in files.
#[derive(Clone, Copy, Debug)]
struct Room {
    bytes: u64,
    /// Nothing where the file system has no such limit.
    files: Option<u64>,
}

#[expect(clippy::unnecessary_cast, reason = "macOS counts in narrower types")]
pub(super) fn look(place: &Place) -> Finding {
    // It may not be made yet: then what it will be made in counts.
    let Some(existing) = place.path.ancestors().find(|path| path.exists()) else {
        let says = format!("{} is not on this machine", place.what);
        return Finding::unknown(CHECK, says, place.path.display().to_string());
    };
    match statvfs(existing) {
        Ok(found) => {
            let block = found.fragment_size() as u64;
            let room = Room {
                bytes: (found.blocks_available() as u64).saturating_mul(block),
                files: (found.files() > 0).then(|| found.files_available() as u64),
            };
            judge(place, room)
        }
        Err(error) => Finding::unknown(
            CHECK,
            format!("the disk of {} cannot be measured", place.what),
            format!("{}: {error}", existing.display()),
        ),
    }
}

fn judge(place: &Place, room: Room) -> Finding {
    let gib = |bytes: u64| bytes as f64 / GIB as f64;
    let path = place.path.display();
    let evidence = format!(
        "{:.1} GiB free for {path}; at least {:.1} are needed",
        gib(room.bytes),
        gib(place.least)
    );
    let remedy = match place.what {
        "Docker's data" => {
            "make room: `docker system df` shows what takes it, `docker image prune` drops unused images"
        }
        "the cache" => "make room, or set PLASMA_CACHE_DIR to another disk",
        _ => "make room, or set PLASMA_STATE_DIR to another disk",
    };
    if room.bytes < place.least {
        return Finding::fault(CHECK, format!("the disk of {} is full", place.what), evidence).remedy(remedy);
    }
    if room.files.is_some_and(|files| files < 20_000) {
        let files = room.files.unwrap_or_default();
        let evidence = format!("{files} files more fit on the disk of {path}");
        return Finding::fault(
            CHECK,
            format!("the disk of {} has too many files", place.what),
            evidence,
        )
        .remedy(remedy);
    }
    if room.bytes < place.good {
        return Finding::note(
            CHECK,
            format!("the disk of {} is nearly full", place.what),
            evidence,
        )
        .remedy(remedy);
    }
    Finding::fine(CHECK, format!("{} has room", place.what), evidence)
}

#[cfg(test)]
mod tests {
    use super::{super::finding::State, *};

    #[test]
    fn a_full_disk_says_whose_it_is_and_how_much_is_missing() {
        let room = Room {
            bytes: GIB,
            files: Some(1_000_000),
        };
        let finding = judge(&Place::docker("/var/lib/docker"), room);
        assert_eq!(finding.state, State::Fault);
        assert_eq!(finding.says, "the disk of Docker's data is full");
        assert_eq!(
            finding.evidence,
            "1.0 GiB free for /var/lib/docker; at least 2.0 are needed"
        );
        assert!(
            finding
                .remedy
                .is_some_and(|remedy| remedy.contains("docker image prune"))
        );
    }

    #[test]
    fn bytes_and_files_both_count() {
        let state = |bytes, files| judge(&Place::docker("/d"), Room { bytes, files }).state;
        assert_eq!(state(4 * GIB, None), State::Note);
        assert_eq!(state(40 * GIB, None), State::Fine);
        assert_eq!(state(40 * GIB, Some(12)), State::Fault);
    }

    #[test]
    fn a_folder_that_is_not_made_yet_is_measured_where_it_will_be() {
        let folder = std::env::temp_dir().join("not/made/yet");
        assert_ne!(look(&Place::cache(&folder)).state, State::Unknown);
    }
}
