//! The program that goes into an image: this machine's own, unless it cannot run there.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use memchr::memmem;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Where the program of an image comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// From the release build of this machine.
    Host(PathBuf),
    /// The image's own build compiles it: why the host's does not do.
    Builder(String),
}

/// What is known about a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Facts {
    /// SHA-256 of its bytes.
    pub(crate) sha256: String,
    /// The newest version of the GNU C library that it asks for, as in `2.41`.
    pub(crate) glibc: Option<String>,
}

/// Facts by the file that they are about: reading a program takes longer than everything else of a repeated deploy.
#[derive(Default, Serialize, Deserialize)]
struct Memory {
    files: BTreeMap<PathBuf, (Stamp, Facts)>,
}

/// A file that is written anew gets another one, whatever its content.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    size: u64,
    inode: u64,
    changed: (i64, i64),
}

/// Why a program that this machine builds can never run in an image: it is for another system.
pub(crate) fn wrong_system() -> Option<String> {
    (std::env::consts::OS != "linux")
        .then(|| format!("a program of {} does not run in it", std::env::consts::OS))
}

/// Whether the program fits an image whose C library has the version that the Dockerfile states.
pub(crate) fn choose(program: &Path, facts: &Facts, dockerfile: &str) -> Source {
    let stated = dockerfile
        .lines()
        .find_map(|line| line.trim().strip_prefix("ARG GLIBC="))
        .map(|version| version.trim().to_owned());
    match (&facts.glibc, stated) {
        (Some(needed), Some(stated)) if number(needed) > number(&stated) => Source::Builder(format!(
            "this machine's program needs glibc {needed}, the image has {stated}"
        )),
        _ => Source::Host(program.to_owned()),
    }
}

/// Reads a program, or remembers what was read of the same file before; the memory lies in `folder`.
///
/// # Errors
/// When the program cannot be read.
pub(crate) fn facts(program: &Path, folder: &Path) -> anyhow::Result<Facts> {
    let read = || format!("cannot read {}", program.display());
    let file = fs::metadata(program).with_context(read)?;
    let stamp = Stamp {
        size: file.size(),
        inode: file.ino(),
        changed: (file.ctime(), file.ctime_nsec()),
    };
    let path = folder.join("programs.json");
    let mut memory: Memory = fs::read(&path)
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default();
    if let Some((known, facts)) = memory.files.get(program)
        && *known == stamp
    {
        return Ok(facts.clone());
    }
    let bytes = fs::read(program).with_context(read)?;
    let facts = Facts {
        sha256: hex::encode(Sha256::digest(&bytes)),
        glibc: newest_glibc(&bytes),
    };
    memory.files.insert(program.to_owned(), (stamp, facts.clone()));
    // A memory that cannot be kept costs only time.
    let _ = fs::write(&path, serde_json::to_vec(&memory)?);
    Ok(facts)
}

/// The newest `GLIBC_<version>` among the symbol versions that a program names.
fn newest_glibc(program: &[u8]) -> Option<String> {
    const MARK: &[u8] = b"GLIBC_";
    memmem::find_iter(program, MARK)
        .filter_map(|at| {
            let rest = &program[at + MARK.len()..];
            let end = rest.iter().position(|byte| !matches!(byte, b'0'..=b'9' | b'.'))?;
            // The name ends with a NUL: other texts that look alike do not count.
            let text = std::str::from_utf8(&rest[..end])
                .ok()
                .filter(|_| rest[end] == 0)?;
            Some((number(text)?, text.to_owned()))
        })
        .max()
        .map(|(_, text)| text)
}

fn number(version: &str) -> Option<Vec<u32>> {
    version.split('.').map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn needs(glibc: &str) -> Facts {
        Facts {
            sha256: String::new(),
            glibc: Some(glibc.to_owned()),
        }
    }

    #[test]
    fn a_program_that_needs_a_newer_library_is_compiled_in_the_image() {
        let dockerfile = "ARG GLIBC=2.41\nFROM scratch\n";
        let program = Path::new("photos");
        assert_eq!(
            choose(program, &needs("2.39"), dockerfile),
            Source::Host(program.to_owned())
        );
        assert_eq!(
            choose(program, &needs("2.41"), dockerfile),
            Source::Host(program.to_owned())
        );
        assert_eq!(
            choose(program, &needs("2.100"), dockerfile),
            Source::Builder("this machine's program needs glibc 2.100, the image has 2.41".to_owned())
        );
    }

    #[test]
    fn the_newest_version_counts_and_lookalikes_do_not() {
        let bytes = b"\0GLIBC_2.2.5\0GLIBC_2.34\0GLIBC_2.4\0GLIBC_PRIVATE\0says GLIBC_9.9 here\0";
        assert_eq!(newest_glibc(bytes), Some("2.34".to_owned()));
        assert_eq!(newest_glibc(b"static"), None);
    }

    #[test]
    fn what_is_remembered_is_forgotten_with_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("program");
        fs::write(&program, b"one\0GLIBC_2.3\0").unwrap();
        let one = facts(&program, folder.path()).unwrap();
        assert_eq!(one, facts(&program, folder.path()).unwrap());
        fs::write(&program, b"two\0GLIBC_2.3\0").unwrap();
        assert_ne!(one.sha256, facts(&program, folder.path()).unwrap().sha256);
    }
}
