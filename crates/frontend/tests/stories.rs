//! The frontend before the real photos service, as browsers without scripts see it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "support/mod.rs"]
mod support;

#[path = "stories/account.rs"]
mod account;
#[path = "stories/forms.rs"]
mod forms;
#[path = "stories/pages.rs"]
mod pages;
#[path = "stories/pictures.rs"]
mod pictures;
#[path = "stories/sessions.rs"]
mod sessions;
#[path = "stories/trouble.rs"]
mod trouble;
#[path = "stories/undo.rs"]
mod undo;
#[path = "stories/words.rs"]
mod words;
