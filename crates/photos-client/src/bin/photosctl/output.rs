//! Tables for people, and an error of wrong usage.

use std::fmt::{self, Display};
use std::io::{self, IsTerminal};

use comfy_table::{ContentArrangement, Table, presets};
use jiff::Timestamp;

/// The arguments do not fit together: exit code 2.
#[derive(Debug)]
pub(crate) struct Usage(pub(crate) String);

impl Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

/// A table without borders; in a terminal its columns fit the width, in a pipe each row is one line.
pub(crate) fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(header);
    if io::stdout().is_terminal() {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    table
}

/// `2026-01-02 03:04`, in UTC.
pub(crate) fn time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M").to_string()
}
