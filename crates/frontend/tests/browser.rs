//! The frontend in a real headless Chromium. Without Chromium a story is skipped, which is said on stderr; where `CI` is
//! `true` it fails.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "support/mod.rs"]
mod support;

#[path = "browser/admin.rs"]
mod admin;
#[path = "browser/axe.rs"]
mod axe;
#[path = "browser/back.rs"]
mod back;
#[path = "browser/care.rs"]
mod care;
#[path = "browser/chromium.rs"]
mod chromium;
#[path = "browser/keyboard.rs"]
mod keyboard;
#[path = "browser/looks.rs"]
mod looks;
#[path = "browser/places.rs"]
mod places;
#[path = "browser/site.rs"]
mod site;
#[path = "browser/story.rs"]
mod story;
#[path = "browser/uploads.rs"]
mod uploads;
#[path = "browser/visit.rs"]
mod visit;
#[path = "browser/walls.rs"]
mod walls;
