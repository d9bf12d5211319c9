//! What the stories share: the real service on free ports, with a database and a store of its own.
//!
//! A story takes a [`Backend`], so that the same body runs on SQLite with a folder and on PostgreSQL with a bucket.
#![allow(dead_code, unused_imports, reason = "every story uses a part of it")]

pub(crate) mod answer;
pub(crate) mod app;
pub(crate) mod database;
pub(crate) mod proxy;
#[path = "object_store.rs"]
pub(crate) mod store;

pub(crate) use answer::Answer;
pub(crate) use app::{Builder, Login, TestApp};

/// The database and the store of a story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backend {
    /// SQLite and a folder: always there.
    SqliteDisk,
    /// PostgreSQL and a bucket, where the test servers run.
    PostgresS3,
}
