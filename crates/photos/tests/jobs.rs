//! The jobs beside the calls: sweeper, fsck, backfill, backup and restore, on a small and on a large home.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "jobs/backfill.rs"]
mod backfill;
#[path = "jobs/backup.rs"]
mod backup;
#[path = "jobs/cli.rs"]
mod cli;
#[path = "jobs/crashes.rs"]
mod crashes;
#[path = "support/database.rs"]
mod database;
#[path = "jobs/fsck.rs"]
mod fsck;
#[path = "support/object_store.rs"]
#[allow(dead_code, reason = "other stories use the rest")]
mod object_store;
#[path = "jobs/strays.rs"]
mod strays;
#[path = "jobs/sweeper.rs"]
mod sweeper;
#[path = "jobs/world.rs"]
mod world;
