//! Images of the apps: named by their content, built only where the registry does not have them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use config::AppManifest;
use sha2::{Digest, Sha256};

use super::program::{self, Source};
use crate::{commands::scope::Scope, context::Context, outcome::Failure};

/// The image of one app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Image {
    pub(crate) app: String,
    /// Without a tag: `localhost:5001/photos`.
    pub(crate) repository: String,
    /// The first 16 hex digits of the SHA-256 of what it is made of; nothing if that is not built yet.
    pub(crate) tag: Option<String>,
    pub(crate) source: Source,
    /// Relative to the workspace's root.
    pub(crate) dockerfile: PathBuf,
}

impl Image {
    /// The image of an app whose program is built, or will be: `program` is where cargo puts it.
    ///
    /// # Errors
    /// When the Dockerfile, the program or the sources cannot be read.
    pub(crate) fn of(
        context: &Context,
        scope: &Scope,
        app: &str,
        repository: String,
        program: Option<&Path>,
    ) -> anyhow::Result<Self> {
        let dockerfile = AppManifest::folder(&scope.cluster.name, app).join("Dockerfile");
        let path = context.root.join(&dockerfile);
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let (source, content) = match (program::wrong_system(), program) {
            (Some(why), _) => (Source::Builder(why), Some(sources(&context.root)?)),
            (None, None) => (Source::Host(PathBuf::new()), None),
            (None, Some(program)) => {
                let facts = program::facts(program, &scope.folder(context))?;
                match program::choose(program, &facts, &text) {
                    host @ Source::Host(_) => (host, Some(facts.sha256)),
                    builder => (builder, Some(sources(&context.root)?)),
                }
            }
        };
        let tag = content.map(|content| {
            let digest = Sha256::new()
                .chain_update(&content)
                .chain_update([0])
                .chain_update(&text)
                .finalize();
            hex::encode(&digest[..TAG_BYTES])
        });
        Ok(Self {
            app: app.to_owned(),
            repository,
            tag,
            source,
            dockerfile,
        })
    }

    /// `localhost:5001/photos:5f3c0a8e92b17d46`; before it is built, with what stands for the tag.
    pub(crate) fn reference(&self) -> String {
        format!("{}:{}", self.repository, self.tag.as_deref().unwrap_or(UNBUILT))
    }
}

/// How many bytes of the digest a tag has, as hex digits.
const TAG_BYTES: usize = 8;

/// Whether a tag is the content of an image, as [`Image::tag`] is, and nobody's own word.
pub(super) fn is_content(tag: &str) -> bool {
    tag.len() == 2 * TAG_BYTES
        && tag
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// Stands for the tag of an image in a plan whose program is not built. A cluster compares it like any other.
pub(crate) const UNBUILT: &str = "not-built-yet";

/// Where the image of an app is kept: the stage's own registry, or what its values say.
///
/// # Errors
/// Exit code 2 when an adopted stage's values name no repository.
pub(crate) fn repository(
    scope: &Scope,
    app: &str,
    values: &serde_json::Value,
    file: &Path,
) -> anyhow::Result<String> {
    if let Some(kind) = scope.kind() {
        return Ok(format!("localhost:{}/{app}", kind.registry_port));
    }
    match values
        .pointer("/image/repository")
        .and_then(serde_json::Value::as_str)
    {
        Some(repository) if !repository.is_empty() => Ok(repository.to_owned()),
        _ => Err(
            Failure::usage(format!("nothing says where the image of {app} is kept"))
                .because(format!("{} has no image.repository", file.display()))
                .advise("write the repository of your registry there")
                .into(),
        ),
    }
}

/// The digest of everything that a build in the image may read.
fn sources(root: &Path) -> anyhow::Result<String> {
    let mut digest = Sha256::new();
    for name in [
        "Cargo.toml",
        "Cargo.lock",
        "rust-toolchain.toml",
        ".cargo",
        "crates",
        "xtask",
    ] {
        for file in super::inputs::files(&root.join(name))? {
            let bytes = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
            let name = file.strip_prefix(root).unwrap_or(&file);
            digest.update(name.as_os_str().as_encoded_bytes());
            digest.update([0]);
            digest.update(Sha256::digest(&bytes));
        }
    }
    Ok(hex::encode(digest.finalize()))
}
