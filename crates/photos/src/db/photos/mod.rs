//! Photos: inserting, finding, listing, changing, and the trash.

mod change;
mod get;
mod insert;
mod list;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod plans;
mod restore;
mod rows;
mod tags;
mod terms;
mod trash;
mod walk;

pub use crate::domain::change::{Action, Change, Edit};
pub use change::Mode;
pub use insert::{FinishedObject, NewPhoto};
pub use list::{Direction, ListQuery, OwnerFilter, Page, Position, Visibility};
pub(super) use restore::{restore_photo, restore_photos};
pub use tags::TagCount;
