//! Brings tools into the cache, all at once.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use super::{
    cache::Slot,
    download::{self, Download, Error, Patience},
    locate::{Program, Source},
    lock::LockedTool,
    mirror,
    progress::Board,
    tool::Tool,
};
use crate::{
    context::{Context, block_on},
    native::process::find_program,
    outcome::Failure,
};

/// One tool to bring here.
pub(crate) struct Want {
    pub(crate) tool: Tool,
    pub(crate) version: String,
    pub(crate) slot: Slot,
}

impl Want {
    /// The locked tool for this machine.
    ///
    /// # Errors
    /// Exit code 1 when the lock has no sum for this platform.
    pub(crate) fn of(context: &Context, tool: Tool, locked: &LockedTool) -> anyhow::Result<Self> {
        Ok(Self {
            tool,
            version: locked.version.clone(),
            slot: Slot::of(context, tool, locked)?,
        })
    }

    /// `kind 0.31.0`.
    pub(crate) fn title(&self) -> String {
        format!("{} {}", self.tool, self.version)
    }

    /// Where it would be fetched from, without a password.
    ///
    /// # Errors
    /// Exit code 2 when the mirror or the lock's address is wrong.
    pub(crate) fn from(&self, context: &Context) -> anyhow::Result<String> {
        Ok(download::shown(&mirror::rewrite(context, &self.slot.url)?))
    }

    pub(crate) fn program(&self) -> Program {
        Program {
            path: self.slot.program(),
            version: self.version.clone(),
        }
    }
}

/// Fetches what is wanted, in parallel. What has come by then stays when one fails.
///
/// # Errors
/// 1 with every tool that has not come; 130 after Ctrl-C.
pub(super) fn fetch(context: &Context, source: Source, wants: &[Want]) -> anyhow::Result<()> {
    if wants.is_empty() {
        return Ok(());
    }
    if source == Source::Offline {
        return Err(offline(wants).into());
    }
    let board = Board::new();
    block_on(async {
        let client = download::client(Patience::default())?;
        let all = join_all(wants.iter().map(|want| one(context, &client, &board, want)));
        tokio::select! {
            results = all => conclude(wants.iter().map(Want::title).zip(results)).map(drop),
            _ = tokio::signal::ctrl_c() => Err(interrupted().into()),
        }
    })
}

/// One tool: from this machine if it is the locked one, else from its address.
async fn one(context: &Context, client: &reqwest::Client, board: &Board, want: &Want) -> anyhow::Result<()> {
    let url = mirror::rewrite(context, &want.slot.url)?;
    let right = want.slot.take().await?;
    if want.slot.program().is_file() {
        return Ok(());
    }
    let path = context.vars.get("PATH").map_or("", String::as_str);
    if let Some(candidate) = find_program(want.tool.name(), path)
        && want.slot.adopt(&right, &candidate)?
    {
        let from = candidate.display();
        eprintln!("{}: taken from {from}, which is the locked one", want.title());
        return Ok(());
    }
    let progress = board.add(&want.title(), url.host_str().unwrap_or_default());
    let download = Download {
        url,
        sha256: Some(want.slot.sha256.clone()),
        part: want.slot.part(),
    };
    let result = match download.run(client, Patience::default(), &progress).await {
        Ok(_) => want.slot.install(&right),
        Err(error) => Err(error.into()),
    };
    match &result {
        Ok(()) => progress.done(&format!("is at {}", want.slot.program().display())),
        Err(_) => progress.abandon(),
    }
    result
}

/// Ctrl-C while something comes.
pub(super) fn interrupted() -> Failure {
    Failure::interrupted("the downloads are not complete")
        .because("Ctrl-C")
        .advise("run the same command again: it goes on where this one ended")
}

/// What came, or one error for all that did not, each with its title.
pub(super) fn conclude<T>(
    results: impl IntoIterator<Item = (String, anyhow::Result<T>)>,
) -> anyhow::Result<Vec<T>> {
    let (mut come, mut names, mut missing) = (Vec::new(), Vec::new(), Vec::new());
    for (title, result) in results {
        match result {
            Ok(file) => come.push(file),
            Err(error) => {
                names.push(title);
                // What is not the network's fault is said as it is.
                missing.push(error.downcast::<Error>()?);
            }
        }
    }
    if missing.is_empty() {
        return Ok(come);
    }
    let because: Vec<String> = missing.iter().map(Error::to_string).collect();
    let advice: BTreeSet<&str> = missing.iter().map(Error::advice).collect();
    Err(Failure::failed(format!("{} cannot be downloaded", list(&names)))
        .because(because.join("\n"))
        .advise(Vec::from_iter(advice).join("\n"))
        .into())
}

fn offline(wants: &[Want]) -> Failure {
    let names: Vec<String> = wants.iter().map(Want::title).collect();
    let places: Vec<String> = wants
        .iter()
        .map(|want| format!("{} is not there", want.slot.program().display()))
        .collect();
    let verb = if names.len() == 1 { "is" } else { "are" };
    Failure::failed(format!("{} {verb} not in the cache", list(&names)))
        .because(format!("PLASMA_DEPS=offline downloads nothing\n{}", places.join("\n")))
        .advise("run `cargo xtask deps fetch` once with a network and the same PLASMA_CACHE_DIR, or install the tools and set PLASMA_DEPS=system")
}

/// `kubectl 1.34.5, helm 4.1.4 and kind 0.31.0`.
fn list(names: &[String]) -> String {
    match names {
        [before @ .., last] if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        _ => names.concat(),
    }
}
