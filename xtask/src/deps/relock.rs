//! Makes the lock of a tool: downloads it for every platform and takes down what came.

use std::{collections::BTreeMap, fs, io::Write};

use anyhow::Context as _;
use futures_util::future::join_all;

use super::{
    download::{self, Download, Patience},
    edit, fetch, locate,
    lock::{self, Archive, Lock, LockedTool},
    mirror,
    progress::Board,
    tool::Tool,
};
use crate::{
    context::{Context, block_on},
    outcome::Failure,
};

/// A tool as it would be locked.
pub(crate) struct Relock {
    pub(crate) tool: Tool,
    pub(crate) version: String,
    /// What the lock says now.
    before: LockedTool,
    after: LockedTool,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// The lock says it already: every address gives the locked bytes.
    Same,
    /// The lock has the new version and its sums.
    Written,
}

impl Relock {
    /// The tool in this version; in the locked one if none is given, which then is only checked.
    ///
    /// # Errors
    /// Exit code 2 when the lock or the version is wrong.
    pub(crate) fn new(context: &Context, tool: Tool, version: Option<&str>) -> anyhow::Result<Self> {
        let lock = Lock::load(&context.root)?;
        let before = locate::locked(&lock, tool)?.clone();
        let version = version.map_or(before.version.as_str(), |version| version.trim_start_matches('v'));
        if super::tool::first_version(version).as_deref() != Some(version) {
            return Err(Failure::usage(format!("`{version}` is no version of {tool}"))
                .because("a version has three numbers: 1.34.5")
                .into());
        }
        let mut after = before.clone();
        version.clone_into(&mut after.version);
        Ok(Self {
            tool,
            version: version.to_owned(),
            before,
            after,
        })
    }

    /// A line for each download.
    ///
    /// # Errors
    /// Exit code 2 when the mirror or an address is wrong.
    pub(crate) fn plan(&self, context: &Context) -> anyhow::Result<Vec<String>> {
        let platforms = self.before.sha256.keys();
        platforms
            .map(|platform| {
                let url = mirror::rewrite(context, &self.after.fill(&self.after.url, platform))?;
                Ok(format!(
                    "take down the SHA-256 of {} for {platform}",
                    download::shown(&url)
                ))
            })
            .collect()
    }

    /// Downloads all platforms, and writes the lock if something is new.
    ///
    /// # Errors
    /// 1 when a download fails, or the lock cannot be edited; 3 when the locked version has other bytes than before: a
    /// release never changes.
    pub(crate) fn run(mut self, context: &Context) -> anyhow::Result<Change> {
        self.after.sha256 = self.download(context)?;
        if self.before.version == self.after.version {
            return self.compare();
        }
        let path = lock::path(&context.root);
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let sums = &self.after.sha256;
        let edited = edit::relock(&text, self.tool.name(), &self.version, sums).map_err(|why| {
            let lines: Vec<String> = sums
                .iter()
                .map(|(platform, sum)| format!("{platform}: {sum}"))
                .collect();
            Failure::failed(format!("{} cannot be edited", path.display()))
                .because(why)
                .advise(format!(
                    "write it by hand: version: {}\n{}",
                    self.version,
                    lines.join("\n")
                ))
        })?;
        let write = || -> anyhow::Result<()> {
            let mut file = tempfile::NamedTempFile::new_in(path.parent().context("no folder")?)?;
            file.write_all(edited.as_bytes())?;
            file.as_file()
                .set_permissions(fs::metadata(&path)?.permissions())?;
            file.persist(&path)?;
            Ok(())
        };
        write().with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Change::Written)
    }

    fn compare(&self) -> anyhow::Result<Change> {
        let other: Vec<String> = self
            .before
            .sha256
            .iter()
            .filter(|(platform, sum)| self.after.sha256.get(*platform) != Some(sum))
            .map(|(platform, sum)| {
                let found = self.after.sha256.get(platform).map_or("nothing", String::as_str);
                format!("{platform}: {found}, locked is {sum}")
            })
            .collect();
        if other.is_empty() {
            return Ok(Change::Same);
        }
        Err(Failure::refused(format!("{} {} is not what it was", self.tool, self.version))
            .because(other.join("\n"))
            .advise("a release never changes: find out who sends other bytes (a proxy, a mirror, the release itself)")
            .into())
    }

    fn download(&self, context: &Context) -> anyhow::Result<BTreeMap<String, String>> {
        let parent = context.cache.join("deps");
        fs::create_dir_all(&parent).with_context(|| format!("cannot write {}", parent.display()))?;
        let folder = tempfile::tempdir_in(&parent).context("cannot make a temporary folder")?;
        let board = Board::new();
        block_on(async {
            let client = download::client(Patience::default())?;
            let (client, board, folder) = (&client, &board, folder.path());
            let all = join_all(self.before.sha256.keys().map(|platform| async move {
                let title = format!("{} {} for {platform}", self.tool, self.version);
                let work = self.one(context, client, board, folder, platform);
                (title, work.await.map(|sum| (platform.clone(), sum)))
            }));
            tokio::select! {
                results = all => Ok(fetch::conclude(results)?.into_iter().collect()),
                _ = tokio::signal::ctrl_c() => Err(fetch::interrupted().into()),
            }
        })
    }

    async fn one(
        &self,
        context: &Context,
        client: &reqwest::Client,
        board: &Board,
        folder: &std::path::Path,
        platform: &str,
    ) -> anyhow::Result<String> {
        let url = mirror::rewrite(context, &self.after.fill(&self.after.url, platform))?;
        let title = format!("{} {} for {platform}", self.tool, self.version);
        let progress = board.add(&title, url.host_str().unwrap_or_default());
        let download = Download {
            url,
            sha256: None,
            part: folder.join(platform.replace('/', "-")),
        };
        let sum = download.run(client, Patience::default(), &progress).await;
        match &sum {
            Ok(sum) => progress.done(sum),
            Err(_) => progress.abandon(),
        }
        let sum = sum?;
        if self.after.archive == Archive::TarGz {
            let inside = self
                .after
                .fill(self.after.path.as_deref().unwrap_or_default(), platform);
            super::cache::unpack(self.tool, &inside, &download.part, &folder.join("unpacked"))?;
        }
        Ok(sum)
    }
}
