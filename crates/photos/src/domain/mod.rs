//! What is true whatever the database and the transport: ids, actors, who may see and change what, tags, search words.
//! Pure functions; nothing here knows HTTP, SQL or bytes.

pub mod actor;
pub mod change;
pub mod photo;
pub mod policy;
pub mod text;
pub mod time;
pub mod validate;

pub use actor::{Actor, Via};
pub use change::{Action, Change, Edit};
pub use photo::{Edition, PhotoRow};
pub use photos_api::{ImageFormat, Ordering, PhotoId, SessionId, UserId};
pub use policy::Refusal;
pub use text::{normal_tag, search_words, tags};
pub use time::{Timestamp, now_micros};
pub use validate::FieldFault;
