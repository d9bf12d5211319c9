//! Photos: inserting, finding, listing, changing, and the trash.

mod change;
mod get;
mod insert;
mod list;
mod tags;
mod trash;

pub use change::{Action, Change, Edit, Mode};
pub use insert::{FinishedObject, NewPhoto};
pub use list::{Direction, ListQuery, OwnerFilter, Page, Position, Visibility};
pub use tags::TagCount;
