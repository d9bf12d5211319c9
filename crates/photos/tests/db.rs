//! The database: the same stories on SQLite and on PostgreSQL.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "db/changes.rs"]
mod changes;
#[path = "support/database.rs"]
mod database;
#[path = "db/lists.rs"]
mod lists;
#[path = "db/objects.rs"]
mod objects;
#[path = "db/sessions.rs"]
mod sessions;
#[path = "db/tools.rs"]
mod tools;
#[path = "db/users.rs"]
mod users;
