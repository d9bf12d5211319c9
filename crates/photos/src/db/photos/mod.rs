//! Photos: inserting, finding, listing, changing, and the trash.

mod browse;
mod change;
mod get;
mod insert;
mod list;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod plans;
mod restore;
mod rows;
mod scan;
mod tags;
mod terms;
mod trash;
mod walk;

pub use crate::domain::change::{Action, Change, Edit};
pub use browse::{Browse, BrowsePage, Mark, MarkKey, Shelf, SortBy, Span};
pub use change::Mode;
pub use insert::{FinishedObject, NewPhoto};
pub use list::{Direction, Entry, ListQuery, OwnerFilter, Page, Position, Visibility};
pub(super) use restore::{restore_photo, restore_photos};
pub use tags::TagCount;
