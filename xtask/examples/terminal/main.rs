//! Shells in a pseudo-terminal, for `bench cli` and for the pictures in doc/: `terminal measure …`, `terminal record …`.

mod measure;
mod pty;
mod record;

use clap::Parser;

/// Measures or records a shell in a terminal.
#[derive(Parser)]
enum Terminal {
    Measure(measure::Measure),
    Record(record::Record),
}

fn main() -> anyhow::Result<()> {
    match Terminal::parse() {
        Terminal::Measure(command) => command.run(),
        Terminal::Record(command) => command.run(),
    }
}
