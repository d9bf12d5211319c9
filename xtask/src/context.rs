//! Where a command works: the workspace, the state and cache folders, and the environment it was called with.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

use anyhow::Context as _;

use crate::outcome::Failure;

/// Where plasma finds its workspace when the current folder is in none: a stage shell says it here.
pub(crate) const ROOT_VARIABLE: &str = "PLASMA_ROOT";

/// Everything a command may know of its surroundings. Commands read this and never the process environment.
pub(crate) struct Context {
    /// The folder of the workspace's `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Where plasma keeps secrets, data and logs of the stages: `.plasma`, or `PLASMA_STATE_DIR`.
    pub(crate) state: PathBuf,
    /// Where downloads and built tools stay between runs: `PLASMA_CACHE_DIR`, else the user's cache folder.
    pub(crate) cache: PathBuf,
    /// The process environment, as it was at the start. Variables of others that are not UTF-8 are left out.
    pub(crate) vars: BTreeMap<String, String>,
}

impl Context {
    /// Finds the workspace around the current folder, else the one of the stage shell.
    ///
    /// # Errors
    /// Exit code 2 when there is neither, or when a variable of an app is not UTF-8.
    pub(crate) fn discover() -> anyhow::Result<Self> {
        let vars = config::process_environment(std::env::vars_os()).map_err(|faults| {
            Failure::usage("the process environment is wrong")
                .because(faults.to_string())
                .advise("set the variable anew, or unset it")
        })?;
        let of_the_shell = vars
            .get(ROOT_VARIABLE)
            .map(PathBuf::from)
            .filter(|root| is_workspace(root));
        match (std::env::current_dir(), of_the_shell) {
            (Ok(here), Some(root)) if !here.ancestors().any(is_workspace) => Ok(Self::at(&root, &here, vars)),
            (Ok(here), _) => Self::from_parts(&here, vars),
            (Err(_), Some(root)) => Ok(Self::at(&root, &root, vars)),
            (Err(error), None) => Err(error).context("cannot read the current folder"),
        }
    }

    /// The workspace in this folder, wherever the current folder is.
    pub(crate) fn of_workspace(root: &Path) -> Self {
        Self::at(root, root, process_vars())
    }

    fn from_parts(here: &Path, vars: BTreeMap<String, String>) -> anyhow::Result<Self> {
        let root = here
            .ancestors()
            .find(|folder| is_workspace(folder))
            .ok_or_else(|| {
                Failure::usage(format!("{} is not inside a plasma workspace", here.display()))
                    .because("neither it nor a folder above it has both a Cargo.toml and an xtask/Cargo.toml")
                    .advise("change into your clone of plasma and try again")
            })?;
        Ok(Self::at(root, here, vars))
    }

    /// `here` is the folder that the variables with folders may be relative to.
    fn at(root: &Path, here: &Path, vars: BTreeMap<String, String>) -> Self {
        let folder = |name: &str| {
            vars.get(name)
                .filter(|value| !value.is_empty())
                .map(|value| here.join(value))
        };
        let state = folder("PLASMA_STATE_DIR").unwrap_or_else(|| root.join(".plasma"));
        let cache = folder("PLASMA_CACHE_DIR")
            .or_else(|| folder("XDG_CACHE_HOME").map(|cache| cache.join("plasma")))
            .or_else(|| folder("HOME").map(|home| home.join(".cache/plasma")))
            .unwrap_or_else(|| state.join("cache"));
        Self {
            root: root.to_owned(),
            state,
            cache,
            vars,
        }
    }

    /// The same, whose `PATH` ends with the programs that `.ci/install` has built or fetched for the tests.
    pub(crate) fn with_built_tools(&self) -> Self {
        let mut vars = self.vars.clone();
        let path = vars.entry("PATH".to_owned()).or_default();
        // An empty name would be the current folder.
        let named = std::env::split_paths(path).filter(|folder| !folder.as_os_str().is_empty());
        let folders = named.chain([self.cache.join("tools/bin")]);
        // A folder with a colon in its name cannot be in a PATH.
        if let Some(joined) = std::env::join_paths(folders)
            .ok()
            .and_then(|path| path.into_string().ok())
        {
            *path = joined;
        }
        self.with_vars(vars)
    }

    /// The same in another process environment.
    pub(crate) fn with_vars(&self, vars: BTreeMap<String, String>) -> Self {
        Self {
            root: self.root.clone(),
            state: self.state.clone(),
            cache: self.cache.clone(),
            vars,
        }
    }

    /// The folder of one stage of one cluster, made with mode 0700 if it is not there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn stage_folder(&self, cluster: &str, stage: &str) -> anyhow::Result<PathBuf> {
        private_folder(&self.state)?;
        private_folder(&self.state.join(cluster))?;
        private_folder(&self.state.join(cluster).join(stage))
    }

    /// Whether the variable is set to something that means yes (`CI=true`, `CI=1`).
    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.vars
            .get(name)
            .is_some_and(|value| !matches!(value.as_str(), "" | "0" | "false"))
    }
}

/// Runs a command's asynchronous part on this thread.
///
/// # Errors
/// Those of the command, or when the system gives no event queue.
pub(crate) fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime
        .context("cannot start the asynchronous runtime")?
        .block_on(work)
}

/// Makes the folder (and its parents) readable by its owner alone.
pub(crate) fn private_folder(path: &Path) -> anyhow::Result<PathBuf> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(0o700)))
        .with_context(|| format!("cannot make the folder {}", path.display()))?;
    Ok(path.to_owned())
}

fn process_vars() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

fn is_workspace(folder: &Path) -> bool {
    folder.join("Cargo.toml").is_file() && folder.join("xtask/Cargo.toml").is_file()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn workspace() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("xtask")).unwrap();
        fs::write(folder.path().join("xtask/Cargo.toml"), "").unwrap();
        fs::create_dir_all(folder.path().join("crates/deep")).unwrap();
        fs::write(folder.path().join("Cargo.toml"), "").unwrap();
        folder
    }

    #[test]
    fn the_root_is_found_from_a_folder_inside() {
        let folder = workspace();
        let context = Context::from_parts(&folder.path().join("crates/deep"), BTreeMap::new()).unwrap();
        assert_eq!(context.root, folder.path());
        assert_eq!(context.state, folder.path().join(".plasma"));
    }

    #[test]
    fn outside_of_a_workspace_is_a_usage_error() {
        let folder = tempfile::tempdir().unwrap();
        let error = Context::from_parts(folder.path(), BTreeMap::new()).err().unwrap();
        assert!(
            error.to_string().contains("not inside a plasma workspace"),
            "{error}"
        );
    }

    #[test]
    fn the_stage_folder_is_private_even_if_it_was_not() {
        let folder = workspace();
        let vars = BTreeMap::from([("PLASMA_STATE_DIR".to_owned(), "state".to_owned())]);
        let context = Context::from_parts(folder.path(), vars).unwrap();
        fs::create_dir_all(folder.path().join("state/hmlet/local")).unwrap();
        let stage = context.stage_folder("hmlet", "local").unwrap();
        assert_eq!(stage, folder.path().join("state/hmlet/local"));
        for part in ["state", "state/hmlet", "state/hmlet/local"] {
            let mode = fs::metadata(folder.path().join(part))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o700, "{part}");
        }
    }
}
