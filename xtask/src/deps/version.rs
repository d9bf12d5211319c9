//! Asks a program for its version, and remembers the answer while the file stays the same: asking takes kubectl and helm
//! longer than what plasma itself does in a repeated command.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use tokio::process::Command;

use super::tool::{Tool, first_version};
use crate::context::Context;

/// How long a tool may take to say its version. They take a tenth of a second; a cold disk may take more.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is remembered: the answers by the program's path.
#[derive(Default, Deserialize, Serialize)]
struct Memory {
    programs: BTreeMap<PathBuf, Answer>,
}

/// A version, and the file that gave it.
#[derive(Clone, PartialEq, Eq, Deserialize, Serialize)]
struct Answer {
    size: u64,
    inode: u64,
    /// When the file's content or attributes last changed, in seconds and nanoseconds.
    changed: (i64, i64),
    version: String,
}

/// The version that the program says it has.
///
/// # Errors
/// When it cannot be started, does not answer, or says no version.
pub(super) async fn of(context: &Context, tool: Tool, program: &Path) -> anyhow::Result<String> {
    let file = fs::metadata(program).with_context(|| format!("cannot look at {}", program.display()))?;
    let path = context.cache.join("deps/versions.json");
    let mut memory: Memory = fs::read(&path)
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default();
    let answer = |version: String| Answer {
        size: file.size(),
        inode: file.ino(),
        changed: (file.ctime(), file.ctime_nsec()),
        version,
    };
    if let Some(known) = memory.programs.get(program)
        && *known == answer(known.version.clone())
    {
        return Ok(known.version.clone());
    }
    let version = ask(context, tool, program).await?;
    memory
        .programs
        .insert(program.to_owned(), answer(version.clone()));
    // Without a cache to write to, the question is only asked again.
    let _ = remember(&path, &memory);
    Ok(version)
}

async fn ask(context: &Context, tool: Tool, program: &Path) -> anyhow::Result<String> {
    let question = tool.version_question();
    let call = format!("{} {}", program.display(), question.join(" "));
    let answer = Command::new(program)
        .args(question)
        .current_dir(&context.root)
        .env("SKAFFOLD_UPDATE_CHECK", "false")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(PATIENCE, answer)
        .await
        .with_context(|| format!("`{call}` gives no answer within {} s", PATIENCE.as_secs()))?
        .with_context(|| format!("cannot start `{call}`"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    first_version(&said).with_context(|| {
        let text = format!("{said}{}", String::from_utf8_lossy(&output.stderr));
        format!(
            "`{call}` says no version: {}",
            text.lines().next().unwrap_or("nothing at all")
        )
    })
}

fn remember(path: &Path, memory: &Memory) -> anyhow::Result<()> {
    let folder = path.parent().context("the cache has no folder")?;
    fs::create_dir_all(folder)?;
    let file = tempfile::NamedTempFile::new_in(folder)?;
    serde_json::to_writer(&file, memory)?;
    file.persist(path)?;
    Ok(())
}
