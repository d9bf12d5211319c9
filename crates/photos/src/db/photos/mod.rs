//! Photos: inserting, finding, listing, changing, and the trash.

mod change;
mod get;
mod insert;
mod list;
mod rows;
mod tags;
mod terms;
mod trash;
mod walk;

pub use crate::domain::change::{Action, Change, Edit};
pub use change::Mode;
pub use insert::{FinishedObject, NewPhoto};
pub use list::{Direction, ListQuery, OwnerFilter, Page, Position, Visibility};
pub use tags::TagCount;
