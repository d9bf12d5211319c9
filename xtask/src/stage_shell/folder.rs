//! The `.bin` folders on the `PATH` of a stage shell: links to `plasma` itself, to the tools, and the short commands.
//!
//! `<state>/.bin/plasma` is the program that runs now, and `<state>/.bin/kubectl` the locked one in the cache: the link is
//! there before the download is, and is no obstacle until then. `<state>/<cluster>/.bin/ht.deploy` leads to it, and tells it by the
//! name under which it is called what to do ([`super::shortcut`]).

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use anyhow::Context as _;

use crate::{
    context::{Context, private_folder},
    deps,
};

const NAME: &str = ".bin";

/// The folders for `PATH`, whether they exist or not.
pub(crate) fn on_path(context: &Context, clusters: &[String]) -> Vec<PathBuf> {
    let clusters = clusters
        .iter()
        .map(|cluster| context.state.join(cluster).join(NAME));
    clusters
        .chain([context.state.join(NAME), context.cache.join("tools/bin")])
        .collect()
}

/// Whether an entry of `PATH` is one of this workspace's `.bin` folders.
pub(crate) fn is_ours(context: &Context, entry: &Path) -> bool {
    entry.starts_with(&context.state) && entry.ends_with(NAME)
}

/// Makes the folders, with these short commands for each cluster. Any number of shells may do so at once.
///
/// # Errors
/// When the state folder cannot be written.
pub(crate) fn fill(context: &Context, commands: &[(String, BTreeSet<String>)]) -> anyhow::Result<()> {
    let program = std::env::current_exe().context("cannot find the running program")?;
    private_folder(&context.state)?;
    let folder = private_folder(&context.state.join(NAME))?;
    let tools = deps::places(context)
        .into_iter()
        .map(|(tool, place)| (tool.name().to_owned(), place));
    let programs: BTreeMap<String, PathBuf> = tools.chain([("plasma".to_owned(), program)]).collect();
    for (name, program) in &programs {
        link(&folder.join(name), program)?;
    }
    remove_others(&folder, |name| programs.contains_key(name));
    for (cluster, names) in commands {
        private_folder(&context.state.join(cluster))?;
        let folder = private_folder(&context.state.join(cluster).join(NAME))?;
        for name in names {
            link(&folder.join(name), Path::new("../../.bin/plasma"))?;
        }
        remove_others(&folder, |name| names.contains(name));
    }
    Ok(())
}

/// Makes the link, or replaces one that leads elsewhere, so that there is always one.
fn link(link: &Path, target: &Path) -> anyhow::Result<()> {
    if fs::read_link(link).is_ok_and(|present| present == target) {
        return Ok(());
    }
    let mut name = link.as_os_str().to_owned();
    name.push(format!(".{}", std::process::id()));
    let temporary = PathBuf::from(name);
    let made = symlink(target, &temporary).and_then(|()| fs::rename(&temporary, link));
    made.with_context(|| format!("cannot make the link {}", link.display()))
}

/// What an older plasma, or another lock, had. What cannot be removed does no harm.
fn remove_others(folder: &Path, known: impl Fn(&str) -> bool) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name();
        let stays = name
            .to_str()
            .is_some_and(|name| known(name) || in_the_making(name));
        if !stays {
            let _: io::Result<()> = fs::remove_file(entry.path());
        }
    }
}

/// Whether another shell may be just about to rename it: it ends in a process id.
fn in_the_making(name: &str) -> bool {
    let end = name.rsplit('.').next().and_then(|end| end.parse::<u32>().ok());
    end.is_some_and(|pid| crate::native::process::Identity::of(pid).is_some())
}
