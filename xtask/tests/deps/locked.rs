//! A workspace whose lock is about small files of the test's own server.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Output,
};

use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};

use super::faulty::Faulty;

/// Of the program, in bytes.
pub(crate) const SIZE: usize = 300_000;

/// A workspace whose lock is about small files of this test's server, with a cache of its own.
pub(crate) struct Place {
    pub(crate) folder: tempfile::TempDir,
}

/// Bytes that no part of them repeats.
pub(crate) fn program() -> Vec<u8> {
    (0..SIZE as u64 / 8)
        .flat_map(|number| number.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes())
        .collect()
}

pub(crate) fn archive(path: &str, content: &[u8]) -> Vec<u8> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (path, content) in [("linux/README.md", &b"read me"[..]), (path, content)] {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, path, content).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

impl Place {
    /// With a lock in which this is `kind`.
    pub(crate) fn with_kind(file: &[u8]) -> Self {
        Self::with(
            "kind: {version: 0.31.0, url: 'https://kind.example/v{version}/kind?raw=1', archive: none",
            file,
        )
    }

    pub(crate) fn with(tool: &str, file: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        fs::create_dir_all(root.join("xtask")).unwrap();
        fs::create_dir_all(root.join("deps")).unwrap();
        fs::write(root.join("Cargo.toml"), "").unwrap();
        fs::write(root.join("xtask/Cargo.toml"), "").unwrap();
        let sum = hex::encode(Sha256::digest(file));
        let sums: Vec<String> = ["linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64"]
            .map(|platform| format!("{platform}: {sum}"))
            .to_vec();
        let lock = format!(
            "tools:\n  {tool}, sha256: {{{}}}}}\nimages: {{}}\n",
            sums.join(", ")
        );
        fs::write(root.join("deps/tools.yaml"), lock).unwrap();
        fs::create_dir(folder.path().join("bin")).unwrap();
        Self { folder }
    }

    pub(crate) fn command(&self, arguments: &[&str], mirror: &str) -> std::process::Command {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_plasma"));
        command
            .arg("deps")
            .args(arguments)
            .current_dir(self.folder.path().join("root"))
            .env_clear()
            .env("PATH", self.folder.path().join("bin"))
            .env("PLASMA_CACHE_DIR", self.folder.path().join("cache"))
            .env("PLASMA_DEPS_MIRROR", mirror);
        command
    }

    pub(crate) fn fetch(&self, tool: &str, server: &Faulty) -> Output {
        let mirror = format!("http://{}/mirror", server.address);
        self.command(&["fetch", tool], &mirror).output().unwrap()
    }

    /// What a command prints, without the folder of this test.
    pub(crate) fn anonymous(&self, output: &Output) -> String {
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        text.replace(&self.folder.path().display().to_string(), "TMP")
    }

    /// The folder that holds what there is of a tool.
    pub(crate) fn slot(&self, tool: &str) -> PathBuf {
        let mut slots = fs::read_dir(self.folder.path().join("cache/deps").join(tool)).unwrap();
        slots.next().unwrap().unwrap().path()
    }

    pub(crate) fn has(&self, file: &str) -> bool {
        self.slot("kind").join(file).exists()
    }

    /// The program that a successful fetch says to be there.
    pub(crate) fn fetched(&self, output: &Output) -> Vec<u8> {
        assert_eq!(output.status.code(), Some(0), "{}", stderr(output));
        let told = String::from_utf8(output.stdout.clone()).unwrap();
        let path = told.trim_end().rsplit(' ').next().unwrap();
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o755);
        assert!(!self.has_parts(Path::new(path).parent().unwrap()));
        fs::read(path).unwrap()
    }

    fn has_parts(&self, slot: &Path) -> bool {
        slot.read_dir().unwrap().any(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            name.ends_with(".part") || name.ends_with(".unpacked") || name.ends_with(".copy")
        })
    }
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}
