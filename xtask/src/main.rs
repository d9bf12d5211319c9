//! The `plasma` command line tool.

fn main() {}
