//! What the disk store does with files, as blocking functions.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use jiff::Timestamp;

use crate::store::key::PREFIX;
use crate::store::{ListPage, Listed, ObjectMeta};

/// The folder of unfinished files, on the same file system as the objects.
pub(super) const TMP: &str = "tmp";

const PAGE: usize = 1000;

/// Where an object's bytes come from.
pub(super) enum Source {
    File(PathBuf),
    Bytes(Bytes),
}

/// Makes a directory with its parents and syncs every directory that got a new entry.
pub(super) fn make_dir(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Some(parent) = parent {
        make_dir(parent)?;
    }
    match fs::create_dir(dir) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    parent.map_or(Ok(()), sync_dir)
}

fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// Writes an object and returns how many bytes it got; if that is not `expected`, nothing is put in its place.
pub(super) fn put(tmp: &Path, path: &Path, source: &Source, expected: u64) -> io::Result<u64> {
    make_dir(tmp)?;
    let mut file = tempfile::Builder::new().prefix("put-").tempfile_in(tmp)?;
    match source {
        Source::File(from) => {
            io::copy(&mut File::open(from)?, file.as_file_mut())?;
        }
        Source::Bytes(bytes) => file.write_all(bytes)?,
    }
    file.as_file().sync_all()?;
    let len = file.as_file().metadata()?.len();
    if len != expected {
        return Ok(len);
    }
    let dir = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    // A delete may remove directories that are empty for a moment, at any point before the file is in its place.
    let mut attempts = 0..16;
    loop {
        let lost = match make_dir(dir) {
            Ok(()) => match file.persist(path) {
                Ok(_) => break,
                Err(refused) => {
                    file = refused.file;
                    refused.error
                }
            },
            Err(error) => error,
        };
        if lost.kind() != io::ErrorKind::NotFound || attempts.next().is_none() {
            return Err(lost);
        }
    }
    sync_dir(dir)?;
    meta(path).map(|meta| meta.len)
}

/// Size and time of a file.
pub(super) fn meta(path: &Path) -> io::Result<ObjectMeta> {
    to_meta(&fs::metadata(path)?)
}

fn to_meta(meta: &fs::Metadata) -> io::Result<ObjectMeta> {
    let modified = Timestamp::try_from(meta.modified()?).map_err(io::Error::other)?;
    Ok(ObjectMeta {
        len: meta.len(),
        modified,
    })
}

/// Deletes an object, and the directories up to its shard that are empty then.
pub(super) fn delete(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut dir = path.parent();
    while let Some(at) = dir.filter(|at| !is_shard(at)) {
        match fs::remove_dir(at) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            // Not empty: the other objects of the photo.
            Err(_) => return sync_dir(at).or_else(unless_gone),
            Ok(()) => {}
        }
        dir = at.parent();
    }
    dir.map_or(Ok(()), |shard| sync_dir(shard).or_else(unless_gone))
}

fn unless_gone(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound {
        Ok(())
    } else {
        Err(error)
    }
}

fn is_shard(dir: &Path) -> bool {
    dir.file_name().is_none_or(|name| name.len() == 2)
}

/// Lists whole shards after the shard `after`, until there are enough objects. What lies in the shard of its photo is listed by its
/// key; all else by its path, which is no key.
pub(super) fn list(top: &Path, after: Option<&str>) -> io::Result<ListPage> {
    let mut shards: Vec<String> = fs::read_dir(top)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .filter(|shard| shard.as_deref().map_or(true, |shard| Some(shard) > after))
        .collect::<io::Result<_>>()?;
    shards.sort_unstable();
    let mut page = ListPage::default();
    let mut shards = shards.into_iter().peekable();
    while let Some(shard) = shards.next() {
        let (at, name) = (top.join(&shard), PREFIX.trim_end_matches('/'));
        match fs::symlink_metadata(&at) {
            Ok(found) if found.is_dir() => {
                let mut inside = Vec::new();
                walk(&at, "", &mut inside)?;
                page.objects.extend(inside.into_iter().map(|found| {
                    let photo = found.key.split('/').nth(1).unwrap_or_default();
                    let shard = if photo.ends_with(&shard) {
                        String::new()
                    } else {
                        format!("/{shard}")
                    };
                    let key = format!("{name}{shard}{}", found.key);
                    Listed { key, ..found }
                }));
            }
            Ok(found) => page.objects.push(Listed {
                key: format!("{name}/{shard}"),
                meta: to_meta(&found)?,
            }),
            Err(error) => unless_gone(error)?,
        }
        if page.objects.len() >= PAGE && shards.peek().is_some() {
            page.next = Some(shard);
            break;
        }
    }
    Ok(page)
}

/// Adds the files below `dir`, whose own name is not part of their keys. What vanishes meanwhile is left out.
fn walk(dir: &Path, prefix: &str, found: &mut Vec<Listed>) -> io::Result<()> {
    let entries = match fs::read_dir(dir) {
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            return Ok(());
        }
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let key = format!("{prefix}/{}", entry.file_name().to_string_lossy());
        match entry.metadata() {
            Ok(meta) if meta.is_dir() => walk(&entry.path(), &key, found)?,
            Ok(meta) => found.push(Listed {
                key,
                meta: to_meta(&meta)?,
            }),
            Err(error) => unless_gone(error)?,
        }
    }
    Ok(())
}

/// Removes the files of `dir` that were last written longer ago than `age`.
pub(super) fn remove_older(dir: &Path, age: Duration) -> io::Result<usize> {
    let mut removed = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let old = match entry.metadata().and_then(|meta| meta.modified()) {
            Ok(modified) => SystemTime::now()
                .duration_since(modified)
                .is_ok_and(|is| is >= age),
            Err(error) => unless_gone(error).map(|()| false)?,
        };
        if old
            && fs::remove_file(entry.path())
                .map(|()| true)
                .or_else(|e| unless_gone(e).map(|()| false))?
        {
            removed += 1;
        }
    }
    Ok(removed)
}
