//! Stories of photos: uploads, changes, lists, batches, pictures, and what is left behind when something fails.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

#[path = "photos/bad_uploads.rs"]
mod bad_uploads;
#[path = "photos/batches.rs"]
mod batches;
#[path = "photos/changes.rs"]
mod changes;
#[path = "photos/faults.rs"]
mod faults;
#[path = "photos/images.rs"]
mod images;
#[path = "photos/kit.rs"]
mod kit;
#[path = "photos/lists.rs"]
mod lists;
#[path = "photos/pictures.rs"]
mod pictures;
#[path = "photos/refusals.rs"]
mod refusals;
#[path = "photos/repetitions.rs"]
mod repetitions;
#[path = "photos/uploads.rs"]
mod uploads;
