//! The database: the same stories on SQLite and on PostgreSQL.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "db/backup.rs"]
mod backup;
#[path = "db/changes.rs"]
mod changes;
#[path = "db/concurrency.rs"]
mod concurrency;
#[path = "support/database.rs"]
mod database;
#[path = "db/lists.rs"]
mod lists;
#[path = "db/objects.rs"]
mod objects;
#[path = "db/parity.rs"]
mod parity;
#[path = "db/schema.rs"]
mod schema;
#[path = "db/sessions.rs"]
mod sessions;
#[path = "db/tools.rs"]
mod tools;
#[path = "db/users.rs"]
mod users;
