//! The admin, as browsers without scripts see it: sessions, lists, changes, users, the system, and words that would be tags.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

#[path = "admin/bulk.rs"]
mod bulk;
#[path = "admin/edits.rs"]
mod edits;
#[path = "admin/history.rs"]
mod history;
#[path = "admin/kit.rs"]
mod kit;
#[path = "admin/lists.rs"]
mod lists;
#[path = "admin/pages.rs"]
mod pages;
#[path = "admin/sessions.rs"]
mod sessions;
#[path = "admin/system.rs"]
mod system;
#[path = "admin/users.rs"]
mod users;
#[path = "admin/users_bulk.rs"]
mod users_bulk;
