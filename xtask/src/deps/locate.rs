//! Where a tool's program is: in the cache, or on `PATH` if the caller wants the machine's own.

use std::path::PathBuf;

use anyhow::Context as _;

use super::{
    cache::Slot,
    fetch::{self, Want},
    lock::{Lock, LockedTool},
    tool::{self, Tool},
    version,
};
use crate::{
    context::{Context, block_on},
    native::process::find_program,
    outcome::Failure,
};

/// A program that can be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Program {
    pub(crate) path: PathBuf,
    /// Without a `v` in front.
    pub(crate) version: String,
}

/// Where the tools come from: `PLASMA_DEPS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// `download`, the default: from the cache, and into it from their addresses.
    Download,
    /// `system`: from `PATH`, if the version fits.
    System,
    /// `offline`: from the cache alone.
    Offline,
}

impl Source {
    /// Where a tool that is missing was looked for.
    pub(crate) fn evidence(self) -> &'static str {
        match self {
            Self::Download => "it is not in the cache",
            Self::System => "PLASMA_DEPS=system, and it is not on PATH",
            Self::Offline => "PLASMA_DEPS=offline, and it is not in the cache",
        }
    }

    /// What `PLASMA_DEPS` says.
    ///
    /// # Errors
    /// Exit code 2 for any other word.
    pub(crate) fn of(context: &Context) -> anyhow::Result<Self> {
        match context.vars.get("PLASMA_DEPS").map_or("", String::as_str) {
            "" | "download" => Ok(Self::Download),
            "system" => Ok(Self::System),
            "offline" => Ok(Self::Offline),
            other => Err(Failure::usage("PLASMA_DEPS is wrong")
                .because(format!("`{other}` says not where the tools come from"))
                .advise("set it to download (the default), system or offline")
                .into()),
        }
    }
}

/// Finds the tool's program, and downloads it if it must. May be called from asynchronous code too: it blocks the thread
/// until the program is there.
///
/// # Errors
/// 2 when the lock or `PLASMA_DEPS` is wrong; 1 when there is no program of a version that fits, with what to do; 130
/// after Ctrl-C.
pub(crate) fn locate(context: &Context, tool: Tool) -> anyhow::Result<Program> {
    let mut programs = locate_all(context, &[tool])?;
    programs
        .pop()
        .with_context(|| format!("{tool} was not looked for"))
}

/// Finds several programs, and downloads what is missing in parallel. They come back in the order of `tools`.
///
/// # Errors
/// As [`locate`], with all tools that are missing in one error.
pub(crate) fn locate_all(context: &Context, tools: &[Tool]) -> anyhow::Result<Vec<Program>> {
    let source = Source::of(context)?;
    let lock = Lock::load(&context.root)?;
    let (mut programs, mut wants) = (Vec::new(), Vec::new());
    for &tool in tools {
        let locked = locked(&lock, tool)?;
        programs.push(match (find(context, source, tool, locked)?, source) {
            (Some(program), _) => program,
            (None, Source::System) => return Err(not_on_path(tool, locked).into()),
            (None, Source::Download | Source::Offline) => {
                let want = Want::of(context, tool, locked)?;
                let program = want.program();
                wants.push(want);
                program
            }
        });
    }
    if !wants.is_empty() {
        apart(|| fetch::fetch(context, source, &wants))?;
    }
    Ok(programs)
}

/// A `PATH` on which these tools are: the machine's own, else those of the lock, downloaded if they must.
///
/// # Errors
/// As [`locate_all`].
pub(crate) fn path_with(context: &Context, tools: &[Tool]) -> anyhow::Result<String> {
    let path = context.vars.get("PATH").map_or("", String::as_str);
    let is_absent = |tool: &&Tool| find_program(tool.name(), path).is_none();
    let absent: Vec<Tool> = tools.iter().filter(is_absent).copied().collect();
    let programs = locate_all(context, &absent)?;
    let folders = programs.iter().filter_map(|program| program.path.parent());
    let folders: String = folders.map(|folder| format!("{}:", folder.display())).collect();
    Ok(folders + path)
}

/// What `bootstrap` has before it begins.
pub(crate) struct Provided {
    pub(crate) helm: Program,
    pub(crate) kind: Program,
    /// A line for each tool of the dev loops that is not here and will not come by itself: it fails where it is used.
    pub(crate) warnings: Vec<String>,
}

/// Brings what a cluster needs, and says what is missing for the dev loops. Those are downloaded where they are used.
///
/// # Errors
/// As [`locate_all`].
pub(crate) fn provide(context: &Context) -> anyhow::Result<Provided> {
    let source = Source::of(context)?;
    let lock = Lock::load(&context.root)?;
    let mut warnings = Vec::new();
    for tool in [Tool::Skaffold, Tool::Telepresence] {
        let locked = locked(&lock, tool)?;
        let fault = match find(context, source, tool, locked) {
            Ok(None) if source != Source::Download => format!("{tool} is not here"),
            Ok(_) => continue,
            Err(error) => crate::outcome::reason(&error),
        };
        warnings.push(format!("{fault}; only `cargo xtask {tool}` needs it"));
    }
    let programs = locate_all(context, &[Tool::Kubectl, Tool::Helm, Tool::Kind])?;
    let Ok([_kubectl, helm, kind]) = <[Program; 3]>::try_from(programs) else {
        anyhow::bail!("not every tool was looked for");
    };
    Ok(Provided { helm, kind, warnings })
}

/// A line for each tool that [`locate_all`] would fetch: what, from where, to where.
///
/// # Errors
/// Exit code 2 when the lock or a variable is wrong; 1 when a tool can never be there.
pub(crate) fn plan(context: &Context, tools: &[Tool]) -> anyhow::Result<Vec<String>> {
    let source = Source::of(context)?;
    let lock = Lock::load(&context.root)?;
    let mut lines = Vec::new();
    for &tool in tools {
        let locked = locked(&lock, tool)?;
        let line = match find(context, source, tool, locked)? {
            Some(program) => format!("{tool} {} is at {}", program.version, program.path.display()),
            None if source == Source::System => return Err(not_on_path(tool, locked).into()),
            None => {
                let want = Want::of(context, tool, locked)?;
                let (from, to) = (want.from(context)?, want.program().path);
                format!("download {} from {from} to {}", want.title(), to.display())
            }
        };
        lines.push(line);
    }
    Ok(lines)
}

/// Looks where the program should be, and fetches nothing.
///
/// # Errors
/// 1 when there is one that does not fit, or that can never be there.
pub(crate) fn find(
    context: &Context,
    source: Source,
    tool: Tool,
    locked: &LockedTool,
) -> anyhow::Result<Option<Program>> {
    if source == Source::System {
        return apart(|| block_on(on_path(context, tool, locked)));
    }
    let path = Slot::of(context, tool, locked)?.program();
    Ok(path.is_file().then(|| Program {
        path,
        version: locked.version.clone(),
    }))
}

/// Where the cache has each tool, or will have it once it is used; nothing where the tools are the machine's own. Fetches
/// nothing; what is wrong with the lock is said where a tool is used.
pub(crate) fn places(context: &Context) -> Vec<(Tool, PathBuf)> {
    let downloaded = Source::of(context).is_ok_and(|source| source != Source::System);
    let Some(lock) = Lock::load(&context.root).ok().filter(|_| downloaded) else {
        return Vec::new();
    };
    let place = |tool: Tool| {
        Some((
            tool,
            Slot::of(context, tool, locked(&lock, tool).ok()?).ok()?.program(),
        ))
    };
    Tool::ALL.into_iter().filter_map(place).collect()
}

/// The entry of a tool in the lock.
pub(super) fn locked(lock: &Lock, tool: Tool) -> anyhow::Result<&LockedTool> {
    lock.tools.get(tool.name()).ok_or_else(|| {
        Failure::usage(format!("deps/tools.yaml has no {tool}"))
            .advise(format!(
                "restore its entry, or add it with `cargo xtask deps lock {tool} <version>`"
            ))
            .into()
    })
}

/// Runs the work on a thread of its own: the caller may be inside an asynchronous runtime, which has no room for another.
fn apart<T: Send>(work: impl FnOnce() -> anyhow::Result<T> + Send) -> anyhow::Result<T> {
    std::thread::scope(|scope| scope.spawn(work).join())
        .unwrap_or_else(|_| Err(anyhow::anyhow!("the search for a tool ended unexpectedly")))
}

async fn on_path(context: &Context, tool: Tool, locked: &LockedTool) -> anyhow::Result<Option<Program>> {
    let path = context.vars.get("PATH").map_or("", String::as_str);
    let Some(path) = find_program(tool.name(), path) else {
        return Ok(None);
    };
    let version = version::of(context, tool, &path).await.map_err(|error| {
        Failure::failed(format!("{tool} on PATH cannot be used"))
            .because(format!("{error:#}"))
            .advise(install(tool, locked))
    })?;
    if tool::fits(&locked.version, &version) {
        return Ok(Some(Program { path, version }));
    }
    Err(Failure::failed(format!("{tool} {version} does not fit the lock"))
        .because(format!(
            "{} is {version}, deps/tools.yaml says {}: with PLASMA_DEPS=system the major and the minor version must be the same",
            path.display(),
            locked.version
        ))
        .advise(install(tool, locked))
        .into())
}

fn not_on_path(tool: Tool, locked: &LockedTool) -> Failure {
    Failure::failed(format!("{tool} is not on PATH"))
        .because("PLASMA_DEPS=system takes the tools from there")
        .advise(install(tool, locked))
}

fn install(tool: Tool, locked: &LockedTool) -> String {
    let wanted = tool::minor(&locked.version).unwrap_or(&locked.version);
    format!(
        "install {tool} {wanted}.x, or unset PLASMA_DEPS so that plasma downloads {}",
        locked.version
    )
}
