//! The list of a backup's objects: a line of JSON each, read back from the dump, so that both are of one moment.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::io::AsyncBufReadExt as _;

use super::JobError;
use crate::db::objects::ObjectState;
use crate::store::{Digest, Key};

/// Lines that are read at a time.
const PAGE: usize = 200;

/// What a list amounts to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Live objects.
    pub objects: u64,
    /// Those of them that are originals.
    pub originals: u64,
    /// Bytes of the originals.
    pub original_bytes: u64,
}

/// An object as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) key: Key,
    pub(crate) bytes: u64,
    pub(crate) sha256: Digest,
}

#[derive(Serialize, Deserialize)]
struct Line {
    key: String,
    bytes: u64,
    sha256: String,
}

/// A line of the dump, as far as it matters here. The first and the last are no rows.
#[derive(Deserialize)]
struct Dumped<'a> {
    table: Option<String>,
    #[serde(borrow)]
    row: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct DumpedObject {
    key: String,
    state: String,
    bytes: Option<u64>,
    sha256: Option<String>,
}

/// Writes the list of the live objects in a dump.
pub(super) fn write(dump: &File, mut to: impl Write) -> io::Result<Totals> {
    let mut totals = Totals::default();
    for line in BufReader::new(dump).lines() {
        let line = line?;
        let dumped: Dumped<'_> = serde_json::from_str(&line)?;
        let Some(row) = dumped.row.filter(|_| dumped.table.as_deref() == Some("objects")) else {
            continue;
        };
        let object: DumpedObject = serde_json::from_str(row.get())?;
        if object.state != ObjectState::Live.as_str() {
            continue;
        }
        let key = object.key;
        let (Some(bytes), Some(sha256)) = (object.bytes, object.sha256) else {
            return Err(io::Error::other(format!(
                "the row of {key} has no length or no checksum"
            )));
        };
        let original = Key::parse(&key).map_err(io::Error::other)?.is_original();
        totals.objects += 1;
        totals.originals += u64::from(original);
        totals.original_bytes += if original { bytes } else { 0 };
        serde_json::to_writer(&mut to, &Line { key, bytes, sha256 })?;
        to.write_all(b"\n")?;
    }
    to.flush()?;
    Ok(totals)
}

/// A list being read.
pub(super) struct Entries(tokio::io::Lines<tokio::io::BufReader<tokio::fs::File>>);

/// Opens a list.
pub(super) async fn open(path: &Path) -> Result<Entries, JobError> {
    let opened = tokio::fs::File::open(path).await;
    let file = opened.map_err(|source| JobError::File {
        what: format!("open {}", path.display()),
        source,
    })?;
    Ok(Entries(tokio::io::BufReader::new(file).lines()))
}

impl Entries {
    /// The next entries; `None` at the end.
    pub(super) async fn next_page(&mut self) -> Result<Option<Vec<Entry>>, JobError> {
        let mut page = Vec::new();
        while page.len() < PAGE {
            let next = self.0.next_line().await;
            let next = next.map_err(|source| JobError::File {
                what: "read the list of objects".into(),
                source,
            })?;
            let Some(line) = next else { break };
            page.push(
                read(&line).ok_or_else(|| {
                    JobError::Refused(format!("a line of objects.jsonl is damaged: {line}"))
                })?,
            );
        }
        Ok(Some(page).filter(|page| !page.is_empty()))
    }
}

fn read(line: &str) -> Option<Entry> {
    let Line { key, bytes, sha256 } = serde_json::from_str(line).ok()?;
    Some(Entry {
        key: Key::parse(&key).ok()?,
        bytes,
        sha256: sha256.parse().ok()?,
    })
}
