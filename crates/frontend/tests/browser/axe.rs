//! axe-core, as a file: fetched once through npm into the user's cache, never part of the project.

use std::path::PathBuf;
use std::process::Command;

const VERSION: &str = "4.14.1";

/// The text of `axe.min.js`; none, visibly, where it can be had neither from the cache nor from npm.
pub(crate) fn source() -> Option<String> {
    let folder = cache().join("plasma").join(format!("axe-core-{VERSION}"));
    let file = folder.join("package/axe.min.js");
    if !file.is_file()
        && let Err(reason) = fetch(&folder)
    {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "no axe-core: {reason}"
        );
        eprintln!("SKIPPED: no axe-core: {reason}");
        return None;
    }
    Some(std::fs::read_to_string(file).unwrap())
}

fn cache() -> PathBuf {
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from);
    folder("PLASMA_CACHE_DIR")
        .or_else(|| folder("XDG_CACHE_HOME"))
        .or_else(|| folder("HOME").map(|home| home.join(".cache")))
        .unwrap_or_else(std::env::temp_dir)
}

fn fetch(folder: &std::path::Path) -> Result<(), String> {
    // Under another name until it is whole: two tests may fetch at once.
    let parent = folder.parent().ok_or("the cache has no folder")?;
    std::fs::create_dir_all(parent).map_err(|error| error.to_string())?;
    let fresh = tempfile::TempDir::new_in(parent).map_err(|error| error.to_string())?;
    let run = |command: &mut Command| match command.current_dir(fresh.path()).output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        Err(error) => Err(error.to_string()),
    };
    run(Command::new("npm").args(["pack", "--silent", &format!("axe-core@{VERSION}")]))?;
    run(Command::new("tar").args(["xzf", &format!("axe-core-{VERSION}.tgz")]))?;
    match std::fs::rename(fresh.path(), folder) {
        Err(error) if !folder.join("package/axe.min.js").is_file() => Err(error.to_string()),
        _ => Ok(()),
    }
}
